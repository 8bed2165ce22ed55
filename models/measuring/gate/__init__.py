"""The gate: decides whether a model that learned from votes may replace its parent.

Both draw the same prompts from the same seeds, and every figure compares the two. The first model
of the line draws them too, because small steps add up. `examine` measures, `floors` says what must
hold, `command` writes the verdict on the card. It must not know how the candidate was trained, nor
Discord.
"""
