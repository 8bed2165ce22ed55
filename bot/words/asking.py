"""What a member reads about what they typed: what was understood of it, and what was not.

Pure text, called by the cogs that take requests.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.typed.options import Typed
from bot.typed.writing import full_text
from bot.words.speaking import Message, enumerated, say, sentences, tally
from bot.words.wording import CONTENT_CHARS_MAX, code, fit, plain
from models.contract import Aspect

#: How many things are named, and how much of each is shown.
_NAMED, _NAME_CHARS = 8, 40
#: How much of a message may be a member's own words; longer ones come as a file.
_WORDS_CHARS = 900
COPY = Message("Your words, to copy and change:")
COPY_FILE = Message("Your words are in the file, to copy and change.")
EDIT_TITLE = Message("Change it and ask again")
PROMPT, NEGATIVE, ASPECT = (
    Message("What to draw"),
    Message("What to keep out (empty: the usual)"),
    Message("Shape"),
)
AS_SAID = Message("As in the prompt, otherwise square")
ASPECTS = {
    Aspect.SQUARE: Message("Square"),
    Aspect.PORTRAIT: Message("Portrait"),
    Aspect.LANDSCAPE: Message("Landscape"),
}
PROMPT_GOES_ON = Message("What to draw (goes on under “More”)")
NEGATIVE_GOES_ON = Message("What to keep out (goes on under “More”)")
SEED = Message("Seed (empty: a new one)")
MORE = Message("More, for example --steps 20 --cfg 7 --n 4")
MORE_CUT = Message("More (only the beginning fits here)")
MORE_VARIED = Message(
    "It starts from a picture. Remove --source and --strength to draw from words alone."
)
#: Behind why a picture cannot be started from.
WITHOUT_SOURCE = Message("{why} Leave out `--source` to draw from words alone.")
DRAFT_GONE = Message(
    "I don't have these words any more: I keep them for three days. Ask with `/waifu`."
)

_ALONE = Message(
    "-# Only you see this. I show you the pictures when they are done; if that takes longer than a "
    "quarter of an hour, press *Show*. `/history` lists them, and `/show` shows them to you alone."
)
_SHOWN_ALONE = Message(
    "-# Only you see this. *Show* brings the pictures again, and `/history` lists them."
)


def for_member_only(status: str) -> str:
    """Where a private request stands, and how its pictures come."""
    return f"{fit(status, CONTENT_CHARS_MAX - len(_ALONE()) - 1)}\n{_ALONE()}"


def shown_to_member_only(status: str) -> str:
    """What came of a private request whose pictures were shown, and how to see them again."""
    note = _SHOWN_ALONE()
    return f"{fit(status, CONTENT_CHARS_MAX - len(note) - 1)}\n{note}"


def left_out(names: Sequence[str], remarks: Sequence[str] = ()) -> str:
    """What stood in the prompt and is not for this bot, and what there is instead."""
    shown = [plain(name, _NAME_CHARS) for name in names[:_NAMED]]
    if len(names) > _NAMED:
        shown.append(tally("and {count} more", "and {count} more", len(names) - _NAMED))
    return sentences(say("I left out: {names}.", names=enumerated(shown)), *remarks)


def words_back(*typed: Typed) -> str | None:
    """Everything that was typed, to copy; None if it takes a file, and "" if there is nothing."""
    texts = [full_text(one) for one in typed]
    if sum(map(len, texts)) > _WORDS_CHARS or any("``" in text for text in texts):
        return None
    seen = [text for text in texts if any(c.isprintable() and not c.isspace() for c in text)]
    return "\n".join([COPY(), *map(code, seen)]) if seen else ""
