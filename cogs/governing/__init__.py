"""What moderators decide and members may know: `/policy`, `/privacy`, `/licence`."""
