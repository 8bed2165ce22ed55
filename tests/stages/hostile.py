"""Prompts of any length that are slow to read, and all the code that reads prompts."""

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
#: How many times longer the longest prompt is than the short one.
TIMES = 8
SHORT = LONGEST // TIMES
#: The limit for the growth of the cost: well above `TIMES` (linear), well below its square.
GROWTH_MAX = 24


def _repeat(unit: str, begin: str = "", end: str = "") -> Callable[[int], str]:
    def text_of(length: int) -> str:
        room = length - len(begin) - len(end)
        return begin + (unit * (room // len(unit) + 1))[:room] + end

    return text_of


def _repeat_in_halves(unit: str, other: str) -> Callable[[int], str]:
    def text_of(length: int) -> str:
        count = length // (len(unit) + len(other))
        return unit * count + other * count

    return text_of


HARMLESS = _repeat("1girl, blue hair, ")
#: Builders of prompts that are slow to read, by their content; each takes the length.
HOSTILE: dict[str, Callable[[int], str]] = {
    "circled digits": _repeat("㊿", "nude:", "x"),
    "digits": _repeat("1", ":", "x"),
    "digits and points": _repeat("1.", "(:", "x"),
    "digits after a word": _repeat("1", "a:"),
    "weights": _repeat(":1.1", "(a", ")"),
    "colons": _repeat(":", "a", "x"),
    "colons and spaces": _repeat(": ", "a", "x"),
    "spaces": _repeat(" ", "a", "x"),
    "accents that become spaces": _repeat("¨", "a", "x"),
    "one letter": _repeat("a"),
    "letters and digits": _repeat("a1"),
    "a disguised word here and there": _repeat(f"m00n, {'calm waters, ' * 4}"),
    "single letters": _repeat("l "),
    "signs": _repeat("@$!"),
    "ties": _repeat("a-.'"),
    "open brackets": _repeat("("),
    "closed brackets": _repeat(")", "a"),
    "deep": _repeat_in_halves("(", "a)"),
    "deep and square": _repeat_in_halves("[", "a]"),
    "deep and mixed": _repeat_in_halves("([", "a)b]"),
    "faces": _repeat_in_halves("(", "a :3)"),
    "faces after blanks": _repeat_in_halves("([ ]", ":3)"),
    "deep weights": _repeat_in_halves("(", "a:-1.01)"),
    "brackets side by side": _repeat("(a)[b:1.2]"),
    "brackets inside a word": _repeat(":1)(", "a", "b"),
    "escapes": _repeat("\\(\\"),
    "backslashes": _repeat("\\"),
    "BREAK": _repeat("BREAK "),
    "BREAK far away": _repeat(" ", "a", "BREAK"),
    "half a special token": _repeat("<|a", "", "|>"),
    "marks over a letter": _repeat("\u0300\u0323", "a"),
    "a sign of eighteen letters": _repeat("ﷺ"),
    "that sign, turned": _repeat("[(ﷺ:-1)]"),
    "a mixture": _repeat("(l0-l1:1.2){x}（y㊿）BREAK aaa ạ̀裸"),
    "mentions": _repeat("<@1>"),
    "half mentions": _repeat("<"),
    "half links": _repeat("[a]("),
    "stars": _repeat("*"),
    "ticks": _repeat("`"),
    "from right to left": _repeat("ש\u202e"),
    "joined emoji": _repeat("👩\u200d"),
}
_TERMS = [f"blocked term {n}" for n in range(100)] + [f"長い言葉{n}" for n in range(100)]


@cache
def _screen() -> Screen:
    return Screen(load(), [Term(text=term) for term in _TERMS])


def screen_prompt(text: str) -> None:
    """Look for rules and terms in the text, as the prompt and as the negative prompt."""
    _screen().findings(f"nude {text}", text)


def _make_ask(text: str) -> None:
    make_ask(
        info=INFO,
        user_id=USER,
        place=make_place(),
        typed=Typed(prompt=text, negative=text),
        fresh_seed=1,
    )


def _word_text(text: str) -> None:
    wording.plain(text, len(text))
    wording.code(text, len(text))
    wording.fit(text, len(text) - 1)


#: The code that reads members' words, by name.
READERS: dict[str, Callable[[str], object]] = {
    "the prompt language": parse,
    "screening": screen_prompt,
    "a server's term": lambda text: normalise(text, load()),
    "a command's options": _make_ask,
    "wording": _word_text,
}
