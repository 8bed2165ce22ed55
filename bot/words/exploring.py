"""What members read while they look through a model's words: groups, one group, one tag, surprises.

Called by `exploring` and `surprising` in `cogs/asking/`. Pure text, in Discord's markdown.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.words.speaking import Message, aside, enumerated, labelled, number, say, tally
from bot.words.wording import CONTENT_CHARS_MAX, code, fit, fitting, plain, short
from models.catalogue.tags.book import KnownTag

#: Words that stand for a group where all groups are listed.
_EXAMPLES = 4
#: Discord's limit of what stands in a menu before something is chosen.
PLACEHOLDER_CHARS_MAX = 150
NO_WORDS = Message(
    "This model comes without a list of its words, so I can't tell which it knows. Danbooru tags "
    "are a good guess: `1girl, blue hair, glasses, smile`."
)
NOTHING_FITS = Message("Nothing that I came up with is allowed here. Ask with `/waifu` instead.")
CHANGED = Message("The model's words have changed since. How about this one?")
SURPRISE = Message("How about this?")
LOOK_AT_ONE = Message("Look at one")
NO_MATCH = Message("Nothing matches. `/tags` without a search shows all groups.")
GONE = Message("The model doesn't have that word any more. Look again with `/tags`.")


def open_group(first: str, last: str) -> str:
    """What stands in a menu of groups: of those it holds, the first and the last."""
    text = say("Open a group: {first} … {last}", first=short(first, 40), last=short(last, 40))
    return short(text, PLACEHOLDER_CHARS_MAX)


def words(count: int) -> str:
    """How many words a group has."""
    return tally("{count} word", "{count} words", count)


def overview(name: str, total: int, groups: Sequence[tuple[str, Sequence[str]]]) -> str:
    """All groups, each with a few of its tags; those of one tag alone share a line."""
    head = say(
        "**{name}** knows {total} words. Open a group, or use `/tags search:`",
        name=plain(name),
        total=number(total),
    )
    lines = [
        labelled(f"**{plain(group)}**", enumerated(plain(tag) for tag in tags[:_EXAMPLES]))
        + (" …" if len(tags) > _EXAMPLES else "")
        for group, tags in groups
        if len(tags) > 1
    ]
    if alone := [plain(tags[0]) for _, tags in groups if len(tags) == 1]:
        lines.append(say("**More**: {words}", words=enumerated(alone)))
    return f"{head}\n{fitting(lines, CONTENT_CHARS_MAX - len(head) - 1)}"


def listed(
    title: str,
    tags: Sequence[tuple[str, float]],
    *,
    first: int,
    total: int,
    also: Mapping[str, str],
) -> str:
    """Some tags with how often the training had them, from number `first` of `total`.

    `also` is the other name by which a tag was found.
    """
    if not tags:
        return f"**{plain(title)}**\n{NO_MATCH()}"
    lines = [
        f"{plain(tag)}{aside(plain(also[tag])) if tag in also else ''} · {number(round(count))}"
        for tag, count in tags
    ]
    head = say(
        "**{title}** ({first} to {last} of {total}), each with its number of training captions",
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
        tally("In {count} training caption.", "In {count} training captions.", round(tag.count)),
    ]
    if tag.group:
        lines.append(say("Group: {name}", name=plain(tag.group)))
    if tag.synonyms:
        lines.append(say("The model also knows it as: {tags}", tags=_joined(tag.synonyms)))
    if tag.aliases:
        lines.append(say("You can also type: {tags}", tags=_joined(tag.aliases)))
    if tag.closes:
        lines.append(say("Can't be combined with: {tags}", tags=_joined(tag.closes)))
    return fit("\n".join(lines))


def surprise(prompt: str, head: Message = SURPRISE) -> str:
    """A prompt by lot, to copy or to draw."""
    return f"{head()}\n{code(prompt)}"


def _joined(words: Sequence[str]) -> str:
    return enumerated(plain(word, 60) for word in words)
