"""What members read while they look through a model's words: groups, one group, one tag, surprises.

Called by `exploring` and `surprising` in `cogs/asking/`. Pure text, in Discord's markdown.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.speaking import Message, number, say, tally
from bot.words.wording import CONTENT_CHARS_MAX, code, fit, fitting, plain
from models.catalogue.tags.book import KnownTag

#: Words that stand for a group where all groups are listed.
_EXAMPLES = 4
NO_WORDS = Message(
    "This model brings no list of its words, so I can't tell which it knows. Danbooru tags are a"
    " good guess: `1girl, blue hair, glasses, smile`."
)
NOTHING_FITS = Message("Nothing that I came up with is allowed here. Ask with `/waifu` instead.")
CHANGED = Message("The model's words have changed since. How about this one?")
SURPRISE = Message("How about this?")
OPEN_GROUP, LOOK_AT_ONE = Message("Open a group"), Message("Look at one")
GONE = Message("The model doesn't have that word any more. Look again with `/tags`.")


def words(count: int) -> str:
    """How many words a group has."""
    return tally("{count} word", "{count} words", count)


def overview(name: str, total: int, groups: Sequence[tuple[str, Sequence[str]]]) -> str:
    """All groups, each with a few of its tags."""
    head = say(
        "**{name}** knows {total} words. Open a group, or use `/tags search:`",
        name=plain(name),
        total=number(total),
    )
    lines = [
        f"**{plain(group)}**: {', '.join(plain(tag) for tag in tags[:_EXAMPLES])}"
        + (" …" if len(tags) > _EXAMPLES else "")
        for group, tags in groups
    ]
    return f"{head}\n{fitting(lines, CONTENT_CHARS_MAX - len(head) - 1)}"


def listed(title: str, tags: Sequence[tuple[str, float]], *, first: int, total: int) -> str:
    """Some tags with how often the training had them, from number `first` of `total`."""
    if not tags:
        return f"**{plain(title)}**\n{say('Nothing fits.')}"
    lines = [f"{plain(tag)} · {number(round(count))}" for tag, count in tags]
    head = say(
        "**{title}** ({first} to {last} of {total}; the number is how many of its captions had it)",
        title=plain(title),
        first=number(first + 1),
        last=number(first + len(tags)),
        total=number(total),
    )
    return f"{head}\n{fitting(lines, CONTENT_CHARS_MAX - len(head) - 1)}"


def one(text: str, tag: KnownTag) -> str:
    """All that is known of a tag."""
    lines = [
        f"**{plain(text)}**",
        say("In {count} captions of its training.", count=number(round(tag.count))),
    ]
    if tag.group:
        lines.append(say("Group: {name}", name=plain(tag.group)))
    if tag.synonyms:
        lines.append(say("The model also knows it as: {tags}", tags=_joined(tag.synonyms)))
    if tag.aliases:
        lines.append(say("You can also type: {tags}", tags=_joined(tag.aliases)))
    if tag.closes:
        lines.append(say("Where it is, you don't see: {tags}", tags=_joined(tag.closes)))
    return fit("\n".join(lines))


def surprise(prompt: str, head: Message = SURPRISE) -> str:
    """A prompt by lot, to copy or to draw."""
    return f"{head()}\n{code(prompt)}"


def _joined(words: Sequence[str]) -> str:
    return ", ".join(plain(word, 60) for word in words)
