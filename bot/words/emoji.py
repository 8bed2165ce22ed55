"""When two emoji are the same reaction, and when they mean the same vote. Pure.

An emoji is written as the domain does: "👍", or "name:id" for a custom one. Discord stacks 👍 and
👍🏽 apart, so they are two reactions; both are a thumb up, so they mean one vote. A custom emoji is
its id: a server may rename it.
"""

from __future__ import annotations

import unicodedata
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


_JOINER, _KEYCAP = "\u200d", "\u20e3"
_FLAG_LETTERS = {chr(code) for code in range(0x1F1E6, 0x1F200)}
_TAGS = {chr(code) for code in range(0xE0020, 0xE0080)}
#: Emoji that Unicode files under other categories than "other symbol".
_ODD_EMOJI = set("\u203c\u2049\u2139\u2194\u3030\u25fd\u25fe\u303d")


def is_one_emoji(text: str) -> bool:
    """One ordinary emoji as Discord counts it: joined, toned, flags and keycaps included.

    Only the form decides: a sign that Unicode may yet make an emoji passes.
    """
    if text.endswith(_KEYCAP):
        return text.translate(_PRESENTATION)[:-1] in set("0123456789#*")
    if len(text) == 2 and set(text) <= _FLAG_LETTERS:
        return True
    bare = text.translate(_PRESENTATION)
    toned = bare.translate(_SKIN_TONES) or bare
    parts = ["".join(c for c in part if c not in _TAGS) for part in toned.split(_JOINER)]
    return all(
        len(p) == 1
        and p not in _FLAG_LETTERS
        and (unicodedata.category(p) == "So" or ord(p) in _SKIN_TONES or p in _ODD_EMOJI)
        for p in parts
    )


@lru_cache(maxsize=1024)
def meaning(emoji: str) -> str:
    """Equal for emoji that mean the same vote: the reaction in whatever skin tone."""
    key = reaction_key(emoji)
    # A tone that stands alone is an emoji by itself.
    return key.translate(_SKIN_TONES) or key
