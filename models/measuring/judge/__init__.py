"""The classifier that reads attributes off portraits, and what it asks."""
