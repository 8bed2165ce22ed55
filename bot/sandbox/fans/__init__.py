"""Members who act by themselves: they vote by a taste that the bot is not told, and ask for more.

Everything goes the way that a person's doing goes: reactions, presses and commands of the pretended
Discord. Knows of the bot only what its messages show.
"""
