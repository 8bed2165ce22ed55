"""The domain, the database and the loop of the bot.

No torch here; `discord` only in `client.py`.
"""
