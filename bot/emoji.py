"""When two emoji are the same reaction, and when they mean the same vote. Pure.

An emoji is written as the domain does: "👍", or "name:id" for a custom one. Discord stacks 👍 and
👍🏽 apart, so they are two reactions; both are a thumb up, so they mean one vote. A custom emoji is
its id: a server may rename it.
"""

from __future__ import annotations

from functools import lru_cache

#: Text and picture presentation: clients disagree on whether they send it.
_PRESENTATION = {0xFE0E: None, 0xFE0F: None}
#: The five Fitzpatrick modifiers.
_SKIN_TONES = dict.fromkeys(range(0x1F3FB, 0x1F400))


@lru_cache(maxsize=1024)
def reaction_key(emoji: str) -> str:
    """Equal for emoji that Discord counts as one reaction under a message."""
    _, colon, emoji_id = emoji.rpartition(":")
    return colon + emoji_id if colon else emoji.translate(_PRESENTATION)


@lru_cache(maxsize=1024)
def meaning(emoji: str) -> str:
    """Equal for emoji that mean the same vote: the reaction in whatever skin tone."""
    key = reaction_key(emoji)
    # A tone that stands alone is an emoji by itself.
    return key.translate(_SKIN_TONES) or key
