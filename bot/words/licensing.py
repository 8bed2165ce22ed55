"""What the bot says of the model's licence: before a first picture, on `/licence`, after a press.

Called by the cogs that ask for acceptance. Pure text. The restrictions are those of Attachment A of
the CreativeML Open RAIL-M in our own words; the licence's file is what counts, and goes with them.
"""

from __future__ import annotations

from bot.words import wording
from models.contract import ModelInfo

#: There is room for a line before the words.
_TERMS_CHARS_MAX = wording.CONTENT_CHARS_MAX - 100
_PROMPT_CHARS = 1000

_RESTRICTIONS = """\
- Your pictures are yours, and what you do with them is your responsibility.
- Nothing unlawful, and nothing that harms, exploits or sexualises minors.
- Nothing that defames, disparages or harasses anybody; no lies meant to hurt somebody.
- Nobody's personal data where it can harm them.
- No discrimination, and nothing that exploits the weakness of a group or a person.
- No decisions about people's rights by a machine alone; no medical advice, no policing or judging.
- If you pass the model on, pass the licence and these rules on with it."""
_TERMS = """\
**Before your first picture: how you may use it**
I draw with **{name}** under the **{licence}** (attached). In plain words:
{restrictions}
I keep your request, your pictures and votes until you say `/privacy forget`.
"""
_LICENCE = """\
I draw with **{name}** under the **{licence}**; the whole text that came with it is attached.
**In plain words**
{restrictions}
"""
_ACCEPTED = "You accepted it <t:{at_s}:R>, on <t:{at_s}:D>."
_NOT_ACCEPTED = (
    "You have not accepted it yet. I draw for you and show you pictures once you do; nothing you "
    "asked for waits for it."
)
#: Before the terms, where something else changed than that a member came for the first time.
CHANGED = "The model has changed, and its licence with it."
THANKS = "Accepted, thank you."
HERE_WE_GO = f"{THANKS} Here we go."
WAITS_NO_MORE = f"{THANKS} That request waits no more: just ask again with `/waifu`."
ASK_NOW = f"{THANKS} Now ask with `/waifu`, or call your command again."
DECLINED = (
    "That is fine: I draw nothing for you, and I keep nothing of what you asked for. Should you "
    "change your mind, read the licence again with the button or with `/licence`."
)
_YOURS = "These were your words, to copy:"


def restrictions() -> str:
    """What the licence forbids, in plain words."""
    return _RESTRICTIONS


def terms(info: ModelInfo) -> str:
    """What is to be accepted before a first picture."""
    words = _TERMS.format(name=info.name, licence=info.licence_name, restrictions=_RESTRICTIONS)
    return wording.fit(words, _TERMS_CHARS_MAX)


def licence(info: ModelInfo, accepted_ms: int | None) -> str:
    """The licence of the model in use, and whether and when its reader accepted it."""
    head = _LICENCE.format(name=info.name, licence=info.licence_name, restrictions=_RESTRICTIONS)
    if accepted_ms is None:
        return wording.fit(head + _NOT_ACCEPTED)
    return wording.fit(head + _ACCEPTED.format(at_s=accepted_ms // 1000))


def declined(prompt: str | None) -> str:
    """A kind word after *Decline*, with the words of the ask that ended by it."""
    if prompt is None:
        return DECLINED
    return wording.fit(f"{DECLINED}\n{_YOURS}\n{wording.code(prompt, _PROMPT_CHARS)}")
