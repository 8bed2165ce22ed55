"""Which words a model knows: its tags file, and what the bot makes of it. Torch-free.

`files` reads a `TagBook`, `glossary` looks words up in it; prompts are completed while they are
typed (`completing`), read for what is unknown (`grasping`), and filled where they leave something
open (`filling`). Nothing but `files` does I/O; nothing here knows Discord or policy.
"""
