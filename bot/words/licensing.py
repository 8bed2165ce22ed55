"""What the bot says of the model's licence: before a first picture, on `/licence`, after a press.

Called by the cogs that ask for acceptance. Pure text. The restrictions are the rulebook's clauses,
in our own words; the licence's file is what counts, and goes with them.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.words import wording
from bot.words.speaking import Message, say
from models.contract import ModelInfo

#: There is room for a line before the words.
_TERMS_CHARS_MAX = wording.CONTENT_CHARS_MAX - 100
_PROMPT_CHARS = 1000

_TERMS = Message(
    "**Before your first picture: please accept the licence**\nI draw with the model **{name}**, "
    "which comes under the **{licence}** (attached). In plain words:\n{restrictions}\nI keep your "
    "requests, pictures and votes until you say `/privacy forget`."
)
_LICENCE = Message(
    "I draw with the model **{name}**, which comes under the **{licence}**; its whole text is "
    "attached.\n**In plain words**\n{restrictions}"
)
_YOURS_TO_ANSWER = Message(
    "Your pictures are yours, and so is the responsibility for what you do with them."
)
_HAND_ON = Message("If you pass the model on, pass this licence and these rules on with it.")
_ACCEPTED = Message("You accepted it <t:{at_s}:R>, on <t:{at_s}:D>.")
_NOT_ACCEPTED = Message(
    "You haven't accepted it yet. Once you do, I draw for you and show you pictures."
)
#: Before the terms, where something else changed than that a member came for the first time.
CHANGED = Message("The model has changed, and its licence with it. Please read the new one.")
THANKS = Message("Accepted, thank you.")
HERE_WE_GO = Message("Accepted, thank you. Here we go.")
WAITS_NO_MORE = Message(
    "Accepted, thank you. I no longer have that request: please ask again with `/waifu`."
)
ASK_NOW = Message("Accepted, thank you. Ask with `/waifu`, or repeat what you just did.")
DECLINED = Message(
    "That's fine. I draw nothing for you, and I keep nothing of what you asked for. If you change "
    "your mind, read the licence again with the button or with `/licence`."
)
_YOURS = Message("These were your words, to copy:")


def terms(info: ModelInfo, clauses: Mapping[str, str]) -> str:
    """What is to be accepted before a first picture; `clauses` are the rulebook's."""
    return wording.fit(_filled(_TERMS, info, clauses), _TERMS_CHARS_MAX)


def licence(info: ModelInfo, clauses: Mapping[str, str], accepted_ms: int | None) -> str:
    """The licence of the model in use, and whether and when its reader accepted it."""
    head = _filled(_LICENCE, info, clauses)
    if accepted_ms is None:
        return wording.fit(f"{head}\n{_NOT_ACCEPTED()}")
    return wording.fit(f"{head}\n{_ACCEPTED(at_s=accepted_ms // 1000)}")


def _filled(words: Message, info: ModelInfo, clauses: Mapping[str, str]) -> str:
    rules = [f"**{letter}.** {say(clause)}" for letter, clause in sorted(clauses.items())]
    lines = "\n".join([_YOURS_TO_ANSWER(), *rules, _HAND_ON()])
    return words(name=info.name, licence=info.licence_name, restrictions=lines)


def declined(prompt: str | None) -> str:
    """A kind word after *Decline*, with the words of the ask that ended by it."""
    if prompt is None:
        return DECLINED()
    return wording.fit(f"{DECLINED()}\n{_YOURS()}\n{wording.code(prompt, _PROMPT_CHARS)}")
