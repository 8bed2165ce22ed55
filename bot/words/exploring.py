"""What members read while they look through a model's words: groups, one group, one tag, surprises.

Called by `exploring` and `surprising` in `cogs/asking/`. Pure text, in Discord's markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.wording import CONTENT_CHARS_MAX, code, fit, fitting, plain
from models.catalogue.tags.book import KnownTag

#: Words that stand for a group where all groups are listed.
_EXAMPLES = 4
NO_WORDS = (
    "This model brings no list of its words, so I can't tell which it knows. Danbooru tags are a"
    " good guess: `1girl, blue hair, glasses, smile`."
)
NOTHING_FITS = "This place takes none of what I came up with. Ask with `/waifu` instead."
CHANGED = "The model's words have changed since. How about this one?"
SURPRISE = "How about this?"
GONE = "The model doesn't have that word any more. Look again with `/tags`."


def overview(name: str, total: int, groups: Sequence[tuple[str, Sequence[str]]]) -> str:
    """All groups, each with a few of its tags."""
    head = f"**{plain(name)}** knows {total:,} words. Open a group, or use `/tags search:`"
    lines = [
        f"**{plain(group)}**: {', '.join(plain(tag) for tag in tags[:_EXAMPLES])}"
        + (" …" if len(tags) > _EXAMPLES else "")
        for group, tags in groups
    ]
    return f"{head}\n{fitting(lines, CONTENT_CHARS_MAX - len(head) - 1)}"


def listed(title: str, tags: Sequence[tuple[str, float]], *, first: int, total: int) -> str:
    """Some tags with how often the training had them, from number `first` of `total`."""
    if not tags:
        return f"**{plain(title)}**\nNothing fits."
    shown = f"{first + 1} to {first + len(tags)} of {total:,}"
    lines = [f"{plain(tag)} · {count:,.0f}" for tag, count in tags]
    head = f"**{plain(title)}** ({shown}; the number is how many of its captions had it)"
    return f"{head}\n{fitting(lines, CONTENT_CHARS_MAX - len(head) - 1)}"


def one(text: str, tag: KnownTag) -> str:
    """All that is known of a tag."""
    lines = [f"**{plain(text)}**", f"In {tag.count:,.0f} captions of its training."]
    if tag.group:
        lines.append(f"Group: {plain(tag.group)}")
    if tag.synonyms:
        lines.append(f"The model also knows it as: {_joined(tag.synonyms)}")
    if tag.aliases:
        lines.append(f"You can also type: {_joined(tag.aliases)}")
    if tag.closes:
        lines.append(f"Where it is, you don't see: {_joined(tag.closes)}")
    return fit("\n".join(lines))


def surprise(prompt: str, head: str = SURPRISE) -> str:
    """A prompt by lot, to copy or to draw."""
    return f"{head}\n{code(prompt)}"


def _joined(words: Sequence[str]) -> str:
    return ", ".join(plain(word, 60) for word in words)
