"""A model's vocabulary: its tags file, and what the bot does with it. Torch-free.

`files` reads a `TagBook`, `glossary` looks words up in it; prompts are completed while typed
(`completing`), checked for unknown words (`analysing`), and filled in where they leave something
open (`filling`). Only `files` does I/O; nothing here knows Discord or policy.
"""
