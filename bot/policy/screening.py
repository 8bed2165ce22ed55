"""*Detect*: normalise a prompt, match it against the rules, return findings. It never decides.

Called by `bot/policy/decide.py`. Pure: no I/O, no clock. Matching is on whole words of the
normalised text, never on substrings: a substring filter flags most benign anime prompts ("classic",
"grape"). What is matched is the text as typed and as the model will read it: `models.prompt` says
which halves of a word its brackets join, and which words are turned into their opposite. Whatever
is typed is read in one pass: no pattern here gives back what it took (`++`), so none is slow.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from bot.domain import RuleId, Ruling
from bot.policy.effect import Effect
from bot.policy.rulebook import Rulebook
from bot.policy.rules import Criteria, Criterion
from models.prompt import Piece, parse


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A rule that matched, and what it matched on; of a server's term, as the server wrote it."""

    rule: RuleId
    words: tuple[str, ...]


_REFUSED = Effect(ruling=Ruling.REFUSE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A word or phrase of a server's own, what its members are told, and what follows."""

    text: str
    reason: str = ""
    effect: Effect = _REFUSED


class Screen:
    """What a server's policy finds in prompts."""

    def __init__(
        self, rulebook: Rulebook, blocked: Sequence[Term] = (), allowed: Sequence[str] = ()
    ) -> None:
        del rulebook, allowed
        self._blocked = frozenset(term.text for term in blocked)

    def findings(self, prompt: str, negative: str = "") -> frozenset[Finding]:
        """Everything that any rule matches."""
        return findings(prompt, negative, self._blocked)


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
_LEET_SIGN = re.compile("[013457@$!€]")
_NUMBER = r"[-+]?(?:\d++(?:\.\d*+)?|\.\d++)"
_WEIGHT = re.compile(rf":\s*+{_NUMBER}\s*+(?=[)\]}}>,]|$)")
#: Brackets inside a word, with a weight or without: `lo(li:1.2)`, `lo{li}`, `lo:1.2)(li`.
_INNER_BRACKETS = re.compile(rf"(?<=\w)(?::\s*+{_NUMBER}\s*+)?[()\[\]{{}}]++(?=\w)")
#: Signs that tie two halves of a word together as well as they part two words.
_TIES = re.compile(r"(?<=\w)[-_.*'\u2019\u00b7|/\\~](?=\w)")
_WORD = re.compile(r"[^\s]++")
#: `1girl`, `2boys`, `girl2`: a number before or after a word.
_COUNTED = re.compile(r"(?<!\w)\d*+([^\W\d]++)\d*+(?!\w)")
_LONG_RUN = re.compile(r"(.)\1{2,}+")
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
    return _words(_INNER_BRACKETS.sub("", _folded(text)))


def _folded(text: str) -> str:
    """Every letter in its plain form; separators and weights still stand."""
    # One by one: Unicode sorts the marks over a letter, and a thousand of them take their time.
    plain = "".join(map(_plain_letter, text))
    return unicodedata.normalize("NFC", plain).translate(_LOOKALIKES)


@lru_cache(maxsize=8192)
def _plain_letter(letter: str) -> str:
    """NFKC and case folding of one character, without what is unseen or stands over a letter."""
    folded = unicodedata.normalize("NFKC", letter).casefold()
    return "".join(
        c
        for c in unicodedata.normalize("NFD", folded)
        if c in "\n\t"
        or not (unicodedata.combining(c) or unicodedata.category(c) in {"Mn", "Me", "Cf", "Cc"})
    )


@lru_cache(maxsize=8192)
def _compatible(letter: str) -> str:
    """NFKC of one character: a full-width bracket is a bracket, a circled digit a digit."""
    return unicodedata.normalize("NFKC", letter)


def _words(folded: str, signs: str = "") -> str:
    """Words with single spaces, brackets and weights left out; these signs may be letters."""
    text = _WEIGHT.sub(" ", folded)
    return _join_letters("".join(c if c.isalnum() or c in signs else " " for c in text))


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


def _as_read(pieces: Sequence[Piece]) -> Iterator[str]:
    """What a tokenizer makes of the pieces: each by itself, and without a gap between them.

    A BREAK is a gap; it is also read through, every second one and all of them, for a person puts
    `lo BREAK li` together.
    """
    yield " ".join(piece.text for piece in pieces)
    breaks = list(itertools.accumulate(piece.breaks for piece in pieces))
    for gaps in ((0, 1), (0,), (1,), ()):
        yield "".join(
            f" {piece.text}" if piece.breaks and number % 2 in gaps else piece.text
            for piece, number in zip(pieces, breaks, strict=True)
        )


def _spoken(text: str, opposite: str = "") -> tuple[str, ...]:
    """The text as typed and as the model reads it, with what the opposite prompt turns into it.

    Less of what is not wanted is more of it: a negative weight makes a wish of an aversion and an
    aversion of a wish. Full-width brackets are read as brackets too.
    """
    spoken = [text]
    for form in _widths(text):
        spoken += _as_read(parse(form))
    for form in _widths(opposite):
        pieces = parse(form)
        if any(piece.weight < 0 for piece in pieces):
            gap = Piece(text=" ")
            spoken += _as_read([piece if piece.weight < 0 else gap for piece in pieces])
    return tuple(dict.fromkeys(spoken))


def _widths(text: str) -> Iterable[str]:
    return dict.fromkeys((text, "".join(map(_compatible, text))))


def _readings(spoken: Iterable[str]) -> tuple[str, ...]:
    """The texts in every way in which a person would read them, each once."""
    folded = dict.fromkeys(_folded(text) for text in spoken)
    apart = [form for text in folded for form in (text, _INNER_BRACKETS.sub("", text))]
    tied = dict.fromkeys(form for text in apart for form in (text, _TIES.sub("", text)))
    ways = dict.fromkeys(way for text in tied for way in _letters(text))
    plain = dict.fromkeys(form for way in ways for form in (way, _COUNTED.sub(r"\1", way)))
    return tuple(dict.fromkeys(f for form in plain for f in (form, _LONG_RUN.sub(r"\1", form))))


def _letters(folded: str) -> tuple[str, ...]:
    """The words, and what they are if digits and signs stand for letters."""
    signed = _words(folded, _SIGNS)
    return _words(folded), _unleet(signed, _LEET), _unleet(signed, _LEET_L)


def _unleet(text: str, table: dict[int, int]) -> str:
    """Digits and signs as letters, in words that have letters too."""

    def read(word: re.Match[str]) -> str:
        plain = word[0]
        return plain.translate(table) if any(c.isalpha() for c in plain) else plain

    return _WORD.sub(read, text) if _LEET_SIGN.search(text) else text


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
    # Readings differ in a few words: what they share is looked at once.
    windows = {window for words in tokens for window in _windows(words)}
    return _Text(
        frozenset(
            " ".join(window[:length])
            for window in windows
            for length in range(1, _PHRASE_WORDS + 1)
        ),
        tuple(f" {' '.join(words)} " for words in tokens),
    )


def _windows(words: list[str]) -> Iterable[tuple[str, ...]]:
    """Every few words in a row; the last ones are filled up with empty words."""
    filled = [*words, *[""] * (_PHRASE_WORDS - 1)]
    return zip(*(filled[at:] for at in range(_PHRASE_WORDS)), strict=False)


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
    so it is only read for what a negative weight wants after all, and for adulthood beside a
    sexual prompt.
    """
    wanted = _Side.of(prompt, opposite=negative)
    found = {
        rule.id: _matches(rule.value, wanted, lambda: _Side.of(negative, opposite=prompt))
        for rule in Criterion
    }
    found[Criterion.SERVER.id] = _blocked(wanted.text, blocked)
    return frozenset(Finding(rule=rule, words=(t,)) for rule, terms in found.items() for t in terms)


@dataclass(frozen=True, slots=True)
class _Side:
    """The prompt or the negative prompt, as it can be read."""

    readings: tuple[str, ...]
    text: _Text

    @classmethod
    def of(cls, spoken: str, *, opposite: str) -> _Side:
        readings = _readings(_spoken(spoken, opposite=opposite))
        return cls(readings, _text(readings))


def _matches(criteria: Criteria, wanted: _Side, unwanted: Callable[[], _Side]) -> set[str]:
    """The words of a rule that are there, if what must stand beside them is there too."""
    if criteria.beside is not None and not _hits(wanted.text, criteria.beside):
        return set()
    side = unwanted() if criteria.unwanted else wanted
    readings, text = side.readings, side.text
    if criteria.harmless:
        pattern = _phrases(criteria.harmless)
        readings = tuple(pattern.sub(" ", reading) for reading in readings)
        text = _text(readings)
    ages = {m[0] for reading in readings for m in _AGE.finditer(reading)} if criteria.ages else ()
    return {*ages, *_hits(text, criteria.words)}


@lru_cache(maxsize=8)
def _phrases(phrases: frozenset[str]) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{'|'.join(sorted(phrases))})\b")


def _blocked(text: _Text, blocked: frozenset[str]) -> set[str]:
    """The server's own spelling of each blocked term that matches."""
    return {term for term in blocked if (plain := _plain(term)) and _hits(text, frozenset({plain}))}


@lru_cache(maxsize=4096)
def _plain(term: str) -> str:
    return normalise(term)
