"""Parses what a member typed, before any decision: options, and other bots' habits.

The cogs that take requests use it; `bot/policy/asks.py` turns the result into an ask. Pure.
"""
