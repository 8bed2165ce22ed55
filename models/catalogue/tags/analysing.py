"""Predicts what a model understands of a prompt: known tags, and words it has never seen.

Pure. Called before drawing, by the code that warns members and by `filling`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from models.catalogue.tags.book import plain
from models.catalogue.tags.glossary import FILLERS, Glossary
from models.prompt import parse

#: Separators of phrases; a full stop counts only at the end of a word.
_PHRASES = re.compile(r"[,;|\n\u3001\u3002\uff0c]|\.(?=\s|$)|:(?=\s)")
#: `<lora:name:0.8>` and the like.
_MACROS = re.compile(r"<[^<>]{0,200}>")
_TRIMMED_MARKS = "\"'`\u201c\u201d\u2018\u2019«»!?.…~*()[]{}"
#: Scripts that put no spaces between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
#: How far an adjective may be from its noun: `long, straight blue hair`.
_REACH = 3
#: The most corrections that are looked up: that costs more than all the rest.
_CORRECTIONS_MAX = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptAnalysis:
    """The analysis of a prompt, in its order."""

    #: The tags that the prompt expresses, in whatever words.
    tags: tuple[str, ...] = ()
    #: Those among them that it expresses in words the model has never seen.
    foreign: dict[str, tuple[str, ...]]
    #: Words the model has never seen, as written.
    unknown: tuple[str, ...] = ()
    #: Unknown words and phrases whose spelling is close to a tag.
    corrections: dict[str, str]
    #: Whether the model has seen any of its words.
    has_seen_words: bool = False

    @property
    def is_strange(self) -> bool:
        """Whether it has words, and neither the model nor the tags file knows any of them."""
        return bool(self.unknown) and not self.has_seen_words and not self.foreign


@lru_cache(maxsize=128)
def analyse(prompt: str, glossary: Glossary) -> PromptAnalysis:
    """Analyse a prompt. Without a tags file, no word counts as unknown."""
    if not glossary:
        return PromptAnalysis(foreign={}, corrections={})
    reader = _Reader(glossary)
    for phrase in _phrases(prompt):
        reader.read(phrase)
    return PromptAnalysis(
        tags=tuple(reader.tags),
        foreign=reader.foreign,
        unknown=tuple(reader.unknown),
        corrections=reader.corrections,
        has_seen_words=reader.has_seen_words,
    )


def _phrases(prompt: str) -> Iterator[list[str]]:
    """The words between commas, without weights; parts with weight 0 are left out."""
    text = "".join(
        (", " if piece.breaks else "") + piece.text
        for piece in parse(_MACROS.sub(" ", prompt))
        if piece.weight > 0
    )
    for phrase in _PHRASES.split(text):
        if words := _words(phrase):
            yield words


def _words(phrase: str) -> list[str]:
    """The words as written, apart from underscores between and marks around them."""
    spaced = _UNSPACED.sub(lambda run: f" {run[0]} ", phrase)
    return [word for text in spaced.split() for word in _split(text.strip(_TRIMMED_MARKS) or text)]


def _split(word: str) -> list[str]:
    """`blue_hair` as two words; a face stays whole."""
    return word.replace("_", " ").split() if " " in plain(word) else [word]


class _Reader:
    """Reads the words of one phrase in order."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self.tags: dict[str, None] = {}
        self.foreign: dict[str, tuple[str, ...]] = {}
        self.unknown: dict[str, None] = {}
        self.corrections: dict[str, str] = {}
        self.has_seen_words = False

    def read(self, words: list[str]) -> None:
        """Read one phrase, the longest names first."""
        start = 0
        while start < len(words):
            start += self._read_name(words, start) or self._read_word(words, start)

    def _read_name(self, words: list[str], start: int) -> int:
        """Read the longest name that begins here; return its number of words, or 0."""
        for count in range(min(self._glossary.name_words_max, len(words) - start), 0, -1):
            written = " ".join(words[start : start + count])
            if self._add_if_known(written):
                return count
        return 0

    def _add_if_known(self, written: str) -> bool:
        name = plain(written)
        tags = self._glossary.meaning(name)
        self.tags.update(dict.fromkeys(tags))
        if not tags:
            return False
        if self._is_seen(name):
            self.has_seen_words = True
        else:
            self.foreign[written] = tags
        return True

    def _is_seen(self, name: str) -> bool:
        """Whether the model has seen this very name, or at least each of its words."""
        return name in self._glossary.seen_names or all(map(self._glossary.knows, name.split()))

    def _read_word(self, words: list[str], start: int) -> int:
        """Read a word that begins no name: an adjective of a later noun, or a word of its own."""
        written, word = words[start], plain(words[start])
        if _UNSPACED.fullmatch(written):
            self._read_unspaced(written)
        elif (
            not self._read_adjective(words, start) and word not in FILLERS and _is_meaningful(word)
        ):
            if all(self._glossary.knows(part) for part in word.replace("-", " ").split()):
                self.has_seen_words = True
            else:
                self.unknown[written] = None
                self._find_correction(words, start)
        return 1

    def _find_correction(self, words: list[str], start: int) -> None:
        """Look up a correction for an unknown word, with its neighbours and alone."""
        if len(self.corrections) == _CORRECTIONS_MAX:
            return
        for first, last in ((start, start + 2), (max(0, start - 1), start + 1), (start, start + 1)):
            written = " ".join(words[first:last])
            for tag in self._glossary.nearest(plain(written)):
                self.corrections[written] = tag
                return

    def _read_adjective(self, words: list[str], start: int) -> bool:
        """In `long blue hair`, read `long` as `long hair`."""
        for noun in words[start + 1 : start + 1 + _REACH]:
            tags = self._glossary.meaning(plain(f"{words[start]} {noun}"))
            if tags:
                self.tags.update(dict.fromkeys(tags))
                self.has_seen_words = True
                return True
        return False

    def _read_unspaced(self, run: str) -> None:
        """Read a run of characters without spaces: its longest names, and the rest as unknown."""
        start, rest = 0, ""
        while start < len(run):
            end = next(
                (e for e in range(len(run), start, -1) if self._add_if_known(run[start:e])), None
            )
            if end is None:
                rest += run[start]
                start += 1
                continue
            self._add_unknown(rest)
            start, rest = end, ""
        self._add_unknown(rest)

    def _add_unknown(self, rest: str) -> None:
        if rest and not all(sign in FILLERS for sign in rest):
            self.unknown[rest] = None


def _is_meaningful(word: str) -> bool:
    """Whether it is more than punctuation and numbers; an emoji counts."""
    return any(unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "So" for c in word)
