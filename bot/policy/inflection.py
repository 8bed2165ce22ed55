"""*Inflect*: forms of known words, such as `documentan` and `undraped`, which no list has.

Called by `parting` and `respelling`, for words that might be several that were run together, or
have letters exchanged. Pure. It must not know rules. A form is recognised by its stem: with another
ending, or without a prefix, it is a known word, and no word of a term.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import lru_cache

#: How words of the six languages end, and those of science, folded.
_ENDINGS_TEXT = (
    "a able ables ably ada adas ade ado ados age al ale ales an ando ant ante antes ants ar aram "
    "are aren aria arias as asse ated ates atif ating ation ations atisch ato aux azione azioni "
    "bar bare baren d dad dade e ed edly ee ees em en end ende enden endo ensis ent enta er era "
    "eront ers es est et eten ette eur eurs euse eux ez ezas heit i ia ian iana iano iante ianum "
    "ianus iate ible ibly ic ica icas ico icos ida idas ido idos iemos ien ieren iert ierte "
    "ierten ig ige igen iger iges ik iker iles in ing ingly ings io ion iones ions ique iques ir "
    "is isch ische ischen ischer ise ised ises isme ismo ismus ist ista istas iste isten istes "
    "ite ity ium ius ive iver ivo iz ize ized keit l la las le lich liche lichen lo los ly m ment "
    "mente ments mos n nd ness o ons or ora ores os osa oso osum osus ous r ra re ria s se st sta "
    "t te ten tet tion tionen tions tum tus ty um ung ungen ura us y"
)
_ENDINGS = frozenset(_ENDINGS_TEXT.split())
_ENDING_MAX = max(map(len, _ENDINGS))
#: What may stand before a word, so that it stays a word.
_PREFIXES = (
    "un", "in", "im", "ir", "re", "de", "des", "dis", "mis", "non", "over", "out", "pre", "pro",
    "anti", "auto", "inter", "super", "sub", "trans", "ultra", "co", "counter", "under", "up", "ab",
    "an", "auf", "aus", "be", "ein", "ent", "er", "ge", "ver", "vor", "zer", "neo", "mono", "multi",
    "abzu", "anzu", "aufzu", "auszu", "einzu", "vorzu",
)  # fmt: skip
#: The fewest letters of a stem.
_STEM_MIN = 4
_REMEMBERED = 4096


def never_a_form(word: str) -> bool:
    """Whether a word is a form of a known one; here no word is known."""
    del word
    return False


class Inflection:
    """Recognises forms of known words; made once for a rulebook."""

    def __init__(self, known: Collection[str], listed: Collection[str]) -> None:
        """`listed` are the words of terms, whose forms are not harmless."""
        self._known, self._listed = known, listed
        self.is_form = lru_cache(maxsize=_REMEMBERED)(self._is_form)

    def _is_form(self, word: str) -> bool:
        """Whether a word that no list has is the form of one that is in a list."""
        return any(
            self._is_known(rest) or self._shares_a_stem(rest) for rest in _without_prefix(word)
        )

    def _is_known(self, word: str) -> bool:
        return word in self._known and word not in self._listed

    def _shares_a_stem(self, word: str) -> bool:
        """Whether it shares its stem with a known word."""
        stems = (word[:at] for at in _ending_starts(word))
        return any(
            stem not in self._listed and any(self._is_known(stem + end) for end in ("", *_ENDINGS))
            for stem in stems
        )


def _without_prefix(word: str) -> Iterator[str]:
    """A word, and the word without each prefix that it has."""
    yield word
    for begin in _PREFIXES:
        if word.startswith(begin) and len(word) - len(begin) >= _STEM_MIN:
            yield word[len(begin) :]


def _ending_starts(word: str) -> Iterator[int]:
    """Where each ending of a word begins."""
    for at in range(max(_STEM_MIN, len(word) - _ENDING_MAX), len(word)):
        if word[at:] in _ENDINGS:
            yield at
