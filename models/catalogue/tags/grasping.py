"""Predicts what a model makes of a prompt: known tags, and words it has never seen.

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
_TRIMMED = "\"'`\u201c\u201d\u2018\u2019«»!?.…~*()[]{}"
#: Scripts that put no spaces between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
#: How far an adjective may be from its noun: `long, straight blue hair`.
_REACH = 3
#: How many typos are looked up: that costs more than all the rest.
_REMEDIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Grasp:
    """The analysis of a prompt, in its order."""

    #: The tags that the prompt expresses, in whatever words.
    said: tuple[str, ...] = ()
    #: Those among them that it expresses in words the model has never seen.
    foreign: dict[str, tuple[str, ...]]
    #: Words the model has never seen, as written.
    unknown: tuple[str, ...] = ()
    #: Unknown words and phrases whose spelling is close to a tag.
    near: dict[str, str]
    #: Whether the model has seen anything in it.
    met: bool = False

    @property
    def is_strange(self) -> bool:
        """Whether it has words, and none means anything to the model or to us."""
        return bool(self.unknown) and not self.met and not self.foreign


@lru_cache(maxsize=512)
def grasp(prompt: str, glossary: Glossary) -> Grasp:
    """Analyse a prompt. Without a tags file, no word counts as unknown."""
    if not glossary:
        return Grasp(foreign={}, near={})
    reader = _Reader(glossary)
    for phrase in _phrases(prompt):
        reader.read(phrase)
    return Grasp(
        said=tuple(reader.said),
        foreign=reader.foreign,
        unknown=tuple(reader.unknown),
        near=reader.near,
        met=reader.met,
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
    return [word for text in spaced.split() for word in _split(text.strip(_TRIMMED) or text)]


def _split(word: str) -> list[str]:
    """`blue_hair` as two words; a face stays whole."""
    return word.replace("_", " ").split() if " " in plain(word) else [word]


class _Reader:
    """Reads the words of one phrase in order."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self.said: dict[str, None] = {}
        self.foreign: dict[str, tuple[str, ...]] = {}
        self.unknown: dict[str, None] = {}
        self.near: dict[str, str] = {}
        self.met = False

    def read(self, words: list[str]) -> None:
        """Read one phrase, the longest names first."""
        at = 0
        while at < len(words):
            at += self._name(words, at) or self._word(words, at)

    def _name(self, words: list[str], at: int) -> int:
        """Take the longest name that begins here; return its number of words, or 0."""
        for count in range(min(self._glossary.longest, len(words) - at), 0, -1):
            written = " ".join(words[at : at + count])
            if self._take(written):
                return count
        return 0

    def _take(self, written: str) -> bool:
        name = plain(written)
        meant = self._glossary.meaning(name)
        self.said.update(dict.fromkeys(meant))
        if not meant:
            return False
        if self._is_met(name):
            self.met = True
        else:
            self.foreign[written] = meant
        return True

    def _is_met(self, name: str) -> bool:
        """Whether the model has seen this very name, or at least each of its words."""
        return name in self._glossary.met or all(map(self._glossary.knows, name.split()))

    def _word(self, words: list[str], at: int) -> int:
        """Read a word that begins no name: it belongs to a later noun, or stands for itself."""
        written, word = words[at], plain(words[at])
        if _UNSPACED.fullmatch(written):
            self._unspaced(written)
        elif not self._adjective(words, at) and word not in FILLERS and _says_something(word):
            if all(self._glossary.knows(part) for part in word.replace("-", " ").split()):
                self.met = True
            else:
                self.unknown[written] = None
                self._remedy(words, at)
        return 1

    def _remedy(self, words: list[str], at: int) -> None:
        """Look up a correction for an unknown word, with its neighbours and alone."""
        if len(self.near) == _REMEDIES:
            return
        for first, last in ((at, at + 2), (max(0, at - 1), at + 1), (at, at + 1)):
            written = " ".join(words[first:last])
            for tag in self._glossary.nearest(plain(written)):
                self.near[written] = tag
                return

    def _adjective(self, words: list[str], at: int) -> bool:
        """In `long blue hair`, read `long` as `long hair`."""
        for noun in words[at + 1 : at + 1 + _REACH]:
            meant = self._glossary.meaning(plain(f"{words[at]} {noun}"))
            if meant:
                self.said.update(dict.fromkeys(meant))
                self.met = True
                return True
        return False

    def _unspaced(self, run: str) -> None:
        """Read a run of characters without spaces.

        Its longest names, and what is left between them.
        """
        at, rest = 0, ""
        while at < len(run):
            end = next((e for e in range(len(run), at, -1) if self._take(run[at:e])), None)
            if end is None:
                rest += run[at]
                at += 1
                continue
            self._left_over(rest)
            at, rest = end, ""
        self._left_over(rest)

    def _left_over(self, rest: str) -> None:
        if rest and not all(sign in FILLERS for sign in rest):
            self.unknown[rest] = None


def _says_something(word: str) -> bool:
    """Whether it is more than punctuation and numbers; an emoji counts."""
    return any(unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "So" for c in word)
