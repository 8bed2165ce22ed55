"""*Detect*: normalise a prompt, match it against the rules, return findings. It never decides.

Called by `bot/policy.py`. Pure: no I/O, no clock. Matching is on whole words of the normalised
text, never on substrings: a substring filter flags most benign anime prompts ("classic", "grape").
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from bot import floor


class Rule(StrEnum):
    """What a finding is about."""

    #: A word that sexualises minors.
    SEXUALISED_MINOR = "sexualised minor"
    #: What the law forbids.
    FORBIDDEN = "forbidden"
    #: A minor together with anything sexual or suggestive.
    MINOR_IN_SEXUAL_CONTEXT = "minor in a sexual context"
    #: A real person together with anything sexual.
    REAL_PERSON_IN_SEXUAL_CONTEXT = "real person in a sexual context"
    #: Sexual, with adulthood named as unwanted.
    ADULTHOOD_UNWANTED = "adulthood unwanted"
    #: Sexual content.
    SEXUAL = "sexual"
    #: A term that the server blocks.
    SERVER = "server"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One match: the rule and the term of its list (not the user's spelling)."""

    rule: Rule
    term: str


def _letters_from(first: int) -> dict[int, str]:
    """An alphabet that Unicode keeps 26 in a row: circled, squared or as flags."""
    return {first + place: letter for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")}


#: Letters of other scripts, and signs, that look or sound like a Latin one.
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("асеорхуікјѕԁһԛԝмтвнгпгл", "aceopxyikjsdhqwmtbhrnrl", strict=True)),
        **dict(zip("ибзэыфцд", "ibzeyfcd", strict=True)),
        **dict(zip("αβεικνορτυχγηωσλ", "abeiknoptuxynwsl", strict=True)),
        **dict(zip("ıɩɑɡʟɪᴏᴀᴇꜱſ", "iiagliOaess".lower(), strict=True)),
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "p", "æ": "ae", "œ": "oe", "ß": "ss",
        "ш": "sh", "щ": "sh", "ч": "ch", "ж": "zh", "ю": "yu", "я": "ya", "ь": "",
    }
    | _letters_from(0x1F150) | _letters_from(0x1F170) | _letters_from(0x1F1E6)
)  # fmt: skip
#: Digits and signs that stand for letters inside a word.
_LEET = str.maketrans("013457@$!€", "oieastasie")
_LEET_L = str.maketrans("013457@$!€", "oleastasle")
_SIGNS = "@$!€"
_WEIGHT = re.compile(r":\s*[-+]?\d*\.?\d+\s*(?=[)\]}>,]|$)")
#: Brackets of attention inside a word: `lo(li:1.2)`.
_INNER_BRACKETS = re.compile(r"(?<=\w)[()\[\]{}](?=\w)|(?<=\w):[\d.]+\)+\(+(?=\w)")
#: Signs that tie two halves of a word together as well as they part two words.
_TIES = re.compile(r"(?<=\w)[-_.*'\u2019\u00b7|/\\~](?=\w)")
_WORD = re.compile(r"[^\s]+")
#: `1girl`, `2boys`, `girl2`: a number before or after a word.
_COUNTED = re.compile(r"(?<!\w)\d*([^\W\d]+)\d*(?!\w)")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_YEARS = (
    "(?:[1-9]|1[0-7]|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|"
    "fourteen|fifteen|sixteen|seventeen)"
)
_AGE = re.compile(
    rf"\b{_YEARS}\s?(?:yo|y o|yrs? old|years? old|year olds?|years? of age)\b"
    rf"|\bage[ds]?(?: of)? {_YEARS}\b"
    r"|(?<!\d)(?:[1-9]|1[0-7])\s?[歳才岁세]"
)


def normalise(text: str) -> str:
    """The prompt as plain lower-case words with single spaces.

    NFKC and case folding, invisible and combining characters removed, look-alikes folded, attention
    weights and brackets taken away, separators made spaces, spelled-out letters joined.
    """
    return _words(_folded(text))


def _folded(text: str) -> str:
    """Every letter in its plain form; separators and weights still stand."""
    text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFD", text)
    text = "".join(
        c for c in text if unicodedata.category(c) not in {"Mn", "Me", "Cf", "Cc"} or c in "\n\t"
    )
    return unicodedata.normalize("NFC", text).translate(_LOOKALIKES)


def _words(folded: str) -> str:
    text = _WEIGHT.sub(" ", _INNER_BRACKETS.sub("", folded))
    return _join_letters("".join(c if c.isalnum() else " " for c in text))


def _signed_words(folded: str) -> str:
    """As `_words`, with the signs that may stand for letters."""
    text = _WEIGHT.sub(" ", _INNER_BRACKETS.sub("", folded))
    return _join_letters("".join(c if c.isalnum() or c in _SIGNS else " " for c in text))


def _join_letters(text: str) -> str:
    """`l o l i` reads `loli`: runs of three and more single letters are one word."""
    words: list[str] = []
    run: list[str] = []
    for word in [*text.split(), ""]:
        if len(word) == 1:
            run.append(word)
            continue
        words.extend(["".join(run)] if len(run) > 2 else run)
        run = []
        words.append(word)
    return " ".join(words[:-1])


def _readings(text: str) -> tuple[str, ...]:
    """The text in every way in which a person would read it, each once."""
    folded = _folded(text)
    signed = _signed_words(folded)
    ways = (
        _words(folded),
        _words(_TIES.sub("", folded)),
        _unleet(signed, _LEET),
        _unleet(signed, _LEET_L),
    )
    plain = [form for way in ways for form in (way, _COUNTED.sub(r"\1", way))]
    return tuple(dict.fromkeys(f for form in plain for f in (form, _LONG_RUN.sub(r"\1", form))))


def _unleet(text: str, table: dict[int, int]) -> str:
    """Digits and signs as letters, in words that have letters too."""

    def read(word: re.Match[str]) -> str:
        plain = word[0]
        return plain.translate(table) if any(c.isalpha() for c in plain) else plain

    return _WORD.sub(read, text)


#: Scripts that put no space between words: a term of theirs is found inside a longer text.
_UNSPACED = "\u3040-\u309f\u3400-\u9fff"
_KATAKANA = "\u30a0-\u30ff"
#: Words: a change of script ends one. Katakana counts as spaced: a calorie, カロリー, is no ロリ.
_TOKEN = re.compile(f"[{_KATAKANA}]+|[{_UNSPACED}]+|[^\\W{_KATAKANA}{_UNSPACED}]+")
_HAS_UNSPACED = re.compile(f"[{_UNSPACED}]")
#: Words of the longest term that is looked up; a longer one is searched for.
_PHRASE_WORDS = 4


@dataclass(frozen=True, slots=True)
class _Text:
    """A prompt as it is searched: every phrase of a few words, and the readings whole."""

    phrases: frozenset[str]
    #: With a space at both ends.
    readings: tuple[str, ...]


def _text(readings: Iterable[str]) -> _Text:
    tokens = [_TOKEN.findall(reading) for reading in readings]
    return _Text(
        frozenset(
            " ".join(words[at : at + length])
            for words in tokens
            for length in range(1, _PHRASE_WORDS + 1)
            for at in range(len(words) - length + 1)
        ),
        tuple(f" {' '.join(words)} " for words in tokens),
    )


@dataclass(frozen=True, slots=True)
class _Index:
    """A list of terms as it is looked up."""

    #: Every way to write a short term, and the term.
    spellings: dict[str, str]
    #: What is searched for in the readings instead, and its term.
    searched: dict[str, str]


@lru_cache(maxsize=512)
def _index(terms: frozenset[str]) -> _Index:
    """Words of a term may stand apart or together: `no bra`, `nobra`."""
    index = _Index({}, {})
    for term in terms:
        words = _TOKEN.findall(term)
        if _HAS_UNSPACED.search(term):
            index.searched[" ".join(words)] = term
        elif len(words) > _PHRASE_WORDS:
            index.searched[f" {' '.join(words)} "] = term
        elif words:
            gaps = itertools.product(("", " "), repeat=len(words) - 1)
            spelled = (
                "".join(w + g for w, g in zip(words, (*gap, ""), strict=True)) for gap in gaps
            )
            index.spellings.update(dict.fromkeys(spelled, term))
    return index


def _hits(text: _Text, terms: frozenset[str]) -> set[str]:
    index = _index(terms)
    found = {index.spellings[phrase] for phrase in index.spellings.keys() & text.phrases}
    return found | {
        term
        for wanted, term in index.searched.items()
        if any(wanted in reading for reading in text.readings)
    }


def findings(
    prompt: str, negative: str = "", blocked: frozenset[str] = frozenset()
) -> frozenset[Finding]:
    """Everything that any rule matches.

    `blocked` are a server's terms, normalised here. The negative prompt names what is not wanted,
    so it is only read for adulthood beside a sexual prompt.
    """
    readings = _readings(prompt)
    text = _text(readings)
    sexual = _hits(text, floor.SEXUAL)
    intimate = sexual | _hits(text, floor.SUGGESTIVE)
    minors = _minors(readings) if intimate else set[str]()
    found = {
        Rule.SEXUALISED_MINOR: _hits(text, floor.SEXUALISED_MINORS),
        Rule.FORBIDDEN: _hits(text, floor.FORBIDDEN),
        Rule.MINOR_IN_SEXUAL_CONTEXT: minors,
        Rule.REAL_PERSON_IN_SEXUAL_CONTEXT: (
            _hits(text, floor.REAL_PEOPLE) if sexual else set[str]()
        ),
        Rule.ADULTHOOD_UNWANTED: _unwanted(negative, floor.ADULTHOOD) if sexual else set[str](),
        Rule.SEXUAL: sexual,
        Rule.SERVER: _blocked(text, blocked),
    }
    return frozenset(Finding(rule=rule, term=t) for rule, terms in found.items() for t in terms)


def _minors(readings: tuple[str, ...]) -> set[str]:
    left = [_HARMLESS.sub(" ", reading) for reading in readings]
    ages = {m[0] for reading in left for m in _AGE.finditer(reading)}
    return ages | _hits(_text(left), floor.MINORS)


_HARMLESS = re.compile(rf"\b(?:{'|'.join(sorted(floor.HARMLESS))})\b")


def _unwanted(negative: str, terms: frozenset[str]) -> set[str]:
    return _hits(_text(_readings(negative)), terms)


def _blocked(text: _Text, blocked: frozenset[str]) -> set[str]:
    """The server's own spelling of each blocked term that matches."""
    return {term for term in blocked if (plain := _plain(term)) and _hits(text, frozenset({plain}))}


@lru_cache(maxsize=4096)
def _plain(term: str) -> str:
    return normalise(term)
