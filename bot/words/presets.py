"""What members read about presets and styles. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.typed.presets import OwnPreset, Style
from bot.typed.writing import full_text
from bot.words.speaking import Message, enumerated, labelled, say, sentences
from bot.words.wording import fitting, named, plain

_NAMED = 10
NOTHING_SAVED = Message(
    "You have no presets yet. `/preset save name: portraits aspect: portrait` makes one."
)
EMPTY = Message("Give me something to save, for example `words:` or `aspect:`.")
TOO_MANY = Message("You have {most} presets, which is the limit. Delete one first.")
NOT_DRAWN = Message("That preset has words that I don't draw here, so I haven't copied it.")
USE_NONE = Message("I no longer add a preset to your requests.")
NO_STYLES = Message("This server has no styles yet. `/style add` makes one.")
TOO_MANY_STYLES = Message("This server has {most} styles, which is the limit. Remove one first.")


def saved(name: str) -> str:
    """It is kept."""
    return say("Saved. `/preset use name: {name}` adds it to everything you ask for.", name=name)


def used(name: str) -> str:
    """It goes with everything from now on."""
    return say(
        "I now add `{name}` to everything you ask for. What you type yourself wins. `/preset use` "
        "without a name ends that.",
        name=name,
    )


def copied(name: str) -> str:
    """Somebody else's preset is theirs now, and in use."""
    return sentences(
        say("Saved as `{name}`; `/preset list` shows what it adds.", name=name), used(name)
    )


def taken(name: str) -> str:
    """A shared preset would take the place of another of theirs."""
    return say(
        "You already have a different preset called `{name}`, so I have copied nothing. Save yours "
        "under another name, delete `{name}`, and use the code again.",
        name=name,
    )


def shared(name: str, code: str) -> str:
    """How to hand it on."""
    return say(
        "Others can copy `{name}`, as it is at that moment, with `/preset use name: {code}`. "
        "Delete it to stop sharing.",
        name=name,
        code=code,
    )


def unknown(name: str) -> str:
    """None of theirs, and no code."""
    return say("You have no preset `{name}`. `/preset list` shows what you have.", name=named(name))


def deleted(name: str) -> str:
    """It is gone."""
    return say("Deleted: `{name}`.", name=name)


def listed(presets: Sequence[OwnPreset]) -> str:
    """Each with what it adds."""
    return fitting(
        [
            labelled(
                f"- `{one.name}`{' ' + say('(in use)') if one.in_use else ''}",
                plain(full_text(one.typed), 120),
            )
            for one in presets
        ]
    )


def no_style(given: str, names: Sequence[str]) -> str:
    """The server has no such style; which it has."""
    known = enumerated(f"`{name}`" for name in names[:_NAMED])
    there = say("There are: {names}.", names=known) if known else say("There are none yet.")
    return sentences(say("This server has no style `{name}`.", name=named(given)), there)


def style_made(style: Style) -> str:
    """What it does from now on."""
    return say("`/waifu style: {name}` adds: {words}", name=style.name, words=plain(style.words))


def style_removed(name: str) -> str:
    """It is gone."""
    return say("Removed: `{name}`.", name=name)


def styles_listed(styles: Sequence[Style]) -> str:
    """Each with what it adds and keeps out."""
    return fitting(
        [
            " · ".join(
                [labelled(f"- `{one.name}`", plain(one.words, 150)), *_without(one.negative)]
            )
            for one in styles
        ]
    )


def _without(negative: str) -> list[str]:
    return [say("without {words}", words=plain(negative, 80))] if negative else []
