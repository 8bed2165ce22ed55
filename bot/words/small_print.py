"""The small line below pictures: how they were drawn, from what, and the name to find them by.

Called by what words a post of one picture and one of several. Pure text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from bot.domain import STRONG, SUBTLE
from bot.words.speaking import Message, number, say, tally
from models.contract import Draw

_VARIED: Mapping[float, Message] = {
    SUBTLE: Message("subtle variation of `{id}`"),
    STRONG: Message("strong variation of `{id}`"),
}
_VARIED_BY = Message("variation of `{id}`, strength {strength}")
_UPSCALED = Message("upscaled from `{id}` to {width}x{height} px")


def small_print(draw: Draw, seeds: str, card_id: str, name: str) -> str:
    """The line, which ends with the name of what it stands under."""
    return f"-# {' · '.join([seeds, *_settings(draw), card_id, *_origin(draw)])} · `{name}`"


def _settings(draw: Draw) -> tuple[str, str]:
    return (
        tally("{count} step", "{count} steps", draw.steps),
        say("guidance {value}", value=number(draw.guidance)),
    )


def _origin(draw: Draw) -> Iterator[str]:
    """What else went into it: a style's words, another picture."""
    if draw.style:
        yield say("style {name}", name=draw.style)
    if draw.source and draw.enlarged:
        yield _UPSCALED(id=draw.source, width=draw.width_px, height=draw.height_px)
    elif draw.source and draw.strength is not None:
        message = _VARIED.get(draw.strength, _VARIED_BY)
        yield message(id=draw.source, strength=number(draw.strength))
