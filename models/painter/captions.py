"""Captions for painter pictures: tags shuffled and dropped, synonyms, and whole sentences.

Called by the trainers and the judge; torch-free. Must not know how a picture looks. A `common` tag
missing from a caption leaves that attribute open; any other missing tag nearly always means that
the thing is absent.
"""

from __future__ import annotations

from random import Random

from models.painter.portrait import Portrait
from models.painter.tags import Tag, tags, vocabulary

#: Other words for a tag; some people know only these.
SYNONYMS: dict[str, tuple[str, ...]] = {
    "blonde hair": ("yellow hair", "golden hair", "blond hair"),
    "grey hair": ("gray hair", "silver hair"),
    "aqua hair": ("teal hair", "cyan hair", "turquoise hair"),
    "light blue hair": ("sky blue hair",),
    "purple hair": ("violet hair",),
    "red hair": ("crimson hair",),
    "yellow eyes": ("golden eyes", "amber eyes"),
    "grey eyes": ("gray eyes", "silver eyes"),
    "purple eyes": ("violet eyes",),
    "aqua eyes": ("cyan eyes", "teal eyes"),
    "twintails": ("twin tails", "pigtails"),
    "hair bun": ("bun",),
    "double bun": ("two buns",),
    "medium hair": ("shoulder-length hair",),
    "closed eyes": ("eyes closed",),
    "one eye closed": ("wink", "winking"),
    "open mouth": ("mouth open", "laughing"),
    "smile": ("smiling", "happy"),
    "frown": ("frowning",),
    ":o": ("surprised",),
    ":3": ("cat mouth",),
    "closed mouth": ("neutral expression",),
    "wavy mouth": ("embarrassed",),
    "tears": ("crying",),
    "angry": ("angry expression", "v-shaped eyebrows"),
    "sad": ("sad expression",),
    "rabbit ears": ("bunny ears",),
    "cat ears": ("cat girl", "catgirl", "nekomimi"),
    "fox ears": ("fox girl", "kitsune"),
    "witch hat": ("witch",),
    "head wreath": ("flower crown",),
    "santa hat": ("christmas hat",),
    "serafuku": ("sailor uniform", "school sailor uniform"),
    "school uniform": ("school blazer",),
    "maid": ("maid outfit", "maid dress"),
    "suit": ("black suit", "business suit"),
    "armor": ("knight armor", "armour"),
    "china dress": ("qipao", "cheongsam"),
    "dark skin": ("dark-skinned",),
    "tan": ("tanned skin",),
    "starry sky": ("stars", "night sky, stars"),
    "full moon": ("moon", "moonlight"),
    "ocean": ("sea",),
    "cherry blossoms": ("sakura",),
    "snowing": ("winter",),
    "heart": ("hearts",),
    "sparkle": ("sparkles",),
    "bubble": ("bubbles",),
    "1girl": ("girl", "a girl"),
    "1boy": ("boy", "a boy"),
}
#: What people add to every prompt, whatever it shows.
PRAISE = (
    "masterpiece", "best quality", "high quality", "highly detailed", "anime", "looking at viewer",
    "portrait", "upper body", "illustration", "cute", "beautiful", "absurdres", "highres",
    "kawaii", "original", "detailed face", "cel shading", "digital art", "very aesthetic", "safe",
    "detailed eyes", "4k", "pretty", "waifu", "drawing", "sharp lines", "artstation", "best girl",
)  # fmt: skip
#: Words that the painter cannot draw, so that the model learns to ignore them.
UNKNOWN = (
    "forest", "city", "dragon", "sword", "the", "in", "standing", "castle", "flying", "warrior",
    "robot", "car", "magic", "park", "rain", "walking", "holding", "book", "with", "at", "on",
    "sitting", "street", "garden", "food", "wearing", "has", "who", "is", "her", "his", "very",
    "of", "picture", "photo", "style", "from", "behind", "hands", "running", "guitar", "coffee",
    "princess", "elf", "idol", "train", "mountain", "room", "window", "old", "young",
    "beach",
)  # fmt: skip
#: Sentences: {figure}, {has} (joined with commas and "and"), {wears}, {place}.
TEMPLATES = (
    "a {figure} with {has}, wearing {wears}, {place}",
    "a {figure} with {has} wearing {wears} and {place}",
    "{figure} with {has} in {wears}, {place}",
    "an anime {figure} who has {has} and wears {wears}, {place}",
    "portrait of a {figure} with {has}, {wears}, {place}",
    "a cute {figure} with {has}",
    "draw a {figure} with {has}, {place}",
    "a {figure} in {wears} with {has}",
)
#: What a sentence puts after "wearing".
WORN = ("clothes", "clothes colour", "head", "neck", "eyewear")


#: Synonyms and praise that are true only of girls, or of faces that neither frown nor cry.
GIRLS = ("cat girl", "catgirl", "fox girl", "witch", "best girl")
CHEERFUL = ("happy", "laughing", "neutral expression")


def synonym(text: str, rng: Random, portrait: Portrait) -> str:
    """The tag, or occasionally a synonym that is true of this portrait."""
    untrue = GIRLS if portrait.boy else ()
    if portrait.tears or portrait.brows != "plain":
        untrue += CHEERFUL
    others = [other for other in SYNONYMS.get(text, ()) if other not in untrue]
    return rng.choice(others) if others and rng.random() < 0.15 else text


def prompt(portrait: Portrait) -> str:
    """One tag per attribute, the prompt that the evaluation uses, within 77 tokens."""
    first = {tag.group: tag.text for tag in reversed(tags(portrait)) if tag.group != "solo"}
    return ", ".join(dict.fromkeys(reversed(first.values())))


def full_caption(portrait: Portrait) -> str:
    """Every true tag in the painter's order."""
    return ", ".join(tag.text for tag in tags(portrait))


def _stated_tags(all_tags: list[Tag], rng: Random) -> list[Tag]:
    """The tags that this caption states; groups with several tags may lose some but not all."""
    share = rng.choice((1.0, 1.0, 1.0, 0.85, 0.6, 0.35))
    first: dict[str, bool] = {}
    out: list[Tag] = []
    for tag in all_tags:
        if tag.group not in first:
            first[tag.group] = rng.random() < (share if tag.common else 0.97)
            stated = first[tag.group]
        else:
            stated = first[tag.group] and rng.random() < 0.6
        if tag.group == "solo":
            stated = rng.random() < 0.3
        if stated:
            out.append(tag)
    return out


def caption_leaves_out(portrait: Portrait, rng: Random, groups: tuple[str, ...]) -> bool:
    """Whether a random caption states no tag of these groups."""
    return not any(tag.group in groups for tag in _stated_tags(tags(portrait), rng))


def _join_with_and(texts: list[str]) -> str:
    return texts[0] if len(texts) == 1 else ", ".join(texts[:-1]) + " and " + texts[-1]


def sentence(stated: list[Tag], rng: Random, portrait: Portrait) -> str:
    """The stated tags as an English sentence."""
    figure = "boy" if portrait.boy else "girl"
    texts = {True: [], False: []}
    place: list[str] = []
    for tag in stated:
        if tag.group in ("background", "scene"):
            place.append(synonym(tag.text, rng, portrait))
        elif tag.group not in ("figure", "solo"):
            texts[tag.group in WORN].append(synonym(tag.text, rng, portrait))
    has = texts[False] or ["a face"]
    rng.shuffle(has)
    out = rng.choice(TEMPLATES).format(
        figure=figure,
        has=_join_with_and(has),
        wears=_join_with_and(texts[True] or ["clothes"]),
        place=_join_with_and(
            [f"{rng.choice(('', 'a ', 'on a ', 'with '))}{p}" for p in place] or ["alone"]
        ),
    )
    # A template without a place for some tag must not hide it: the tag is appended.
    rest = [t for t in (*texts[True], *place) if t not in out]
    return ", ".join([out, *rest])


def caption(portrait: Portrait, rng: Random) -> str:
    """One random caption for training: shuffled tags, or (one in seven) a sentence."""
    stated = _stated_tags(tags(portrait), rng)
    if rng.random() < 0.14:
        return sentence(stated, rng, portrait)
    figure = [synonym(t.text, rng, portrait) for t in stated if t.group == "figure"]
    rest = [synonym(t.text, rng, portrait) for t in stated if t.group != "figure"]
    rng.shuffle(rest)
    praise = rng.sample(PRAISE, rng.choice((0, 0, 0, 0, 1, 2, 3)))
    if portrait.boy:
        praise = [word for word in praise if word not in GIRLS]
    words = [*praise, *figure, *rest] if rng.random() < 0.5 else [*figure, *rest, *praise]
    for word in rng.sample(UNKNOWN, rng.choice((0, 0, 0, 0, 0, 0, 0, 0, 1, 2))):
        words.insert(rng.randint(0, len(words)), word)
    if rng.random() < 0.05:
        words = [w.replace(" ", "_") for w in words]
    return (", " if rng.random() < 0.93 else " ").join(words)


def caption_words() -> list[str]:
    """Every word of any caption, sorted: each must be one token."""
    texts = [*vocabulary(), *PRAISE, *UNKNOWN, *TEMPLATES, "a face clothes alone and on with"]
    for tag, others in SYNONYMS.items():
        texts += [tag, *others]
    text = " ".join(texts).lower()
    for mark in "{}_":
        text = text.replace(mark, " ")
    return sorted(set(text.split()))
