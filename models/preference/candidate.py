"""The result of a training on judgements: a model folder whose card says where it comes from.

Called when a training has ended. Must not know how the weights were trained.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from models.catalogue.adoption import card_id_of
from models.catalogue.card import Card
from models.contract import EngineError
from models.engine.loader import load
from models.manifest import Manifest
from models.preference.course import Course
from models.training.handover import write_model_files, write_whole
from models.training.lora import merged


def successor(base: Card, name: str, manifest: Manifest, made_by: str) -> Card:
    """The candidate's card: the base's, with a parent and the manifests it learned from.

    It learned from pictures that the base drew, so its pictures are scored like the base's.
    Raises EngineError if the name is the base's own.
    """
    card_id = card_id_of(name)
    if card_id == base.id:
        raise EngineError(f"{name!r} is the base's own name; give the candidate another: --name.")
    manifests = (*manifest.parents, *(base.manifests or ()), manifest.sha256)
    return replace(
        base,
        id=card_id,
        name=name,
        parent=base.id,
        made_by=made_by,
        manifests=tuple(dict.fromkeys(manifests)),
        verdict=None,
        files={},
    )


def write(
    base: str, card: Card, course: Course, trained: Mapping[str, Tensor], folder: Path
) -> Card:
    """Write the candidate, whole or not at all; return its sealed card.

    `trained` are the UNet's weights, or LoRA's matrices for them, by name.
    """
    parts = load(base, device="cpu")
    weights = merged(parts.unet.state_dict(), trained, scale=1.0)
    networks = {"unet": {name: w.to(torch.float16).contiguous() for name, w in weights.items()}}

    def write_files(part: Path) -> Card:
        return write_model_files(
            part, parts.folder, card, networks, lambda sealed: _readme(sealed, course)
        )

    return write_whole(folder, write_files)


def _readme(card: Card, course: Course) -> str:
    return f"""# {card.name}

A text-to-image model: `{card.parent}` trained further on what people said of its pictures.

- **What learned:** the UNet; the rest is the parent's, which stays as it is.
- **How:** {course.length} steps of {course.loss.value}, seed {course.seed}; `{card.made_by}`.
- **On what:** the judgements of the manifests that its card names by their hashes.
- **Licence:** {card.licence.name} (`{card.licence.file}`), which whoever passes the model on
  must pass on with it.
"""
