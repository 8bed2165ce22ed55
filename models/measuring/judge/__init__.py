"""The classifier that reads attributes from portraits, and its heads."""
