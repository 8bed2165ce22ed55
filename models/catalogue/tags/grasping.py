"""What a model will make of a prompt: tags that it knows, and words that it has never met.

Pure. Called before something is drawn, by whoever tells members and by `filling`.
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

#: Where one thing ends and another begins; a full stop only at the end of a word.
_PHRASES = re.compile(r"[,;|\n\u3001\u3002\uff0c]|\.(?=\s|$)|:(?=\s)")
#: `<lora:name:0.8>` and its like.
_MACROS = re.compile(r"<[^<>]{0,200}>")
_TRIMMED = "\"'`\u201c\u201d\u2018\u2019«»!?.…~*()[]{}"
#: Scripts that put no spaces between words.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]+")
#: How far an adjective may stand before its noun: `long, straight blue hair`.
_REACH = 3
#: So many slips are looked up: it costs more than all the rest.
_REMEDIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Grasp:
    """What was found in a prompt, in the order in which it stands there."""

    #: Tags that the prompt says, whatever words it says them with.
    said: tuple[str, ...] = ()
    #: Of these, what the prompt says with words that the model has never met.
    foreign: dict[str, tuple[str, ...]]
    #: Words that the model has never met, as they were written.
    unknown: tuple[str, ...] = ()
    #: Unknown words and phrases that are spelt nearly as a tag.
    near: dict[str, str]
    #: Something in it the model has met.
    met: bool = False

    @property
    def is_strange(self) -> bool:
        """Whether there are words, and none of them says anything to the model or to us."""
        return bool(self.unknown) and not self.met and not self.foreign


@lru_cache(maxsize=512)
def grasp(prompt: str, glossary: Glossary) -> Grasp:
    """Read a prompt as its model will. Without a tags file nothing is known to be unknown."""
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
    """The words between commas, without weights; what is not wanted (a weight of 0) is left out."""
    text = "".join(
        (", " if piece.breaks else "") + piece.text
        for piece in parse(_MACROS.sub(" ", prompt))
        if piece.weight > 0
    )
    for phrase in _PHRASES.split(text):
        if words := _words(phrase):
            yield words


def _words(phrase: str) -> list[str]:
    """As they were written, but for underscores between them and marks around them."""
    spaced = _UNSPACED.sub(lambda run: f" {run[0]} ", phrase)
    return [word for text in spaced.split() for word in _split(text.strip(_TRIMMED) or text)]


def _split(word: str) -> list[str]:
    """`blue_hair` as two words; a face stays whole."""
    return word.replace("_", " ").split() if " " in plain(word) else [word]


class _Reader:
    """Goes through the words of one phrase after the other."""

    def __init__(self, glossary: Glossary) -> None:
        self._glossary = glossary
        self.said: dict[str, None] = {}
        self.foreign: dict[str, tuple[str, ...]] = {}
        self.unknown: dict[str, None] = {}
        self.near: dict[str, str] = {}
        self.met = False

    def read(self, words: list[str]) -> None:
        """One phrase, the longest names first."""
        at = 0
        while at < len(words):
            at += self._name(words, at) or self._word(words, at)

    def _name(self, words: list[str], at: int) -> int:
        """Take the longest name that begins here; how many words it has, 0 if there is none."""
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
        """Whether the model has met this very name, or at least every word of it."""
        return name in self._glossary.met or all(map(self._glossary.knows, name.split()))

    def _word(self, words: list[str], at: int) -> int:
        """One word that begins no name: it belongs to a noun further on, or stands for itself."""
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
        """What the unknown word may have been meant for, with its neighbours and alone."""
        if len(self.near) == _REMEDIES:
            return
        for first, last in ((at, at + 2), (max(0, at - 1), at + 1), (at, at + 1)):
            written = " ".join(words[first:last])
            for tag in self._glossary.nearest(plain(written)):
                self.near[written] = tag
                return

    def _adjective(self, words: list[str], at: int) -> bool:
        """`long` in `long blue hair` says `long hair`."""
        for noun in words[at + 1 : at + 1 + _REACH]:
            meant = self._glossary.meaning(plain(f"{words[at]} {noun}"))
            if meant:
                self.said.update(dict.fromkeys(meant))
                self.met = True
                return True
        return False

    def _unspaced(self, run: str) -> None:
        """A run of signs without spaces: the longest names in it, and what is left between them."""
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
    """Not only punctuation and numbers; an emoji says something."""
    return any(unicodedata.category(c)[0] == "L" or unicodedata.category(c) == "So" for c in word)
