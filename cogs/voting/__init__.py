"""Reactions become votes, through every outage; `/votes top`."""
