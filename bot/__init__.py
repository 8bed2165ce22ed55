"""The bot's domain, database and event loop.

No torch here; `discord` only in `client.py`.
"""
