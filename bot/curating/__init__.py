"""Selects which votes a model may learn from, and makes the keys that stand for people.

`select` in `selecting` is the entry point; `bot/exporting.py` reads for it and writes its choice.
Pure: no file, no clock, no database.
"""
