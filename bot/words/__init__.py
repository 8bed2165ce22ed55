"""Everything the bot says, and how emoji read."""
