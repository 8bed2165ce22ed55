"""A local Discord to try and test the bot on: REST, gateway, CDN, a chat page and bad weather.

The semantics come from the `simcord` package, which only the files in `world/` know; transport,
faults and persistence are ours. Knows nothing of the bot's own rooms.
"""
