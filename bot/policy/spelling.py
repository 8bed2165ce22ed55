"""Expands terms as files write them: `nak{ed,edness}` is two; and a language's other spellings.

Called by `rulebook`. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import chain, product

#: A place in a term for one of several words.
_SLOT = re.compile(r"<([a-z-]+)>")
#: How German is written where there are no umlauts.
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue"})
#: A romanised Japanese word that another romanisation spells differently.
_ROMAJI = re.compile(
    r"(?=[a-z]*?(?:sh|ch|ts|j))(?=[a-z]{6})"
    r"(?:(?:sh|ch|ts|[kgnhbpmr]y|[kgsztdnhbpmyrwfj])?[aiueo]{1,2}n?)++"
)
#: Letters of such a word: a shorter one is part of too many names.
_ROMAJI_MIN = 6
#: Hepburn's spellings, as they are typed, and as the Japanese government has them (Kunrei).
_TYPED = (("sh", "sy"), ("ch", "ty"), ("ts", "t"), ("yi", "i"))
_KUNREI = (*_TYPED, ("j", "zy"), ("yi", "i"))


def expand_braces(term: str) -> Iterator[str]:
    """`nak{ed,edness}` as its words; a term without braces as it is."""
    if "{" not in term:
        return iter((term,))
    parts = [part.split(",") for part in term.replace("}", "{").split("{")]
    # Odd parts stood in braces; a comma elsewhere is a comma.
    fixed = [part if at % 2 else [",".join(part)] for at, part in enumerate(parts)]
    return ("".join(chosen) for chosen in product(*fixed))


def fill_slots(terms: Iterable[str], slots: Mapping[str, Iterable[str]]) -> tuple[str, ...]:
    """Terms with every `<slot>` replaced by the choice of its words. KeyError if there is none."""
    choices = {name: f"{{{','.join(words)}}}" for name, words in slots.items()}
    return tuple(_SLOT.sub(lambda slot: choices[slot[1]], term) for term in terms)


def all_spellings(terms: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """Terms by language, written out and in every spelling."""
    for language, written in terms.items():
        for term in chain.from_iterable(map(expand_braces, written)):
            yield term
            if language == "de" or _ROMAJI.fullmatch(term):
                yield from other_spellings(term, language)


def other_spellings(term: str, language: str) -> Iterator[str]:
    """The term in other spellings: German without umlauts, Japanese in Latin letters."""
    if language == "de" and (plain := term.translate(_UMLAUTS)) != term:
        yield plain
    if _ROMAJI.fullmatch(term):
        short = term.replace("ou", "o")
        ways = product((term, short), (_TYPED, _KUNREI))
        others = {short, *(_respelled(word, spellings) for word, spellings in ways)} - {term}
        yield from (other for other in others if len(other) >= _ROMAJI_MIN)


def _respelled(word: str, spellings: Iterable[tuple[str, str]]) -> str:
    for hepburn, other in spellings:
        word = word.replace(hepburn, other)
    return word
