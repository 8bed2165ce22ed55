"""The gate: decides whether a model that learned from votes may replace its parent.

Both draw the same prompts from the same seeds, and every figure is about the difference. `examine`
measures, `floors` sets the limits, `command` writes the verdict on the card. Must not know how the
candidate was trained, nor Discord.
"""
