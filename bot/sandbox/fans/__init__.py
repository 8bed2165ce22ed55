"""Simulated members: they vote by a taste that the bot is not told, and ask for more pictures.

They act as people do: through reactions, presses and commands of the local Discord. They know about
the bot only what its messages show.
"""
