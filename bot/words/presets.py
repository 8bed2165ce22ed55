"""What members read about presets and styles. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.typed.kept import PRESETS_MAX, STYLES_MAX, OwnPreset, Style
from bot.typed.writing import whole
from bot.words.wording import fitting, plain

_NAMED = 10
NOTHING_SAVED = (
    "You have no presets yet. `/preset save name: portraits aspect: portrait` makes one."
)
EMPTY = "Give me something to save, for example `words:` or `aspect:`."
TOO_MANY = f"You have {PRESETS_MAX} presets, which is the limit. Delete one first."
NOT_DRAWN = "That preset has words that I do not draw here, so I do not copy it."
USE_NONE = "Your requests go without a preset now."
NO_STYLES = "This server has no styles yet. `/style add` makes one."
TOO_MANY_STYLES = f"This server has {STYLES_MAX} styles, which is the limit. Remove one first."


def saved(name: str) -> str:
    """It is kept."""
    return f"Saved. `/preset use name: {name}` adds it to everything you ask for."


def used(name: str) -> str:
    """It goes with everything from now on."""
    return (
        f"Everything you ask for comes with `{name}` now; what you type yourself wins. "
        "`/preset use` without a name ends that."
    )


def copied(name: str) -> str:
    """Somebody else's preset is theirs now, and in use."""
    return f"Saved as `{name}`; `/preset list` shows what it adds. {used(name)}"


def taken(name: str) -> str:
    """A shared preset would take the place of another of theirs."""
    return (
        f"You have another preset that is called `{name}`, so I copy nothing over it. Save yours "
        f"under another name, delete `{name}`, and use the code again."
    )


def shared(name: str, code: str) -> str:
    """How to hand it on."""
    return (
        f"Tell others `/preset use name: {code}`: they get a copy of `{name}` as it is then. "
        "Deleting it ends that."
    )


def unknown(name: str) -> str:
    """None of theirs, and no code."""
    return f"You have no preset `{plain(name, 40)}`. `/preset list` shows what you have."


def deleted(name: str) -> str:
    """It is gone."""
    return f"Deleted: `{name}`."


def listed(presets: Sequence[OwnPreset]) -> str:
    """Each with what it adds."""
    return fitting(
        [
            f"- `{one.name}`{' (in use)' if one.in_use else ''}: {plain(whole(one.typed), 120)}"
            for one in presets
        ]
    )


def no_style(given: str, names: Sequence[str]) -> str:
    """The server has no such style; which it has."""
    known = ", ".join(f"`{name}`" for name in names[:_NAMED])
    there = f"There are {known}." if known else "There are none yet."
    return f"This server has no style `{plain(given, 40)}`. {there}"


def style_made(style: Style) -> str:
    """What it does from now on."""
    return f"`/waifu style: {style.name}` adds: {plain(style.words)}"


def style_removed(name: str) -> str:
    """It is gone."""
    return f"Removed: `{name}`."


def styles_listed(styles: Sequence[Style]) -> str:
    """Each with what it adds and keeps out."""
    return fitting(
        [
            f"- `{one.name}`: {plain(one.words, 150)}"
            + (f" · without {plain(one.negative, 80)}" if one.negative else "")
            for one in styles
        ]
    )
