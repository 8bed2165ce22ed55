"""What a member typed, before anything of it is decided: options, and habits from elsewhere.

The cogs that take requests read with it; `bot/policy/asks.py` makes an ask of what was read. Pure.
"""
