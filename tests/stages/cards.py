"""Cards for a catalogue without weights, for code that reads cards and needs no engine."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from models.catalogue import card as cards
from models.catalogue.card import Card, Defaults, Licence, Prediction, Score, Size
from models.catalogue.registry import seal
from models.catalogue.verdict import EDITION, Figure, Verdict, fingerprint
from models.contract import Aspect, Limits
from tests.stages.fake_engine import INFO, LICENCE


def make_card(card_id: str = "next-1", *, parent: str | None = "fake-1") -> Card:
    """A card without files, which no gate has judged."""
    return Card(
        id=card_id,
        name=card_id.title(),
        parent=parent,
        made_by="a test",
        prediction=Prediction.EPSILON,
        sizes_px={
            aspect: Size(finished=INFO.sizes_px[aspect], native=INFO.sizes_px[aspect])
            for aspect in Aspect
        },
        defaults=Defaults(steps=INFO.default_steps),
        limits=Limits(),
        scores=(Score.BLANK,),
        licence=Licence(
            name=INFO.licence_name,
            file="LICENCE.md",
            sha256=hashlib.sha256(LICENCE.encode()).hexdigest(),
        ),
        files={"unet/weights": "0" * 64},
    )


def with_verdict(card: Card, *, value: float = 1.0) -> Card:
    """The card with the gate's verdict on its files; it has passed if the value is 0.5 or more."""
    figure = Figure(name="held-out votes", value=value, unit="share", least=0.5)
    verdict = Verdict(gate=EDITION, figures=(figure,), files_sha256=fingerprint(card.files))
    return replace(card, verdict=verdict)


def put_card(root: Path, card: Card, *, value: float = 1.0) -> Card:
    """Put the card into a catalogue, with a verdict and with files that match its checksums."""
    folder = root / card.id
    (folder / "text_encoder").mkdir(parents=True)
    (folder / "text_encoder" / "config.json").write_text('{"num_hidden_layers": 2}')
    (folder / "weights").write_text(card.id)
    (folder / "LICENCE.md").write_text(LICENCE)
    sealed = with_verdict(seal(card, folder), value=value)
    cards.write(sealed, folder / cards.FILE_NAME)
    return sealed
