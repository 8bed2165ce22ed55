"""Simulated members, who vote by a taste that the bot does not know, and ask for more pictures.

They act as people do: through reactions, presses and commands of the local Discord. They know about
the bot only what its messages show.
"""
