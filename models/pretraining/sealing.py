"""Adds what belongs beside the weights: the licence file, the model's vocabulary, the card.

Called by the `pretrain` command as its last step. Must not know weights.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from models.catalogue.adoption import card_id_of
from models.catalogue.card import Card, Defaults, Licence, Score, Size
from models.catalogue.registry import EMBEDDED, seal
from models.catalogue.tags import files
from models.contract import Aspect, Limits, Sampler
from models.painter import lexicon
from models.pretraining.architecture import SCALE, Blueprint
from models.pretraining.pipeline import PREDICTION

#: Steps were chosen by eye and speed, guidance by measurement; see docs/notes/embedded-model.md.
DEFAULTS = Defaults(steps=16, guidance=2.2, sampler=Sampler.DPMPP_2M)
_LICENCE = "LICENSE.md"


def write_card_and_licence(
    blueprint: Blueprint, folder: Path, name: str, parent: str | None = None
) -> Card:
    """Put licence and vocabulary beside the weights, and seal all files with a card.

    `name` is the model's name and, in lower case, its id; `parent` is the id of the model that was
    trained further.
    """
    if not (folder / _LICENCE).exists():
        shutil.copyfile(EMBEDDED / _LICENCE, folder / _LICENCE)
    files.write(lexicon.book(blueprint.pictures), folder / files.FILE_NAME)
    return seal(card(blueprint, name, parent), folder)


def card(blueprint: Blueprint, name: str, parent: str | None = None) -> Card:
    """The card of a model made by the blueprint; `seal` fills in the hashes."""
    sizes: dict[Aspect, Size] = {}
    for framing, (height, width) in blueprint.shapes_px.items():
        finished = (width * SCALE, height * SCALE)
        sizes[Aspect(framing)] = Size(finished=finished, native=(width, height))
    return Card(
        id=card_id_of(name),
        name=name,
        parent=parent,
        prediction=PREDICTION,
        sizes_px=sizes,
        defaults=DEFAULTS,
        limits=Limits(),
        # The painter draws only dressed figures.
        scores=(Score.BLANK,),
        licence=Licence(
            name="CreativeML Open RAIL-M use restrictions",
            file=_LICENCE,
            sha256="0" * 64,
            id="openrail-m",
        ),
        made_by="python -m models pretrain",
        tags=files.FILE_NAME,
        completes=True,
    )
