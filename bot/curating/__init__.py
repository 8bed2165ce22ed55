"""Selects the votes that a model may learn from, and makes the keys that stand for people.

`select` in `selecting` is the entry point; `bot/exporting.py` reads its input and writes its
selection. Pure: no file, no clock, no database.
"""
