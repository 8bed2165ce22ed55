"""Turns reactions into votes, through every outage; duels of two pictures; lists of the best."""
