"""Names of people by their shape: a given name, a form of address or initials, and a family name.

Called by `sides` for the concepts `names`, `unlisted-names` and `first-names`. Pure. Famous people
are words of a concept, as are characters of fiction, whose names are no people's: `sides` takes
those out. A family name is one of a list. A word that no list has may be one where a picture of
somebody is asked for (`unlisted-names`), if it is no Japanese name: there are more characters than
any list knows. A word of the language is one only where the pair stands alone, and never beside
another such word: "Rose Hill" may be a place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator, Sequence

from bot.policy.expressions import Span
from bot.policy.native_names import NativeNames
from bot.policy.rulebook import Lexicon

_WORD = re.compile(r"[^\W\d_]++")
#: What mostly stands between two words of a name, and the most, with a particle.
_BETWEEN = frozenset({" ", "_", "-"})
_BETWEEN_MAX = 16
_PARTS_MAX = 2
_APART = re.compile("\\.|.*[^\\w\\s.'\u2019\x01-]", re.DOTALL)
#: What may follow a name in the same breath.
_AFTER = re.compile(
    r"[\s\x01]*+(?:$|[^\w\s]|(?:in|at|as|on|by|is|with|wearing|naked|nude|topless|and|from|who|sitting|"
    r"standing|walking|smiling|posing|holding|looking|lying|having|doing|photo|portrait)\b)"
)
#: What stands between a given and a family name.
_PARTICLES = frozenset({
    "de", "del", "della", "di", "da", "do", "dos", "van", "von", "der", "den", "la", "le", "bin",
    "al", "el", "o", "mc", "mac", "st",
})  # fmt: skip
#: How a name of the father ends, which stands between the two of a Russian.
_FATHERLY = re.compile(r".{2,}(?:ovna|evna|ovich|evich|ovitch|evitch)")
#: A name in Russian letters.
_CYRILLIC = re.compile("[\u0400-\u045f]+")
#: Before a family name: a form of address, which most texts have none of, or two initials.
_ADDRESSES = frozenset({
    "mr", "mrs", "ms", "miss", "mister", "missus", "dr", "prof", "professor", "mme", "mlle", "sra",
    "srta",
})  # fmt: skip
_ADDRESSED = re.compile(rf"(?<![^\W_])(?:{'|'.join(sorted(_ADDRESSES, reverse=True))})\.?[ _]")
#: From the first full stop on, which most texts have none of. The initials of the artist, which say
#: nothing of who is drawn, stand behind `by` or `style of`; some letters with full stops are none.
_INITIALS = re.compile(
    r"\.(?<=[a-z].)(?<![\w.]..)(?<!by ..)(?<!style of ..)"
    r"(?!(?<=e.) ?g\.|(?<=i.) ?e\.|(?<=[ap].) ?m\.|(?<=[up].) ?s\.|(?<=l.) ?a\.|(?<=[bcd].) ?c\."
    r"|(?<=a.) ?d\.|(?<=n.) ?b\.)"
    r"(?:[ _]?[a-z]\.){1,2}[ _]?"
)
_STYLE = re.compile(r"(?:'s)?[ _-]style\b")
#: Letters that a name has at least.
_LONG = 3
_UNLISTED_MIN = 4
#: Japanese in Latin letters: syllables, of which each ends in a vowel or an n.
_ROMAJI = re.compile(
    r"(?:(?:[kgnhbpmr]y|sh|ch|ts|[kgsztdnhbpmyrwfj]|kk|tt|ss|pp|tch|ssh)?[aiueo]{1,2}(?:n(?![aiueoy])|h(?![aiueo]))?)+"
)


#: How family names end that are in no list.
_FAMILY_LIKE = re.compile(
    r"..(?:sson|son|sen|mann|berg|bergh|stein|worth|ington|ford|sley|combe|cott|hurst|thwaite|"
    r"ski|sky|ska|wicz|enko|chuk|"
    r"escu|poulos|idis|akis|dottir|strom|gren|quist|oglu|zadeh|vili|shvili|dze|opoulou|ovic|evic)\Z"
)


class Names:
    """Finds names; made once for a rulebook."""

    def __init__(
        self,
        lexicon: Lexicon,
        folded: Callable[[Sequence[str]], list[str]],
        terms: Collection[str] = (),
    ) -> None:
        """`folded` folds many texts like the prompt; `terms`: words of concepts, no names."""
        self._terms = terms
        self._known = lexicon.ordinary | lexicon.tags
        #: Words that join a sentence ("sem", "con"), of whatever language: some are family names.
        self._little = frozenset(
            sign for tongue in lexicon.homographs.values() for sign in tongue.signs
        )
        self.given = frozenset(folded([*lexicon.given_names]))
        self._family = frozenset(folded([*lexicon.surnames]))
        self._clear = self.given - self._known
        given, families = (
            sorted(filter(_CYRILLIC.fullmatch, listed))
            for listed in (lexicon.given_names, lexicon.surnames)
        )
        self.native = NativeNames(lexicon.native, given, families, lexicon.borders, folded)

    def find(self, text: str, words: Collection[str], *, unlisted: bool = False) -> Iterator[Span]:
        """Where a given and a family name stand side by side in a folded text with these words.

        `unlisted`: the family name is a word that no list has.
        """
        told = 0
        for given in sorted(self._given_names(text, words), key=re.Match[str].start):
            if given.start() < told:
                continue
            for word in _WORD.finditer(text, given.end()):
                if not self._are_beside(text, given, word):
                    break
                if self._is_name(text, given, word, unlisted=unlisted):
                    told = self._end_of_name(text, word)
                    # The shorter is a person's too where the longer runs into a character's.
                    yield from {(given.start(), word.end()), (given.start(), told)}
                elif _may_stand_between(word[0]):
                    continue
                break

    def by_shape(self, source: str, text: str, words: Collection[str]) -> list[Span]:
        """Names that need no given name in Latin letters; `text`: the source, folded.

        They are in a script of their own, or stand behind a form of address or initials.
        """
        found = self.native.among(source, text, words)
        if not _ADDRESSES.isdisjoint(words):
            found += self._behind(_ADDRESSED, text)
        if "." in text:
            found += self._behind(_INITIALS, text)
        return found

    def _behind(self, before: re.Pattern[str], text: str) -> Iterator[Span]:
        """Where a family name stands behind what matches, at most a given name between."""
        for place in before.finditer(text):
            name = _WORD.match(text, place.end())
            if name and name[0] not in self._known and not self._is_clear_family(name[0]):
                is_beside = text[name.end() : name.end() + 1] in _BETWEEN
                name = _WORD.match(text, name.end() + 1) if is_beside else None
            if name and self._is_clear_family(name[0]) and not _STYLE.match(text, name.end()):
                yield name.span()

    def _is_clear_family(self, name: str) -> bool:
        """Whether it is a family name and no word of the language."""
        if name not in self._family:
            return _FAMILY_LIKE.search(name) is not None and self._is_new(name)
        return len(name) >= _LONG and name not in self._known and name not in self._little

    def _given_names(self, text: str, words: Collection[str]) -> Iterator[re.Match[str]]:
        """Where the words among these stand that are given names."""
        for name in self.given.intersection(words):
            at = text.find(name) if len(name) >= _LONG else -1
            while at >= 0:
                word = _WORD.match(text, at)
                if word and word[0] == name and not text[at - 1 : at].isalpha():
                    yield word
                at = text.find(name, at + len(name))

    def _end_of_name(self, text: str, family: re.Match[str]) -> int:
        """Where a name ends that may have one more family name behind the first."""
        more = _WORD.match(text, family.end() + 1)
        if more is None or text[family.end()] not in _BETWEEN:
            return family.end()
        is_one = len(more[0]) >= _LONG and more[0] in self._family and more[0] not in self._known
        return more.end() if is_one else family.end()

    def first_names(self, text: str, words: Collection[str]) -> list[Span]:
        """Where a word stands that is a given name and no word of the language.

        `words` are those of the text; without spaces between them a name may be several.
        """
        if text.isascii() and self._clear.isdisjoint(words):
            return []
        return [w.span() for w in _WORD.finditer(text) if w[0] in self._clear and len(w[0]) > _LONG]

    def last_names(self, text: str) -> Iterator[Span]:
        """Where a word stands that may be a family name, were there a title before it."""
        for word in _WORD.finditer(text):
            name = word[0]
            is_listed = (name in self._family and name not in self._known) or name in self._clear
            if len(name) >= _UNLISTED_MIN and (is_listed or self._is_new(name)):
                yield word.span()

    def _are_beside(self, text: str, given: re.Match[str], word: re.Match[str]) -> bool:
        """Whether at most a particle or an initial stands between two words."""
        between = text[given.end() : word.start()]
        if between in _BETWEEN:
            return True
        if len(between) > _BETWEEN_MAX or _APART.match(between):
            return False
        parts = _WORD.findall(between)
        return len(parts) <= _PARTS_MAX and all(map(_may_stand_between, parts))

    def _is_name(
        self, text: str, given: re.Match[str], family: re.Match[str], *, unlisted: bool
    ) -> bool:
        name = family[0]
        if len(name) < _LONG or name in _PARTICLES:
            return False
        clear = given[0] in self._clear
        if unlisted:
            return clear and len(name) >= _UNLISTED_MIN and self._is_new(name)
        stands_alone = _AFTER.match(text, family.end()) is not None
        if name not in self._family:
            like_one = _FAMILY_LIKE.search(name) is not None
            return clear and stands_alone and like_one and self._is_new(name)
        is_common = name in self._known or name in self._little
        return not is_common or (clear and stands_alone)

    def _is_new(self, name: str) -> bool:
        """Whether a word is in no list and no Japanese name."""
        is_word = name in self._known or name in self._terms
        return not is_word and not _ROMAJI.fullmatch(name)


def _may_stand_between(part: str) -> bool:
    """Whether it is a particle, an initial or the father's name."""
    return part in _PARTICLES or len(part) == 1 or _FATHERLY.fullmatch(part) is not None


def is_told_of(name: Span, character: Span) -> bool:
    """Whether a name is a character's: it ends within it, and puts no word before all of it.

    `Leon Magnus` is a character, `Leon Magnus Carlsen` and `Oliver Leon Magnus` are not.
    In `Summer Roy Mustang`, `Summer Roy` ends within a character's name, and is no person.
    """
    (a, b), (start, end) = name, character
    return start < b <= end and not (a < start and end == b)
