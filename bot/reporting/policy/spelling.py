"""Ways to respell a word so that people can read it and a filter cannot, one function each.

Each takes a key and a random generator and returns the key with backticks around what is still a
key, so that another trick can follow. A key to which a trick does not apply comes back unchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from random import Random

from bot.reporting.policy import alphabets
from bot.reporting.policy.alphabets import Alphabet

Spell = Callable[[str, Random], str]

#: Harmless words used where the syntax needs another word.
_OTHERS = ("dress", "cat", "sky", "hat", "rose", "castle")
_NEIGHBOURS = ("Girl", "Art", "Pic", "Cute")
#: Words that reversed are other words, so nobody would read them backwards.
_WORDS_BACKWARDS = frozenset({"lana", "neet", "suna", "nemes"})


def _has_case(text: str) -> bool:
    return text.lower() != text.upper()


def in_words(spell: Spell) -> Spell:
    """Leave keys with digits unchanged: `12` reversed is another age."""
    return lambda key, dice: key if any(c.isdigit() for c in key) else spell(key, dice)


def _halves(key: str, dice: Random) -> tuple[str, str, str, str] | None:
    """The text before the longest word, its halves, and the text after; None if it is short."""
    words = key.split(" ")
    at = max(range(len(words)), key=lambda index: len(words[index]))
    word = words[at]
    if len(word) < (4 if _has_case(word) else 2):
        return None
    middle = len(word) // 2 + (dice.choice((-1, 0, 1)) if len(word) > 5 else 0)
    before, after = " ".join(words[:at]), " ".join(words[at + 1 :])
    return before and before + " ", word[:middle], word[middle:], after and " " + after


def _cut(key: str, dice: Random, forms: Sequence[str]) -> str:
    """The key with its longest word in one of the forms, where `{0}` and `{1}` are its halves."""
    found = _halves(key, dice)
    if found is None:
        return key
    before, first, second, after = found
    parted = dice.choice(forms).format(f"`{first}`", f"`{second}`", dice.choice(_OTHERS))
    return f"{f'`{before}`' if before else ''}{parted}{f'`{after}`' if after else ''}"


def cut(*forms: str) -> Spell:
    """A word in two halves: `{0}` and `{1}`; `{2}` is a harmless word."""
    return in_words(lambda key, dice: _cut(key, dice, forms))


def wrapped(*forms: str) -> Spell:
    """A whole key, `{0}`, inside other characters; `{1}` is a harmless word."""
    return lambda key, dice: dice.choice(forms).format(f"`{key}`", dice.choice(_OTHERS))


def _exchanged(key: str, alphabet: Alphabet) -> str:
    return "".join(alphabet.get(c) or alphabet.get(c.lower(), c) for c in key)


def styled(*styles: Alphabet) -> Spell:
    """Take every letter from one other alphabet."""
    return lambda key, dice: _exchanged(key, dice.choice(styles))


def replaced(forms: Mapping[str, str], share: float, most: float = 1.0) -> Spell:
    """Replace some of the letters that have another form, at least one.

    `share` is of these letters, `most` of the whole key (both 0..1).
    """

    def spell(key: str, dice: Random) -> str:
        places = [at for at, c in enumerate(key) if c.lower() in forms]
        if not places:
            return key
        dice.shuffle(places)
        chosen = [places[0], *(at for at in places[1:] if dice.random() < share)]
        chosen = chosen[: max(1, int(most * len(key)))]
        return "".join(
            dice.choice(forms[c.lower()]) if at in chosen else c for at, c in enumerate(key)
        )

    return spell


def cased(key: str, dice: Random) -> str:
    """`nUdE`, `NUDE`."""
    if dice.random() < 0.3:
        return key.upper()
    return "".join(c.upper() if at % 2 else c.lower() for at, c in enumerate(key))


def backwards(key: str, dice: Random) -> str:
    """`edun`, plain or after a mark that displays it the right way round."""
    if len(key) < 4 or not key.isascii() or key[::-1] in _WORDS_BACKWARDS:
        return key
    return f"\u202e`{key[::-1]}`\u202c" if dice.random() < 0.4 else key[::-1]


def turned(key: str, _: Random) -> str:
    """Upside down, to be read from the other end; nobody reads `sqooq` as `boobs`."""
    on_its_head = _exchanged(key, alphabets.TURNED)[::-1]
    return key if len(key) < 4 or not key.isascii() or on_its_head.isascii() else on_its_head


def flagged(key: str, dice: Random) -> str:
    """Regional indicators, with or without gaps."""
    if not key.replace(" ", "").isascii():
        return key
    gap = dice.choice(("", " ", "\u200b"))
    words = (gap.join(_exchanged(word, alphabets.REGIONAL)) for word in key.split(" "))
    return "   ".join(words)


def repeated(key: str, dice: Random) -> str:
    """`nuuude`, `nnuuddee`."""
    places = [at for at, c in enumerate(key) if _has_case(c)]
    if not places:
        return key
    if dice.random() < 0.4:
        return "".join(c * 2 if _has_case(c) else c for c in key)
    chosen = {at: dice.randint(3, 5) for at in dice.sample(places, min(2, len(places)))}
    return "".join(c * chosen.get(at, 1) for at, c in enumerate(key))


def parted(signs: Sequence[str], between_words: int | None = None) -> Spell:
    """A separator between letters; between words several of it, or one space."""

    def spell(key: str, dice: Random) -> str:
        words = key.split(" ")
        if max(map(len, words)) < (3 if _has_case(key) else 2):
            return key
        sign = dice.choice(signs)
        gap = " " if between_words is None else sign * between_words
        return gap.join(sign.join(word) for word in words)

    return spell


def unseen(key: str, dice: Random) -> str:
    """Invisible characters between the letters."""
    if len(key) < 2:
        return key
    sure = dice.randrange(1, len(key))
    return "".join(
        dice.choice(alphabets.UNSEEN) + c if at == sure or (at and dice.random() < 0.5) else c
        for at, c in enumerate(key)
    )


def marked(key: str, dice: Random) -> str:
    """Add accents that the word does not have."""
    places = [at for at, c in enumerate(key) if c.isalpha()]
    if not places:
        return key
    chosen = {at for at in places if dice.random() < 0.7} | {dice.choice(places)}
    return "".join(
        c + dice.choice(alphabets.MARKS) if at in chosen else c for at, c in enumerate(key)
    )


def struck(key: str, dice: Random) -> str:
    """Strike the letters through, or underline them."""
    stroke = dice.choice(alphabets.STROKES)
    return "".join(c + stroke if c.isalnum() else c for c in key)


def underscored(key: str, dice: Random) -> str:
    """Written like a Danbooru tag: `school_uniform`, `very_nude`."""
    if " " in key:
        return key.replace(" ", "_")
    return dice.choice(("_{}_", "very_{}", "{}_girl", "{}_(style)")).format(f"`{key}`")


def camel(key: str, dice: Random) -> str:
    """`NudeGirl`: joined to a neighbour, separated only by capitals."""
    if not key.isascii():
        return key
    joined = "".join(word.capitalize() for word in key.split())
    form = dice.choice(("`{0}`{1}", "{1}`{0}`"))
    return form.format(joined, dice.choice(_NEIGHBOURS))


def joined(key: str, _: Random) -> str:
    """`schooluniform`."""
    return key.replace(" ", "")


def numbered(key: str, dice: Random) -> str:
    """`1nude`, `#nude`; a number of years already has its number."""
    if "year" in key:
        return key
    return dice.choice(("1{}", "{}2", "#{}", "{}69", "@{}", "{}_1")).format(f"`{key}`")
