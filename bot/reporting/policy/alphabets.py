"""Letters that resemble others, for the spelling tricks.

Data from Unicode's blocks of styled letters, the look-alikes of UTS 39 that fonts draw alike, and
what people type for a letter.
"""

# ruff: noqa: RUF001 this file is about letters that look alike
from __future__ import annotations

from collections.abc import Mapping

_LOWER = "abcdefghijklmnopqrstuvwxyz"
_UPPER = _LOWER.upper()

Alphabet = Mapping[str, str]


def _styled(upper: int | None, lower: int | None) -> Alphabet:
    """26 consecutive letters from each code point; a missing one is taken from the other case."""
    rows = {_UPPER: upper or lower, _LOWER: lower or upper}
    return {
        letter: chr(first + place)
        for row, first in rows.items()
        if first
        for place, letter in enumerate(row)
    }


FULL_WIDTH: Alphabet = {chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)}
#: Bold, bold script, bold Fraktur, sans-serif, sans-serif bold, monospace.
MATHEMATICAL: tuple[Alphabet, ...] = tuple(
    _styled(first, first + 26) for first in (0x1D400, 0x1D4D0, 0x1D56C, 0x1D5A0, 0x1D5D4, 0x1D670)
)
#: Circled, parenthesised, squared, negative circled, negative squared.
ENCLOSED: tuple[Alphabet, ...] = (
    _styled(0x24B6, 0x24D0),
    _styled(None, 0x249C),
    _styled(0x1F130, None),
    _styled(0x1F150, None),
    _styled(0x1F170, None),
)
REGIONAL: Alphabet = _styled(0x1F1E6, None)
SMALL: tuple[Alphabet, ...] = (
    dict(zip(_LOWER, "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘqʀꜱᴛᴜᴠᴡxʏᴢ", strict=True)),
    dict(zip(_LOWER, "ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖqʳˢᵗᵘᵛʷˣʸᶻ", strict=True)),
)
TURNED: Alphabet = dict(zip(_LOWER, "ɐqɔpǝɟƃɥᴉɾʞlɯuodbɹsʇnʌʍxʎz", strict=True))
#: Letters of other scripts, each in several forms; the last ones are Cyrillic and kana.
LOOK_ALIKES: Mapping[str, str] = {
    "a": "аɑα", "b": "Ьƅ", "c": "сϲⅽᴄ", "d": "ԁⅾ", "e": "еҽ℮", "g": "ɡց", "h": "һհ", "i": "іı",
    "j": "јϳ", "k": "κкᴋ", "l": "ӏⅼ", "m": "ⅿм", "n": "ոп", "o": "оοօ", "p": "рρ", "q": "ԛ",
    "r": "гᴦ", "s": "ѕꜱ", "t": "тτᴛ", "u": "υս", "v": "νѵⅴ", "w": "ԝѡ", "x": "хⅹ", "y": "уү",
    "z": "ᴢ", "а": "aα", "е": "e", "о": "oο", "р": "p", "с": "c", "у": "y", "х": "x", "к": "k",
    "ロ": "口", "エ": "工", "カ": "力", "ニ": "二", "タ": "夕", "ト": "卜", "ハ": "八", "リ": "り",
}  # fmt: skip
#: What people type for a letter.
LEET: Mapping[str, str] = {
    "a": "4@", "b": "8", "e": "3€", "g": "9", "i": "1!", "l": "1", "o": "0", "s": "5$", "t": "7+",
    "z": "2",
}  # fmt: skip
#: Invisible characters: zero-width spaces, joiners, soft hyphens, selectors, a tag.
UNSEEN = (
    "\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\u034f", "\u180e", "\u2062",
    "\ufe0e", "\ufe0f", "\U000e0061",
)  # fmt: skip
#: Combining marks above and below a letter.
MARKS = (
    "\u0300", "\u0301", "\u0302", "\u0303", "\u0304", "\u0306", "\u0307", "\u0308", "\u030a",
    "\u030c", "\u0323", "\u0327", "\u0331",
)  # fmt: skip
#: Combining strokes through a letter or along it.
STROKES = ("\u0335", "\u0336", "\u0337", "\u0338", "\u0332", "\u0305")
SPACES = (" ", "  ", "\u2003", "\u2009", "\u3000")
#: Separators between the letters of a word.
POINTS = (
    ".", "-", "_", "*", "'", "\u2019", "·", "~", "/", ",", "!", "^", "+", "。", "・", "♥", "🌸",
)  # fmt: skip
#: Separators between the halves of a word.
SEAMS = (" ", "-", "_", ".", "/", "'", "~", "\n", "·", " - ")
#: Half-width kana, by their ordinary form.
_KANA = "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン"
_HALF = "ｱｲｳｴｵｶｷｸｹｺｻｼｽｾｿﾀﾁﾂﾃﾄﾅﾆﾇﾈﾉﾊﾋﾌﾍﾎﾏﾐﾑﾒﾓﾔﾕﾖﾗﾘﾙﾚﾛﾜﾝ"
HALF_WIDTH: Alphabet = {
    **dict(zip(_KANA, _HALF, strict=True)), "ァ": "ｧ", "ィ": "ｨ", "ェ": "ｪ", "ョ": "ｮ", "ュ": "ｭ",
    "ャ": "ｬ", "ッ": "ｯ", "ー": "ｰ", "ド": "ﾄﾞ", "ジ": "ｼﾞ", "プ": "ﾌﾟ", "ポ": "ﾎﾟ", "グ": "ｸﾞ",
}  # fmt: skip
#: Hiragana for katakana, and vice versa.
OTHER_KANA: Alphabet = {
    **{chr(code): chr(code - 0x60) for code in range(0x30A1, 0x30F7)},
    **{chr(code): chr(code + 0x60) for code in range(0x3041, 0x3097)},
}
