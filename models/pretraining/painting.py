"""Paints the training pictures on all cores in the background, shard after shard.

Called by the `pretrain` command. A shard is one `.npz` of pictures of one framing with their labels
and token ids; shards appear one after the other, and a stage can start with the first. Torch-free;
must not know how anything is trained.
"""

from __future__ import annotations

import multiprocessing
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

import numpy as np

from models.measuring.judge.heads import HEADS, UNSEEN, labels
from models.painter import tags
from models.painter.captions import caption, prompt
from models.painter.drawing import draw, raster
from models.painter.portrait import Portrait, Weights, sample
from models.painter.sets import Purpose, parts
from models.pretraining import vocabulary
from models.pretraining.architecture import SCALE, Blueprint
from models.pretraining.siblings import DIFFERING, family

#: Attributes that a caption may leave out, and the words that state them.
WORDS_OF_HEAD = {
    "hair_colour": "{} hair",
    "hair_length": "{} hair",
    "bangs": "{}",
    "sidelocks": "sidelocks",
    "eye_colour": "{} eyes",
    "eye_shape": "{}",
    "background": "{} background",
}
#: The same for attributes whose tags differ from their values' names, without `{}` for colours.
TAGS_OF_VALUE = {"boy": {"False": ("1girl", "girl"), "True": ("1boy", "boy")}} | {
    head: {value: tuple(t.replace("{} ", "") for t in texts) for value, texts in table.items()}
    for head, table in (("mouth", tags.MOUTH), ("clothes", tags.CLOTHES), ("scene", tags.SCENE))
}


#: The sets in the order in which the stages need them.
_IN_ORDER_OF_USE = (
    Purpose.TRAIN,
    Purpose.HELD,
    Purpose.SIBLINGS,
    Purpose.DECODER_SIBLINGS,
    Purpose.LARGE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shard:
    """The pictures that one process paints at a time."""

    path: Path
    seeds: range
    framing: str
    size_px: int
    captions_each: int
    #: Whether it also contains the pictures at `SCALE` times the size.
    large: bool
    #: What each seed's family differs in, by weight; None if a seed is one picture.
    differing: Weights | None
    words: Path


def portrait_of(seed: int, framing: str) -> Portrait:
    """The portrait of a seed, in the framing of its shard."""
    return replace(sample(Random(seed)), framing=framing)


def stated_labels(text: str, portrait: Portrait) -> list[int]:
    """The labels that a caption states; `UNSEEN` for those that it omits."""
    caption = text.replace("_", " ")
    coloured = {
        "head_colour": tags.HEAD[portrait.head],
        "clothes_colour": (
            *tags.CLOTHES[portrait.clothes],
            tags.CLOTHES_COLOUR.get(portrait.clothes, ""),
        ),
    }
    stated = labels(portrait)
    for i, (head, values) in enumerate(HEADS.items()):
        if stated[i] == UNSEEN:
            continue
        value = values[stated[i]]
        if head in WORDS_OF_HEAD and WORDS_OF_HEAD[head].format(value) not in caption:
            stated[i] = UNSEEN
        if head in TAGS_OF_VALUE and not any(
            _contains_tag(caption, tag) for tag in TAGS_OF_VALUE[head][value]
        ):
            stated[i] = UNSEEN
        # A colour counts only with its thing: "blue eyes" does not state a blue dress.
        things = [t.format(value) for t in coloured.get(head, ()) if "{}" in t]
        if head in coloured and not any(thing in caption for thing in things):
            stated[i] = UNSEEN
    return stated


def _contains_tag(text: str, tag: str) -> bool:
    """Whether a text contains the tag as whole words: `headdress` does not contain `dress`."""
    return re.search(rf"(?<!\w){re.escape(tag)}(?!\w)", text) is not None


def paint_shard(shard: Shard) -> Path:
    """Paint one shard and write it, whole or not at all."""
    if shard.path.exists():
        return shard.path
    tokenizer = vocabulary.load(shard.words)
    seeds, portraits = zip(*_portraits(shard), strict=True)
    drawings = [draw(p, seed) for p, seed in zip(portraits, seeds, strict=True)]
    width = shard.size_px * 5 // 4 if shard.framing == "landscape" else shard.size_px
    large_drawings = drawings if shard.large else []
    all_captions = [
        _captions(p, seed, shard.captions_each) for p, seed in zip(portraits, seeds, strict=True)
    ]
    ids = [vocabulary.encode(tokenizer, captions) for captions in all_captions]
    stated = [
        [stated_labels(text, p) for text in captions]
        for p, captions in zip(portraits, all_captions, strict=True)
    ]
    part = shard.path.with_suffix(".part")
    with part.open("wb") as file:
        np.savez(
            file,
            pixels=np.stack([np.asarray(raster(svg, width)) for svg in drawings]),
            labels=np.asarray([labels(p) for p in portraits], dtype=np.int8),
            stated=np.asarray(stated, dtype=np.int8),
            ids=np.asarray(ids, dtype=np.int16),
            seeds=np.asarray(seeds, dtype=np.int64),
            large=np.asarray(
                [raster(svg, width * SCALE) for svg in large_drawings], dtype=np.uint8
            ),
        )
    return part.replace(shard.path)


def _portraits(shard: Shard) -> Iterator[tuple[int, Portrait]]:
    """Every portrait of the shard with its seed; siblings follow each other and share a seed."""
    for seed in shard.seeds:
        shared = portrait_of(seed, shard.framing)
        differing = shard.differing
        siblings = family(shared, Random(seed + 2), differing) if differing else [shared]
        for portrait in siblings:
            yield seed, portrait


def _captions(portrait: Portrait, seed: int, count: int) -> list[str]:
    rng = Random(seed + 1)
    return [prompt(portrait), *(caption(portrait, rng) for _ in range(count - 1))]


def plan(blueprint: Blueprint, folder: Path, purpose: Purpose) -> list[Shard]:
    """The shards of a set; framings alternate as in the painter's table."""
    counts = {
        Purpose.TRAIN: blueprint.pictures,
        Purpose.HELD: blueprint.held_out,
        Purpose.LARGE: blueprint.large,
        Purpose.SIBLINGS: blueprint.families,
        Purpose.DECODER_SIBLINGS: blueprint.decoder_families,
    }
    return [
        Shard(
            path=folder / f"{purpose}-{number:04d}-{part.framing}.npz",
            seeds=part.seeds,
            framing=part.framing,
            size_px=blueprint.size_px,
            # Random omissions in captions would also distinguish siblings.
            captions_each=1 if purpose in DIFFERING else blueprint.captions_each,
            large=purpose is Purpose.LARGE,
            differing=DIFFERING.get(purpose),
            words=folder / "tokenizer",
        )
        for number, part in enumerate(parts(purpose, counts[purpose]))
    ]


def paint(blueprint: Blueprint, folder: Path, jobs: int) -> None:
    """Paint every set; returns when all is done. Existing shards are kept."""
    from tqdm import tqdm

    folder.mkdir(parents=True, exist_ok=True)
    if not (folder / "tokenizer" / "vocab.json").exists():
        vocabulary.write(folder / "tokenizer")
    train, held, siblings, decoder_siblings, large = (
        plan(blueprint, folder, purpose) for purpose in _IN_ORDER_OF_USE
    )
    # The first stages need only some of the pictures.
    shards = [*train[:30], *held, *train[30:], *siblings, *decoder_siblings, *large]
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for _ in tqdm(
            pool.imap(paint_shard, shards), total=len(shards), unit="shard", desc="paint"
        ):
            pass
