"""Whether a term is denied right where it stands: `no nudity`, `sin sangre`, `裸ではない`.

Called by `denying`, for rules that only say who may see something. Pure. Must not know rules.
Looks at what was typed, and not at what it may read as: whoever means well disguises nothing. Too
little is taken for a denial rather than too much, so the sentence must end behind the term, or go
on in a way that leaves it denied.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import chain

from bot.policy.spelling import expand_braces

#: How many characters before and behind a term are looked at.
_NEAR_CHARS = 64
#: A term that is written without disguise.
_PLAIN = re.compile(r"[\w '\u2019-]+")
#: Where a word begins and ends.
_BEGIN, _END = r"(?<![^\W_])(?<!['\u2019-])", r"(?![^\W_]|['\u2019])"
#: Between a denial and its term: brackets that emphasise it may open there.
_GAP, _NO_GAP = r"(?:[ _]+(?:\\?[({] ?)*|-|(?<=['\u2019]))", r" ?(?:\\?[({] ?)*"
#: `nudity-free` and `non-nude`, whatever follows.
_FREE, _NON = re.compile(rf"-fr(?:ee|ei){_END}"), "non-"
_FREI = frozenset({"free", "frei"})
#: Where the first word of a denial ends.
_FIRST = re.compile(r"\W")
#: What ends a phrase: its emphasis, and then a comma or the like. A question denies nothing.
_EMPHASIS = r"(?: ?:[0-9.]{1,5})?[ \\)}\]]*"
_STOP = "(?:\\Z|[,.;!\x01\u3001\u3002\uff0c\uff1b\uff01\u30fb]|[-\u2013\u2014] )"


@dataclass(frozen=True, slots=True, kw_only=True)
class DenialWords:
    """How some languages deny: see `lexicon/denials.toml`."""

    spaced: bool = False
    before: tuple[str, ...] = ()
    denied: tuple[str, ...] = ()
    undone: tuple[str, ...] = ()
    little: tuple[str, ...] = ()
    either: tuple[str, ...] = ()
    things: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    within: tuple[str, ...] = ()


class Denials:
    """Recognises denied terms; made once for a rulebook."""

    def __init__(self, languages: Mapping[str, DenialWords]) -> None:
        every = languages.values()
        self._before = [
            (_pattern_before(words), _pattern_behind(words)) for words in every if words.before
        ]
        self._behind = [_pattern_behind(words) for words in every if words.denied]
        spaced = (one for words in every if words.spaced for one in words.before)
        #: The words with which denials begin, where words are spaced.
        self.first = _FREI.union(_FIRST.split(one)[0] for one in _spellings(spaced))
        self._own_denial = _union(_whole_words(words, words.within) for words in every)

    def is_denied(self, before: str, term: str, behind: str) -> bool:
        """Whether the term between these texts is denied; all are as typed."""
        term = term.casefold()
        if not _PLAIN.fullmatch(term) or self._own_denial.search(term):
            return False
        before, behind = before[-_NEAR_CHARS:].casefold(), behind[:_NEAR_CHARS].casefold()
        if _FREE.match(behind) or any(closes.match(behind) for closes in self._behind):
            return not any(opens.search(before) for opens, _ in self._before)
        return any(
            (before.endswith(_NON) or closes.match(behind))
            and (found := opens.search(before))
            and not found["undone"]
            for opens, closes in self._before
        )


def _pattern_before(words: DenialWords) -> re.Pattern[str]:
    """A pattern for the text before a denied term, with words that undo the denial."""
    space, end = _space_and_border(words)
    return re.compile(
        f"(?P<undone>{_whole_words(words, words.undone)}[ ,_]*)?{_whole_words(words, words.before)}"
        f"(?:{space}{_any_word(words.little)}{end})*"
        f"(?:{space}{_any_word(words.things)}{space}{_any_word(words.either)}{end})?"
        f"{_GAP if words.spaced else _NO_GAP}\\Z"
    )


def _pattern_behind(words: DenialWords) -> re.Pattern[str]:
    """A pattern for the text behind a denied term."""
    space, end = _space_and_border(words)
    things = f"(?:{space}{_any_word(words.things)}{end})*"
    goes_on = f"{_EMPHASIS}(?:{_STOP}|{space}{_any_word(words.behind)}{end})"
    if not words.denied:
        return re.compile(things + goes_on)
    undone = f"(?! ?{_any_word(words.undone)})"
    return re.compile(f"{things}{_EMPHASIS}{_any_word(words.denied)}{undone}{goes_on}")


def _space_and_border(words: DenialWords) -> tuple[str, str]:
    """Patterns for the space between two words, and for the end of one."""
    return ("[ _]+", _END) if words.spaced else (" ?", "")


def _whole_words(words: DenialWords, some: Iterable[str]) -> str:
    """Any of some words; as whole words where those are spaced."""
    return f"{_BEGIN}{_any_word(some)}{_END}" if words.spaced else _any_word(some)


def _union(patterns: Iterable[str]) -> re.Pattern[str]:
    return re.compile("|".join(patterns))


def _any_word(some: Iterable[str]) -> str:
    """A pattern for any of some words; without words, one that never matches."""
    every = sorted(_spellings(some))
    return f"(?:{'|'.join(map(re.escape, every))})" if every else "(?!)"


def _spellings(some: Iterable[str]) -> set[str]:
    return {word.casefold() for word in chain.from_iterable(map(expand_braces, some))}
