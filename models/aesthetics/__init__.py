"""Scores a folder of pictures: the scorer, its heads and towers, and its command."""
