"""Reactions become votes, through every outage; duels of two pictures; the lists of the best."""
