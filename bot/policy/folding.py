"""The first stage of reading: reduces every character to its plain form, however disguised.

Called by `reading`. Pure: the table of look-alikes is data of the rulebook. Must not know words,
brackets or rules. Handles case, NFKC, marks over letters, invisible characters, numerals of every
script, flags, circled and turned letters: `🅻ӧ𝓵ⓘ` reads `loli`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from itertools import chain, product

#: What stands for a bracket or a weight: a word may end here, and may go on behind it.
JOINT = "\x01"
#: Unseen, though Unicode counts them among letters, marks or signs.
_UNSEEN = frozenset("\u115f\u1160\u3164\uffa0\u034f\u17b4\u17b5\u180e")
#: Blank to the eye, though Unicode counts it among signs.
_BLANK = "\u2800"
#: Scripts whose letters are taken apart to lose their marks; in others a mark is a letter's part.
_MARKED = re.compile(r"LATIN|GREEK|CYRILLIC|ARMENIAN|CHEROKEE")
#: Letters in brackets, and numbers with a full stop, that are one character.
_ENCLOSED = re.compile(r"\(?(\w{1,2})[).]")
_VARIANT = re.compile(r"(?:LATIN|MODIFIER LETTER)[A-Z ]* ([A-Z])(?: WITH .*)?")
#: Letters of Hangul that stand alone, and vowels among them.
_JAMO, _VOWEL = "[\u3131-\u314e\uffa1-\uffbe]", "[\u314f-\u3163\uffc2-\uffdc]"
#: Kana with a sound mark that follows it, and Hangul letter by letter.
_LOOSE = re.compile(
    "([\u3041-\u30ff\uff66-\uff9d])([^\\w\u3099-\u309c]{0,3})([\u3099-\u309c\uff9e\uff9f])"
    "|[\u1100-\u1112][\u1161-\u1175][\u11a8-\u11c2]?"
    f"|{_JAMO}{_VOWEL}(?:{_JAMO}(?!{_VOWEL}))?"
)
#: Sound marks that take up room of their own, as those that stand over a letter.
_SOUND_MARKS = str.maketrans("\u309b\u309c\uff9e\uff9f", "\u3099\u309a\u3099\u309a")
#: Hiragana and katakana that sound alike.
_HIRAGANA = {code: code - 0x60 for code in range(0x30A1, 0x30F7)}
_KATAKANA = {code - 0x60: code for code in _HIRAGANA}
#: Small kana are written for large ones.
_SMALL_KANA = ("HIRAGANA LETTER SMALL", "KATAKANA LETTER SMALL")
_ALPHABET = "abcdefghijklmnopqrstuvwxyz"
#: Alphabets that Unicode keeps 26 in a row and NFKC leaves alone: circled, squared, flags, tags.
_ALPHABETS = (0x1F150, 0x1F170, 0x1F1E6)
#: Kanji and syllables of Hangul are plain as they are, and there are thousands.
_ALREADY_PLAIN = re.compile("[\u4e00-\u9fff\uac00-\ud7a3]")
#: How many characters ASCII has.
_ASCII_COUNT = 128


def composed(text: str) -> str:
    """The text with loose kana marks and Hangul letters put together, where there are any."""
    if text.isascii():
        return text
    return _LOOSE.sub(_composed, text)


def _composed(loose: re.Match[str]) -> str:
    kana, between, mark = loose.groups()
    if mark is None:
        return unicodedata.normalize("NFC", _joining_letters(loose[0]))
    return unicodedata.normalize("NFKC", kana + mark.translate(_SOUND_MARKS)) + between


def _joining_letters(hangul: str) -> str:
    """A syllable of Hangul in letters that join; what ends it is a letter of its own there."""
    *begun, last = unicodedata.normalize("NFKD", hangul)
    if len(begun) < 2 or "CHOSEONG" not in unicodedata.name(last):
        return "".join((*begun, last))
    name = unicodedata.name(last).replace("CHOSEONG", "JONGSEONG")
    return "".join((*begun, unicodedata.lookup(name)))


def other_kana(text: str) -> set[str]:
    """A text in hiragana and in katakana, without itself."""
    return {text.translate(_HIRAGANA), in_katakana(text)} - {text}


def in_katakana(text: str) -> str:
    """A text with katakana for all its hiragana."""
    return text.translate(_KATAKANA)


class Letters(dict[int, str]):
    """What each character reads as, for `str.translate`; learned as characters come up."""

    def __init__(self, lookalikes: Mapping[str, str]) -> None:
        """`lookalikes`: for a Latin spelling, the characters that look like it, none of ASCII."""
        rows = ((first, range(26)) for first in _ALPHABETS)
        super().__init__({f + n: _ALPHABET[n] for f, row in rows for n in row})
        pairs = chain.from_iterable(product(drawn, (read,)) for read, drawn in lookalikes.items())
        self._lookalikes = str.maketrans(dict(pairs))
        self[ord(JOINT)] = JOINT
        #: What ASCII reads as, and what of it is unseen.
        self._plain = (
            "".join(self[code] or chr(code) for code in range(_ASCII_COUNT)).encode().ljust(256)
        )
        self._unseen = bytes(code for code in range(_ASCII_COUNT) if not self[code])

    def fold(self, text: str) -> str:
        """A text with every character in its plain form."""
        return self.fold_composed(composed(text))

    def fold_composed(self, text: str) -> str:
        """The same for a text that is composed already."""
        if text.isascii():
            return text.encode().translate(self._plain, self._unseen).decode()
        return text.translate(self)

    def fold_all(self, texts: Sequence[str]) -> list[str]:
        """Many texts folded at once: there are some hundred thousand words."""
        ascii_only = [text for text in texts if text.isascii()]
        if len(ascii_only) in {0, len(texts)}:
            return self._fold_joined(texts)
        plain = iter(self._fold_joined(ascii_only))
        others = iter(self._fold_joined([text for text in texts if not text.isascii()]))
        return [next(plain if text.isascii() else others) for text in texts]

    def _fold_joined(self, texts: Sequence[str]) -> list[str]:
        """Fold all as one text, unless one of them contains the separator."""
        folded = self.fold(JOINT.join(texts)).split(JOINT)
        return folded if len(folded) == len(texts) else [self.fold(text) for text in texts]

    def __missing__(self, code: int) -> str:
        """Work out one character; "" if it is unseen."""
        self[code] = read = self._fold_char(chr(code))
        return read

    def _fold_char(self, char: str) -> str:
        if char.isspace() or char == _BLANK:
            return " "
        if char in _UNSEEN or unicodedata.category(char) in {"Cf", "Cc", "Cs", "Me"}:
            return ""
        if unicodedata.category(char) == "Mn":
            return char if _is_part_of_letter(char) else ""
        if ord(char) in self._lookalikes:
            return self._lookalikes[ord(char)]
        if _ALREADY_PLAIN.match(char):
            return char
        plain = unicodedata.normalize("NFKC", char).casefold()
        if enclosed := _ENCLOSED.fullmatch(plain):
            plain = enclosed[1]
        read = "".join(map(_without_marks, map(_base_letter, plain))).translate(self._lookalikes)
        return read if read.isascii() else "".join(map(_letter_by_name, read))


def _base_letter(char: str) -> str:
    """A Cyrillic or Greek letter without its descender, hook or stroke."""
    name = unicodedata.name(char, "")
    if not name.startswith(("CYRILLIC", "GREEK")) or " WITH " not in name:
        return char
    try:
        return unicodedata.lookup(name.split(" WITH ")[0])
    except KeyError:
        return char


def _letter_by_name(char: str) -> str:
    """A variant of a Latin letter as that letter: Unicode's name says which it is of."""
    name = unicodedata.name(char, "")
    named = _VARIANT.fullmatch(name)
    return named[1].lower() if named else char


def _is_part_of_letter(mark: str) -> bool:
    """Whether a mark belongs to the letters of its script, as vowels do in Thai."""
    return not unicodedata.name(mark, "").startswith(("COMBINING", "VARIATION", "MONGOLIAN"))


def _without_marks(char: str) -> str:
    """One character of a plain form without marks over it; a digit of any script as ours."""
    if char.isdecimal():
        return str(unicodedata.decimal(char))
    if char.isspace():
        return " "
    if unicodedata.category(char) == "Mn" and not _is_part_of_letter(char):
        return ""
    name = unicodedata.name(char, "")
    if name.startswith(_SMALL_KANA):
        return unicodedata.lookup(name.replace("SMALL ", ""))
    if char.isascii() or not _MARKED.match(name):
        return char
    taken_apart = unicodedata.normalize("NFD", char)
    return "".join(part for part in taken_apart if not unicodedata.combining(part))
