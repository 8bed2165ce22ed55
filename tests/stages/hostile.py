"""Prompts that are made to be slow to read, of any length, and everything that reads them."""

# ruff: noqa: RUF001  letters of every script are what is tested
from __future__ import annotations

from collections.abc import Callable
from functools import cache

from bot.policy.asks import make_ask
from bot.policy.screening import Screen, Term, normalise
from bot.rulebooks import load
from bot.typed.options import Typed
from bot.words import wording
from models.contract import Limits
from models.prompt import parse
from tests.stages.factories import USER, make_place
from tests.stages.fake_engine import INFO

LONGEST = Limits().prompt_chars_max
#: The growth of what reading costs is that from the short to the longest prompt.
TIMES = 8
SHORT = LONGEST // TIMES
#: Much more than `TIMES`, which is linear, and much less than its square.
GROWTH_MAX = 24


def _filled(unit: str, begin: str = "", end: str = "") -> Callable[[int], str]:
    def made(length: int) -> str:
        room = length - len(begin) - len(end)
        return begin + (unit * (room // len(unit) + 1))[:room] + end

    return made


def _halves(unit: str, other: str) -> Callable[[int], str]:
    def made(length: int) -> str:
        count = length // (len(unit) + len(other))
        return unit * count + other * count

    return made


HARMLESS = _filled("1girl, blue hair, ")
#: By what they hold: from their length, prompts that are made to be slow to read.
HOSTILE: dict[str, Callable[[int], str]] = {
    "circled digits": _filled("㊿", "nude:", "x"),
    "digits": _filled("1", ":", "x"),
    "digits and points": _filled("1.", "(:", "x"),
    "digits after a word": _filled("1", "a:"),
    "weights": _filled(":1.1", "(a", ")"),
    "colons": _filled(":", "a", "x"),
    "colons and spaces": _filled(": ", "a", "x"),
    "spaces": _filled(" ", "a", "x"),
    "accents that become spaces": _filled("¨", "a", "x"),
    "one letter": _filled("a"),
    "letters and digits": _filled("a1"),
    "a disguised word here and there": _filled(f"m00n, {'calm waters, ' * 4}"),
    "single letters": _filled("l "),
    "signs": _filled("@$!"),
    "ties": _filled("a-.'"),
    "open brackets": _filled("("),
    "closed brackets": _filled(")", "a"),
    "deep": _halves("(", "a)"),
    "deep and square": _halves("[", "a]"),
    "deep and mixed": _halves("([", "a)b]"),
    "faces": _halves("(", "a :3)"),
    "faces after blanks": _halves("([ ]", ":3)"),
    "deep weights": _halves("(", "a:-1.01)"),
    "brackets side by side": _filled("(a)[b:1.2]"),
    "brackets inside a word": _filled(":1)(", "a", "b"),
    "escapes": _filled("\\(\\"),
    "backslashes": _filled("\\"),
    "BREAK": _filled("BREAK "),
    "BREAK far away": _filled(" ", "a", "BREAK"),
    "half a special token": _filled("<|a", "", "|>"),
    "marks over a letter": _filled("\u0300\u0323", "a"),
    "a sign of eighteen letters": _filled("ﷺ"),
    "that sign, turned": _filled("[(ﷺ:-1)]"),
    "a mixture": _filled("(l0-l1:1.2){x}（y㊿）BREAK aaa ạ̀裸"),
    "mentions": _filled("<@1>"),
    "half mentions": _filled("<"),
    "half links": _filled("[a]("),
    "stars": _filled("*"),
    "ticks": _filled("`"),
    "from right to left": _filled("ש\u202e"),
    "joined emoji": _filled("👩\u200d"),
}
_TERMS = [f"blocked term {n}" for n in range(100)] + [f"長い言葉{n}" for n in range(100)]


@cache
def _screen() -> Screen:
    return Screen(load(), [Term(text=term) for term in _TERMS])


def screened(text: str) -> None:
    """Look for rules and terms in it, as the prompt and as the negative prompt."""
    _screen().findings(f"nude {text}", text)


def _asked(text: str) -> None:
    make_ask(
        info=INFO,
        user_id=USER,
        place=make_place(),
        typed=Typed(prompt=text, negative=text),
        fresh_seed=1,
    )


def _shown(text: str) -> None:
    wording.plain(text, len(text))
    wording.code(text, len(text))
    wording.fit(text, len(text) - 1)


#: What reads members' words, by its name.
READERS: dict[str, Callable[[str], object]] = {
    "the prompt language": parse,
    "screening": screened,
    "a server's term": lambda text: normalise(text, load()),
    "a command's options": _asked,
    "wording": _shown,
}
