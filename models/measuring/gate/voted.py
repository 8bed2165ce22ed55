"""Extracts from a manifest what the gate needs: prompts to draw again, and compared pictures.

Called by the command. It reads the manifest's pictures. Must not know models.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from PIL import Image

from models.contract import Aspect, EngineError
from models.data.evidence import evidence_of
from models.manifest import Manifest, PictureLine, Split
from models.measuring.gate.examine import VotedMaterial
from models.measuring.gate.witness import Brief

#: How many pairs of each split are used; more would only take longer.
_MAX_PAIRS = 200


def read_voted_material(
    manifest: Manifest, sizes_px: Mapping[Aspect, tuple[int, int]]
) -> VotedMaterial:
    """A manifest's prompts and pictures, framed by a model's finished sizes.

    Raises EngineError if the manifest has no held-out prompt, or none to train on: then the gate
    can conclude nothing.
    """
    aspects = {size: aspect for aspect, size in sizes_px.items()}

    def prompts(split: Split) -> list[Brief]:
        lines = {line.prompt_key: line for line in _shared_pictures(manifest, split)}
        return [_brief(lines[key], aspects) for key in sorted(lines)]

    held_out, trained = prompts(Split.HELD_OUT), prompts(Split.TRAIN)
    if not held_out or not trained:
        raise EngineError(
            f"{manifest.folder} has {len(held_out)} prompts held out and {len(trained)} to train "
            "on: votes on pictures of more prompts are needed."
        )
    lines = {line.file_name: line for line in manifest.pictures}
    return VotedMaterial(
        held_out=held_out,
        trained=trained,
        trained_pictures=[
            open_picture(manifest, line) for line in _shared_pictures(manifest, Split.TRAIN)
        ],
        pairs=[
            (open_picture(manifest, lines[pair.better]), open_picture(manifest, lines[pair.worse]))
            for split in Split
            for pair in evidence_of(manifest, split).pairs[:_MAX_PAIRS]
        ],
    )


def _shared_pictures(manifest: Manifest, split: Split) -> Iterator[PictureLine]:
    """The pictures of a split whose prompts are shared: others cannot be drawn again."""
    return (p for p in manifest.pictures if p.split is split and p.text is not None)


def _brief(line: PictureLine, aspects: Mapping[tuple[int, int], Aspect]) -> Brief:
    aspect = aspects.get((line.width_px, line.height_px), Aspect.SQUARE)
    return Brief(
        prompt=line.text or "", negative=line.negative or "", seed=line.seed, aspect=aspect
    )


def open_picture(manifest: Manifest, line: PictureLine) -> Image.Image:
    """A picture of the manifest, RGB."""
    with Image.open(manifest.path(line)) as picture:
        return picture.convert("RGB")
