"""A seeded generator of evasions: every trick alone and in pairs.

A trick changes the text and leaves it readable to people. Pairs that make gibberish, or whose first
trick leaves the second nothing to change, are left out, each with a reason in `LEFT_OUT`. The
tricks of a pair apply in the order of `TRICKS`: a word's surroundings first, its letters last. Must
not know any detector.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from random import Random

from bot.reporting.policy import alphabets, spelling
from bot.reporting.policy.corpora import Specimen, Wording
from bot.reporting.policy.spelling import Spell, cut, in_words, parted, replaced, styled, wrapped

Move = Callable[[Specimen, Random], Specimen]

_FILLING = (
    "masterpiece, best quality, highly detailed", "soft light, evening sky, drifting clouds",
    "wooden table, teapot, porcelain cups", "stone bridge, slow river, willow trees",
    "pixel stars, wide shot, film grain", "ribbon, lace, embroidered cape",
    "lantern, cobblestones, fog", "sunflowers, straw hat, dragonfly",
)  # fmt: skip
#: Separates tags.
_COMMAS = re.compile(r"[,\u3001\uff0c]")
#: What surrounds a piece of a sentence: a gap, or a letter of a script without gaps.
_PROSE = re.compile(r"\s|[^\W\d_](?<![A-Za-z])")
#: How many characters are put around the keys.
_BURIED_UNDER = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Evasion:
    """A specimen as somebody would type it to evade the rules."""

    specimen: Specimen
    #: The names of the one or two tricks, in order of application.
    tricks: tuple[str, ...]


def _each(spell: Spell, counts: Callable[[tuple[str, ...], int], bool]) -> Move:
    """Apply a respelling of words to the keys of both prompts."""

    def rewritten(wording: Wording, dice: Random) -> Wording:
        parts = wording.parts
        spelled = [
            part if at % 2 == 0 else _marked(spell(part, dice) if counts(parts, at) else part)
            for at, part in enumerate(parts)
        ]
        return Wording.of("".join(spelled))

    return lambda specimen, dice: replace(
        specimen,
        prompt=rewritten(specimen.prompt, dice),
        negative=rewritten(specimen.negative, dice),
    )


def _is_tag(parts: tuple[str, ...], at: int) -> bool:
    """Whether a key is a whole tag, perhaps in brackets, and not a piece of a sentence."""
    *_, before = _COMMAS.split(parts[at - 1])
    after, *_ = _COMMAS.split(parts[at + 1])
    return not _PROSE.search(before.lstrip() + after.rstrip())


def _each_key(spell: Spell) -> Move:
    return _each(spell, lambda parts, at: bool(parts[at]))


def _each_tag(spell: Spell) -> Move:
    """Apply a respelling only to tags, because it would tear a sentence apart."""
    return _each(spell, _is_tag)


def _marked(spelled: str) -> str:
    return spelled if "`" in spelled else f"`{spelled}`"


def _bury(specimen: Specimen, dice: Random) -> Specimen:
    """Put harmless tags before, behind and between the keys that are tags."""
    parts = list(specimen.prompt.parts)
    ends = {0, len(parts) - 1}
    gaps = [at for at in range(0, len(parts), 2) if at in ends or "," in parts[at]]
    for at in gaps:
        filling = ""
        while len(filling) < _BURIED_UNDER // len(gaps):
            filling += f"{dice.choice(_FILLING)}, "
        parts[at] = f"{parts[at]}, {filling}" if at else f"{filling}{parts[at]}"
    return replace(specimen, prompt=Wording(parts=tuple(parts)))


def _negate(specimen: Specimen, dice: Random) -> Specimen:
    """Move one key that is a tag into the negative prompt, with a negative weight."""
    parts = specimen.prompt.parts
    tags = [at for at in range(1, len(parts), 2) if _is_tag(parts, at)]
    if not tags:
        return specimen
    at = dice.choice(tags)
    without = (*parts[: at - 1], parts[at - 1] + parts[at + 1], *parts[at + 2 :])
    if not any(c.isalpha() for part in without for c in part):
        without = ("1girl", *without[1:])
    *begun, last = specimen.negative.parts
    opened = f"{last}, (" if specimen.negative.text else "("
    weight = dice.choice(("-1", "-0.5", "-1.4"))
    negative = (*begun, opened, parts[at], f":{weight})")
    return replace(specimen, prompt=Wording(parts=without), negative=Wording(parts=negative))


#: By name: first a word's surroundings, then its letters, then what is between them.
TRICKS: Mapping[str, Move] = {
    "buried in harmless tags": _bury,
    "negative weight in the negative prompt": _negate,
    "prompt editing": _each_tag(
        wrapped("[{0}:{1}:0.5]", "[{1}:{0}:0.3]", "[{0}::0.9]", "[{0}:0.1]", "[{1}:{0}:12]")
    ),
    "alternation": _each_tag(wrapped("[{0}|{1}]", "[{1}|{0}]", "[{1}|{0}|{1}]")),
    "lora": _each_tag(wrapped("<lora:{0}:0.8>", "<lora:{0}_v2:1>", "<lyco:{0}:0.6>")),
    "weights": _each_key(wrapped("({0}:1.3)", "({0}: 1.2 )", "({0}:0.01)", "(({0}:1.1):1.2)")),
    "escaped brackets": _each_key(wrapped("\\({0}\\)", "{1} \\({0}\\)", "\\[{0}\\]")),
    "underscores": _each_tag(spelling.underscored),
    "neighbour in capitals": _each_tag(spelling.camel),
    "words run together": _each_key(spelling.joined),
    "numbers and signs beside it": _each_tag(in_words(spelling.numbered)),
    "reversed": _each_key(in_words(spelling.backwards)),
    "kana": _each_key(styled(alphabets.HALF_WIDTH, alphabets.OTHER_KANA)),
    "case": _each_key(spelling.cased),
    "leetspeak": _each_key(in_words(replaced(alphabets.LEET, 0.6, most=0.6))),
    "look-alikes": _each_key(replaced(alphabets.LOOK_ALIKES, 0.6)),
    "small letters": _each_key(styled(*alphabets.SMALL)),
    "turned letters": _each_key(in_words(spelling.turned)),
    "full width": _each_key(styled(alphabets.FULL_WIDTH)),
    "mathematical letters": _each_key(styled(*alphabets.MATHEMATICAL)),
    "enclosed letters": _each_key(styled(*alphabets.ENCLOSED)),
    "regional indicators": _each_key(in_words(spelling.flagged)),
    "repeated letters": _each_key(in_words(spelling.repeated)),
    "split words": _each_key(cut(*(f"{{0}}{seam}{{1}}" for seam in alphabets.SEAMS))),
    "brackets inside": _each_key(
        cut("({0})({1})", "[{0}]{1}", "{{{0}}}{1}", "(({0}){1})", "({0}:1.2){1}", "{0}(){1}")
    ),
    "editing inside": _each_key(
        cut("{0}[{1}|{2}]", "{0}[{1}:{2}:0.9]", "{0}[{1}::0.9]", "{0}[:{1}:0.1]", "{0}[{2}|{1}]")
    ),
    "BREAK": _each_key(cut("{0} BREAK {1}")),
    "punctuated letters": _each_key(in_words(parted(alphabets.POINTS))),
    "spaced letters": _each_key(in_words(parted(alphabets.SPACES, between_words=3))),
    "unseen characters": _each_key(spelling.unseen),
    "combining marks": _each_key(spelling.marked),
    "struck through": _each_key(spelling.struck),
}

_CUTS = ("split words", "brackets inside", "editing inside", "BREAK")
_GAPS = ("punctuated letters", "spaced letters")
_WORDS = ("neighbour in capitals", "words run together", "numbers and signs beside it")
_SHAPES = (
    "case", "look-alikes", "small letters", "full width", "mathematical letters",
    "enclosed letters", "regional indicators", "combining marks", "struck through",
)  # fmt: skip
_SYNTAX = (
    "prompt editing", "alternation", "weights", "escaped brackets", "brackets inside",
    "editing inside", "BREAK", "negative weight in the negative prompt",
)  # fmt: skip
#: Tricks that give every Latin letter another form.
_FORMS = ("full width", "mathematical letters", "enclosed letters", "regional indicators")
#: Tricks, those they cannot be combined with, and why.
_NOT_BESIDE: tuple[tuple[tuple[str, ...], tuple[str, ...], str], ...] = (
    (
        ("reversed", "turned letters"),
        (*_CUTS, *_GAPS, *_WORDS, "underscores", "repeated letters", "leetspeak"),
        "a word that runs the other way is known by its whole shape alone",
    ),
    (("turned letters",), ("reversed", *_SHAPES), "a letter on its head is no other letter too"),
    (("lora",), _SYNTAX, "the name of a file holds no brackets"),
    (
        ("neighbour in capitals", "numbers and signs beside it"),
        ("spaced letters",),
        "the last letter runs into what stands beside it",
    ),
    (("neighbour in capitals",), ("case",), "only the capitals tell the words apart"),
    (
        ("numbers and signs beside it", "punctuated letters"),
        ("leetspeak",),
        "signs that are letters stand beside signs that are none",
    ),
    (("BREAK", "editing inside"), _GAPS, "the syntax takes the place of half the letters"),
    (
        ("regional indicators",),
        ("combining marks", "struck through"),
        "no font draws a mark over a flag",
    ),
    (_CUTS, _CUTS, "a word in four pieces or more is no word"),
    (_FORMS, _FORMS, "no plain letter is left for the other"),
    (("regional indicators",), ("look-alikes", "small letters"), "no flag has such a letter"),
    (("words run together",), ("underscores", "neighbour in capitals"), "no gap is left for it"),
    (
        ("kana",),
        (
            *_FORMS, "case", "look-alikes", "small letters", "reversed", "turned letters",
            "leetspeak", "repeated letters", "neighbour in capitals", "words run together",
        ),
        "these are for other scripts",
    ),
)  # fmt: skip
#: The pairs that are not tried, and why.
LEFT_OUT: Mapping[frozenset[str], str] = {
    frozenset({one, other}): why
    for ones, others, why in _NOT_BESIDE
    for one in ones
    for other in others
    if one != other
}
PAIRS: tuple[tuple[str, str], ...] = tuple(
    pair for pair in itertools.combinations(TRICKS, 2) if frozenset(pair) not in LEFT_OUT
)


def evade(specimen: Specimen, tricks: Iterable[str], dice: Random) -> Evasion | None:
    """Apply these tricks in the order of `TRICKS`; None if one changes nothing."""
    wanted = set(tricks)
    used = tuple(name for name in TRICKS if name in wanted)
    for name in used:
        before = specimen
        specimen = TRICKS[name](before, dice)
        if specimen.told == before.told:
            return None
    return Evasion(specimen=specimen, tricks=used)


def alone(specimens: Iterable[Specimen], seed: int) -> Iterator[Evasion]:
    """Every specimen with every trick that applies to it."""
    for specimen in specimens:
        for name in TRICKS:
            # A trick's random numbers do not depend on earlier tricks and specimens.
            found = evade(specimen, (name,), Random(f"{seed} {name} {specimen.told}"))
            if found is not None:
                yield found


def in_pairs(specimens: Iterable[Specimen], seed: int, count: int) -> Iterator[Evasion]:
    """Every pair of tricks on `count` specimens to which it applies, or on all of them."""
    specimens = tuple(specimens)
    for pair in PAIRS:
        dice = Random(f"{seed} {pair}")
        tried = (evade(specimen, pair, dice) for specimen in dice.sample(specimens, len(specimens)))
        yield from itertools.islice((found for found in tried if found is not None), count)
