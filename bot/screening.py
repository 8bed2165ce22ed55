"""*Detect*: normalise a prompt, match it against the rules, return findings. It never decides.

Called by `bot/policy.py`. Pure: no I/O, no clock. Matching is on whole words of the normalised
text, never on substrings: a substring filter flags most benign anime prompts ("classic", "grape").
"""

from __future__ import annotations

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


#: Letters of other scripts, and signs, that look like a Latin one.
_LOOKALIKES = str.maketrans(
    {
        **dict(zip("асеорхуікјѕԁһԛԝмтвнгпгл", "aceopxyikjsdhqwmtbhrnrl", strict=True)),
        **dict(zip("αβεικνορτυχγηωσλ", "abeiknoptuxynwsl", strict=True)),
        **dict(zip("ıɩɑɡʟɪᴏᴀᴇꜱſ", "iiagliOaess".lower(), strict=True)),
        "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "p", "æ": "ae", "œ": "oe", "ß": "ss",
    }
)  # fmt: skip
#: Digits and signs that stand for letters inside a word.
_LEET = str.maketrans("013457@$!|€", "oieastasiie")
_LEET_L = str.maketrans("013457@$!|€", "oleastaslle")
_WEIGHT = re.compile(r":\s*[-+]?\d*\.?\d+\s*(?=[)\]}>,]|$)")
_SEPARATORS = re.compile(r"[\s_\-.,;/\\*~'\"`\u00b4^=|+&#()\[\]{}<>:\u2022\u00b7]+")
_WORD = re.compile(r"[^\s]+")
#: `1girl`, `2boys`, `4koma`: a number before a word.
_COUNTED = re.compile(r"\d+[a-z]+")
_LONG_RUN = re.compile(r"(.)\1{2,}")
_AGE = re.compile(r"\b(?:[1-9]|1[0-7])\s?(?:yo|y o|yrs? old|years? old|year olds?)\b")


def normalise(text: str) -> str:
    """The prompt as plain lower-case words with single spaces.

    NFKC and case folding, invisible and combining characters removed, look-alikes folded, attention
    weights and brackets taken away, separators made spaces, spelled-out letters joined.
    """
    text = unicodedata.normalize("NFKC", text).casefold()
    text = unicodedata.normalize("NFD", text)
    text = "".join(
        c for c in text if unicodedata.category(c) not in {"Mn", "Me", "Cf", "Cc"} or c in "\n\t"
    )
    text = unicodedata.normalize("NFC", text).translate(_LOOKALIKES)
    text = re.sub(r"(?<=\w)[()\[\]{}](?=\w)|(?<=\w):[\d.]+\)+\(+(?=\w)", "", text)
    text = _SEPARATORS.sub(" ", _WEIGHT.sub(" ", text)).strip()
    return _join_letters(text)


def _join_letters(text: str) -> str:
    """`l o l i` reads `loli`: runs of three and more single letters are one word."""
    words: list[str] = []
    run: list[str] = []
    for word in [*text.split(" "), ""]:
        if len(word) == 1 and word.isalnum():
            run.append(word)
            continue
        words.extend(["".join(run)] if len(run) > 2 else run)
        run = []
        words.append(word)
    return " ".join(words[:-1])


def _readings(text: str) -> Iterable[str]:
    """The text, and the other ways in which a person would read it."""
    for read in (text, _unleet(text, _LEET), _unleet(text, _LEET_L)):
        yield read
        yield _LONG_RUN.sub(r"\1", read)


def _unleet(text: str, table: dict[int, int]) -> str:
    """Digits and signs as letters, in words that have letters too; `1girl` keeps its number."""

    def read(word: re.Match[str]) -> str:
        plain = word[0]
        mixed = any(c.isalpha() for c in plain) and not _COUNTED.fullmatch(plain)
        return plain.translate(table) if mixed else plain

    return _WORD.sub(read, text)


@lru_cache(maxsize=512)
def _pattern(terms: frozenset[str]) -> re.Pattern[str]:
    """One expression for a list of terms; words of a term may stand apart or together."""
    spelled = sorted((_spelled(term) for term in terms), key=len, reverse=True)
    return re.compile(rf"(?<!\w)(?:{'|'.join(spelled)})(?!\w)")


def _spelled(term: str) -> str:
    return r"\s?".join(re.escape(word) for word in term.split(" "))


def _hits(readings: tuple[str, ...], terms: frozenset[str]) -> set[str]:
    if not terms:
        return set()
    pattern = _pattern(terms)
    return {match[0] for reading in readings for match in pattern.finditer(reading)}


def findings(
    prompt: str, negative: str = "", blocked: frozenset[str] = frozenset()
) -> frozenset[Finding]:
    """Everything that any rule matches.

    `blocked` are a server's terms, normalised here. The negative prompt names what is not wanted,
    so it is only read for adulthood beside a sexual prompt.
    """
    readings = tuple(dict.fromkeys(_readings(normalise(prompt))))
    sexual = _hits(readings, floor.SEXUAL)
    intimate = sexual | _hits(readings, floor.SUGGESTIVE)
    minors = _hits(readings, floor.MINORS) | {m[0] for r in readings for m in _AGE.finditer(r)}
    found = {
        Rule.SEXUALISED_MINOR: _hits(readings, floor.SEXUALISED_MINORS),
        Rule.FORBIDDEN: _hits(readings, floor.FORBIDDEN),
        Rule.MINOR_IN_SEXUAL_CONTEXT: minors if intimate else set[str](),
        Rule.REAL_PERSON_IN_SEXUAL_CONTEXT: (
            _hits(readings, floor.REAL_PEOPLE) if sexual else set[str]()
        ),
        Rule.ADULTHOOD_UNWANTED: _unwanted(negative, floor.ADULTHOOD) if sexual else set[str](),
        Rule.SEXUAL: sexual,
        Rule.SERVER: _blocked(readings, blocked),
    }
    return frozenset(Finding(rule=rule, term=t) for rule, terms in found.items() for t in terms)


def _unwanted(negative: str, terms: frozenset[str]) -> set[str]:
    return _hits(tuple(_readings(normalise(negative))), terms)


def _blocked(readings: tuple[str, ...], blocked: frozenset[str]) -> set[str]:
    """The server's own spelling of each blocked term that matches."""
    return {
        term
        for term in blocked
        if (plain := normalise(term)) and _hits(readings, frozenset({plain}))
    }
