"""The commands of moderators, and what members may know: `/policy`, `/privacy`, `/licence`."""
