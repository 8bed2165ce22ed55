"""A candidate may serve only while all the gate's figures hold for exactly the files it has."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest

from models.catalogue import card as cards
from models.catalogue.registry import EMBEDDED
from models.catalogue.verdict import EDITION, Figure, Verdict, fingerprint

KEPT = Figure(name="adherence", value=0.5, unit="points", least=-2.0)


def card_with(*figures: Figure, files_sha256: str | None = None) -> cards.Card:
    card = cards.read(EMBEDDED / cards.FILE_NAME)
    sha256 = fingerprint(card.files) if files_sha256 is None else files_sha256
    return replace(card, verdict=Verdict(gate=EDITION, figures=figures, files_sha256=sha256))


def test_a_card_that_passed_may_be_promoted() -> None:
    assert card_with(KEPT).may_be_promoted


def test_a_card_without_a_verdict_may_not_be_promoted() -> None:
    assert not replace(card_with(KEPT), verdict=None).may_be_promoted


def test_a_gate_that_measured_nothing_passes_no_candidate() -> None:
    assert not card_with().may_be_promoted


@pytest.mark.parametrize(
    "figure",
    [
        replace(KEPT, value=-2.1),
        replace(KEPT, least=None, most=0.4),
        replace(KEPT, value=math.nan),
        replace(KEPT, value=math.nan, least=None, most=1.0),
        replace(KEPT, value=math.nan, least=None),
    ],
)
def test_one_failed_figure_blocks_promotion(figure: Figure) -> None:
    assert not card_with(KEPT, figure).may_be_promoted


def test_a_verdict_from_another_gate_edition_does_not_count() -> None:
    card = card_with(KEPT)
    assert card.is_judged
    assert card.verdict is not None
    older = replace(card.verdict, gate="0")
    assert not older.passed
    assert not replace(card, verdict=older).is_judged
    assert not replace(card, verdict=older).may_be_promoted


def test_a_verdict_on_other_files_does_not_count() -> None:
    assert not card_with(KEPT, files_sha256="0" * 64).may_be_promoted


def test_a_card_without_file_hashes_may_not_be_promoted() -> None:
    assert not replace(card_with(KEPT, files_sha256=fingerprint({})), files={}).may_be_promoted


def test_a_verdict_survives_writing_and_reading(tmp_path: Path) -> None:
    figure = replace(KEPT, most=3.5, interval=(0.1, 0.9))
    card = replace(card_with(figure, KEPT), manifests=("a" * 64, "b" * 64))
    cards.write(card, tmp_path / cards.FILE_NAME)
    assert cards.read(tmp_path / cards.FILE_NAME) == card


def test_the_fingerprint_depends_on_names_and_hashes_but_not_order() -> None:
    a, b = "a" * 64, "b" * 64
    marks = {fingerprint(files) for files in ({"x": a, "y": b}, {"x": b, "y": a}, {"x": a}, {})}
    assert len(marks) == 4
    assert fingerprint({"x": a, "y": b}) == fingerprint({"y": b, "x": a})
