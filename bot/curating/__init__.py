"""What of the votes a model may learn from: selecting, and the keys that stand for people.

`select` in `selecting` is the door; `bot/exporting.py` reads for it and writes what it chose. Pure:
no file, no clock, no database.
"""
