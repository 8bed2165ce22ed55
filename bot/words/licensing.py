"""What the bot says of the model's licence: before a first picture, on `/licence`, after a press.

Called by the cogs that ask for acceptance. Pure text. The restrictions are the rulebook's clauses,
in our own words; the licence's file is what counts, and goes with them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.words import wording
from bot.words.speaking import Message, enumerated, say, sentences
from models.contract import ModelInfo

#: There is room for a line before the words.
_TERMS_CHARS_MAX = wording.CONTENT_CHARS_MAX - 100

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
WAITS_NO_MORE = Message(
    "Accepted, thank you. No request of yours is waiting any more: ask with `/waifu`."
)
#: Instead of the terms, where they are on the screen already; and where too many requests wait.
ONE_MORE = Message("I keep this request, too. Accept the licence above, and I draw all of them.")
TOO_MANY = Message(
    "I already keep {count} requests for you until you accept the licence, and I can't keep more. "
    "Accept it first, then ask for this again."
)
#: Requests are drawn only where they were made.
ELSEWHERE = Message(
    "You also asked me in {channels}. Press *Accept* there, too; `/licence` shows the button."
)
ASK_NOW = Message("Accepted, thank you. Ask with `/waifu`, or repeat what you just did.")
DECLINED = Message(
    "That's fine. I draw nothing for you, and I keep nothing of what you asked for. If you change "
    "your mind, read the licence again with the button or with `/licence`."
)


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


def accepted(thanks: Message, elsewhere: Iterable[int]) -> str:
    """After *Accept*; `elsewhere` are the channels where more requests wait."""
    channels = enumerated(f"<#{channel_id}>" for channel_id in elsewhere)
    return sentences(thanks(), ELSEWHERE(channels=channels)) if channels else thanks()
