"""What the bot says of the model's licence: before a first picture, on `/licence`, after a press.

Called by the cogs that ask for acceptance. Pure text. The restrictions are the rulebook's clauses,
in our own words; the licence's file is what counts, and goes with them.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.words import wording
from models.contract import ModelInfo

#: There is room for a line before the words.
_TERMS_CHARS_MAX = wording.CONTENT_CHARS_MAX - 100
_PROMPT_CHARS = 1000

_TERMS = """\
**Before your first picture: please accept the licence**
I draw with the model **{name}**, which comes under the **{licence}** (attached). In plain words:
{restrictions}
I keep your requests, pictures and votes until you say `/privacy forget`.
"""
_LICENCE = """\
I draw with the model **{name}**, which comes under the **{licence}**; its whole text is attached.
**In plain words**
{restrictions}
"""
_YOURS_TO_ANSWER = (
    "Your pictures are yours, and so is the responsibility for what you do with them."
)
_HAND_ON = "If you pass the model on, pass this licence and these rules on with it."
_ACCEPTED = "You accepted it <t:{at_s}:R>, on <t:{at_s}:D>."
_NOT_ACCEPTED = "You have not accepted it yet. Once you do, I draw for you and show you pictures."
#: Before the terms, where something else changed than that a member came for the first time.
CHANGED = "The model has changed, and its licence with it. Please read the new one."
THANKS = "Accepted, thank you."
HERE_WE_GO = f"{THANKS} Here we go."
WAITS_NO_MORE = f"{THANKS} I no longer have that request: please ask again with `/waifu`."
ASK_NOW = f"{THANKS} Now ask with `/waifu`, or use your command again."
DECLINED = (
    "That is fine. I draw nothing for you and keep nothing of what you asked for. If you change "
    "your mind, read the licence again with the button or with `/licence`."
)
_YOURS = "These were your words, to copy:"


def terms(info: ModelInfo, clauses: Mapping[str, str]) -> str:
    """What is to be accepted before a first picture; `clauses` are the rulebook's."""
    return wording.fit(_filled(_TERMS, info, clauses), _TERMS_CHARS_MAX)


def licence(info: ModelInfo, clauses: Mapping[str, str], accepted_ms: int | None) -> str:
    """The licence of the model in use, and whether and when its reader accepted it."""
    head = _filled(_LICENCE, info, clauses)
    if accepted_ms is None:
        return wording.fit(head + _NOT_ACCEPTED)
    return wording.fit(head + _ACCEPTED.format(at_s=accepted_ms // 1000))


def _filled(words: str, info: ModelInfo, clauses: Mapping[str, str]) -> str:
    rules = [f"**{letter}.** {clause}" for letter, clause in sorted(clauses.items())]
    lines = "\n".join([_YOURS_TO_ANSWER, *rules, _HAND_ON])
    return words.format(name=info.name, licence=info.licence_name, restrictions=lines)


def declined(prompt: str | None) -> str:
    """A kind word after *Decline*, with the words of the ask that ended by it."""
    if prompt is None:
        return DECLINED
    return wording.fit(f"{DECLINED}\n{_YOURS}\n{wording.code(prompt, _PROMPT_CHARS)}")
