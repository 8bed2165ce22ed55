"""The tags file of a model that learned from the painter's portraits.

Called by pre-training, as part of its result, and by `python -m models tags`. Must not know how
anything looks.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from random import Random

from models.catalogue.tags.book import PRAISE as PRAISING
from models.catalogue.tags.book import KnownTag, TagBook, TagGroup
from models.catalogue.tags.learning import GroupedTags, learn_book
from models.painter.aliases import ALIASES
from models.painter.captions import GIRLS, PRAISE, SYNONYMS
from models.painter.portrait import CLOTH_COLOUR, sample
from models.painter.sets import FIRST_SEED, PICTURES, Purpose
from models.painter.tags import CLOTHES_COLOUR, tags, vocabulary

_DRAWS = "heads and shoulders of one person"
#: The order of filling: groups that others depend on come first.
_ORDER = (
    "figure", "hair style", "hair length", "hair colour", "bangs", "sidelocks", "wavy hair",
    "spiky hair", "ahoge", "head", "eyewear", "eye state", "eye colour", "eye shape", "mouth",
    "fang", "brows", "tears", "blush", "freckles", "mole under eye", "bandaid on face", "skin",
    "earrings", "neck", "clothes", "clothes colour", "scene", "background",
)  # fmt: skip
#: What every portrait shows but a caption may omit. For any other group, omission means absence.
_OPEN = frozenset({
    "figure", "hair length", "hair colour", "bangs", "eye colour", "mouth", "clothes",
    "clothes colour", "scene", "background",
})  # fmt: skip
#: The share of captions with each word of praise: captions have 6/7 such words on average.
_PRAISE_SHARE = 6 / 7 / len(PRAISE)
#: Words of the caption sentences that are not tags.
_SENTENCE_WORDS = ("face", "clothes", "draw", "alone")


def book(count: int = PICTURES) -> TagBook:
    """The vocabulary of a model trained on the first `count` portraits."""
    learned_book = learn_book(_grouped_captions(count), _ORDER, may_be_open=_OPEN)
    groups = dict(learned_book.groups)
    # A prompt with a background colour wants no sky.
    groups["scene"] = replace(groups["scene"], settled_by=("background",))
    groups["clothes colour"] = replace(groups["clothes colour"], filling=_colour_filling())
    groups[PRAISING] = TagGroup()
    known_tags = {
        text: learned_book.tags.get(text, KnownTag(group=_group_by_ending(text, learned_book)))
        for text in vocabulary()
    }
    ordered = sorted(known_tags, key=lambda text: (-known_tags[text].count, text))
    praise = {
        word: KnownTag(group=PRAISING, count=round(count * _PRAISE_SHARE))
        for word in (*PRAISE, *_SENTENCE_WORDS)
    }
    with_names = {text: _with_other_names(text, known_tags[text]) for text in ordered}
    return TagBook(draws=_DRAWS, groups=groups, tags={**with_names, **praise})


def _colour_filling() -> dict[str, dict[str, float]]:
    """The colours of clothes whose own tags do not state one."""
    total = sum(CLOTH_COLOUR.values())
    return {
        clothes: {form.format(colour): w / total for colour, w in CLOTH_COLOUR.items()}
        for clothes, form in CLOTHES_COLOUR.items()
    }


def _grouped_captions(count: int) -> Iterator[GroupedTags]:
    """Every true tag of each portrait, by groups."""
    first = FIRST_SEED[Purpose.TRAIN]
    for seed in range(first, first + count):
        grouped: defaultdict[str, list[str]] = defaultdict(list)
        for tag in tags(sample(Random(seed))):
            if tag.group != "solo":
                grouped[tag.group].append(tag.text)
        yield {group: tuple(texts) for group, texts in grouped.items()}


def _with_other_names(text: str, tag: KnownTag) -> KnownTag:
    """The tag with its other names; a cat girl is a girl with the ears of a cat."""
    synonyms = [word for word in SYNONYMS.get(text, ()) if "," not in word]
    synonyms += GIRLS if text == "1girl" else ()
    return replace(tag, synonyms=tuple(synonyms), aliases=ALIASES.get(text, ()))


def _group_by_ending(text: str, learned_book: TagBook) -> str:
    """The group of the tags with the same last word, for a tag that no portrait has."""
    last = text.rpartition(" ")[2]
    alike = (tag.group for other, tag in learned_book.tags.items() if other.endswith(last))
    return next(alike, PRAISING)
