"""Votes from reactions, through every outage; duels of two pictures; lists of the best."""
