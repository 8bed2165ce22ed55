"""`python -m models gate` by hand: copies of the embedded model as candidates, a few pictures."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image, ImageOps

from models.__main__ import main
from models.catalogue import card as cards
from models.catalogue.card import Card
from models.catalogue.registry import EMBEDDED, seal
from models.catalogue.verdict import EDITION, Verdict, fingerprint
from models.manifest import Manifest, Split
from models.measuring.gate.command import SHEET, _sheet
from models.measuring.gate.examine import DrawnPictures
from models.measuring.gate.floors import Measure, figure
from tests.stages.manifests import add_picture, make_judgement_line, write_manifest

FEW = ["--followed", "2", "--prompts", "1", "--seeds", "2", "--trained", "1", "--threads", "1"]


@pytest.fixture(scope="module")
def votes(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    """Two prompts, one of them held out."""
    folder = tmp_path_factory.mktemp("votes")
    pictures = [
        add_picture(folder, 1, text="1girl, blue hair, smile"),
        add_picture(folder, 2, text="1girl, blue hair, smile"),
        add_picture(folder, 3, text="1boy, suit", prompt_key="6" * 16, split=Split.HELD_OUT),
    ]
    return write_manifest(folder, pictures, [make_judgement_line(picture) for picture in pictures])


@pytest.fixture
def candidate(tmp_path: Path, votes: Manifest) -> Path:
    """The embedded model's twin, as if it had learned from the votes."""
    folder = tmp_path / "candidate"
    shutil.copytree(EMBEDDED, folder)
    parent = cards.read(folder / cards.FILE_NAME)
    seal(
        replace(parent, id="candidate", parent=parent.id, manifests=(votes.sha256,), files={}),
        folder,
    )
    return folder


def card(folder: Path) -> Card:
    return cards.read(folder / cards.FILE_NAME)


def gate(folder: Path, votes: Manifest, *more: str) -> int:
    return main(["gate", str(folder), "--manifest", str(votes.folder), *FEW, *more])


def test_the_sheet_shows_every_prompt_even_with_many_seeds() -> None:
    """The parent's picture above the candidate's."""
    shades = [Image.new("RGB", (8, 8), (40 * prompt,) * 3) for prompt in range(3)]
    before = [shade for shade in shades for _ in range(32)]
    after = [ImageOps.invert(picture) for picture in before]
    parent, candidate = (
        DrawnPictures(followed=[], held_out=some, trained=[]) for some in (before, after)
    )
    sheet = _sheet(parent, candidate)
    assert sheet.size == _sheet(replace(parent, held_out=before[:32]), candidate).size
    seen = {value for _, value in sheet.convert("L").getcolors() or ()}
    assert {0, 40, 80, 175, 215, 255} <= seen


def test_the_verdict_and_a_sheet_are_saved_with_the_candidate(
    candidate: Path, votes: Manifest
) -> None:
    gate(candidate, votes, "--json", str(candidate.parent / "rows.json"))
    verdict = card(candidate).verdict
    assert verdict is not None
    assert verdict.gate == EDITION
    named = {figure.name.split(":")[0] for figure in verdict.figures}
    assert {Measure.FILES, Measure.LICENCE, Measure.ADHERENCE, Measure.COPY} <= named
    twin = {f.name: f.value for f in verdict.figures if f.name.startswith(Measure.ADHERENCE)}
    assert set(twin.values()) == {0}, "a twin draws the same"
    assert (candidate / SHEET).is_file()
    assert "gate" in (candidate.parent / "rows.json").read_text()


@pytest.fixture
def grandchild(candidate: Path) -> Path:
    """The candidate, with a model between it and the embedded one whose votes asked for warmth."""
    between = candidate.parent / "between"
    between.mkdir()
    for place in EMBEDDED.iterdir():
        (between / place.name).symlink_to(place)
    asked = replace(figure(Measure.DRIFT, 99, "warmth"), most=None)
    first = cards.read(EMBEDDED / cards.FILE_NAME)
    verdict = Verdict(gate=EDITION, figures=(asked,), files_sha256=fingerprint(first.files))
    (between / cards.FILE_NAME).unlink()
    middle = replace(first, id="between", parent=first.id, verdict=verdict)
    cards.write(middle, between / cards.FILE_NAME)
    cards.write(replace(card(candidate), parent="between"), candidate / cards.FILE_NAME)
    return candidate


def test_a_grandchild_is_also_compared_with_the_first_of_its_line(
    grandchild: Path, votes: Manifest
) -> None:
    gate(grandchild, votes)
    verdict = card(grandchild).verdict
    assert verdict is not None
    first = cards.read(EMBEDDED / cards.FILE_NAME).id
    found = {f.name: f for f in verdict.figures if f.name.startswith(f"since {first}: ")}
    kinds = {name.split(": ")[1] for name in found}
    assert kinds == {
        Measure.ADHERENCE, Measure.GROUP, Measure.DIVERSITY, Measure.SAFETY, Measure.DRIFT,
        Measure.MIX,
    }  # fmt: skip
    plain = {name.removeprefix(f"since {first}: ") for name in found}
    assert plain <= {one.name for one in verdict.figures}
    assert found[f"since {first}: drift: warmth"].most is None, "votes along the line asked for it"
    assert found[f"since {first}: drift: contrast"].most is not None


def test_a_broken_line_of_ancestors_is_reported(
    grandchild: Path, votes: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    middle = grandchild.parent / "between" / cards.FILE_NAME
    cards.write(replace(cards.read(middle), parent="gone"), middle)
    assert gate(grandchild, votes, "--first", "embedded") == 2
    told = capsys.readouterr().err
    assert "between was trained from gone, which is not here" in told
    assert "or begin a new line with between" in told


def test_another_model_with_the_parents_name_is_refused(
    grandchild: Path, votes: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    middle = grandchild.parent / "between" / cards.FILE_NAME
    cards.write(replace(cards.read(middle), manifests=("c" * 64,)), middle)
    assert gate(grandchild, votes) == 2
    assert "was trained from between, which is not beside it" in capsys.readouterr().err


def test_a_changed_file_is_refused_and_nothing_is_drawn(
    candidate: Path, votes: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    (candidate / "unet" / "config.json").write_text("{}")
    assert gate(candidate, votes) == 1
    assert "Not passed: files changed since it was trained is 1 files" in capsys.readouterr().out
    assert not card(candidate).may_be_promoted
    assert not (candidate / SHEET).exists()


def test_a_candidate_without_its_licence_is_refused(candidate: Path, votes: Manifest) -> None:
    licence = card(candidate).licence.file
    assert licence is not None
    (candidate / licence).unlink()
    assert gate(candidate, votes) == 1
    assert not card(candidate).may_be_promoted


def test_a_card_without_file_hashes_is_refused(candidate: Path, votes: Manifest) -> None:
    cards.write(replace(card(candidate), files={}), candidate / cards.FILE_NAME)
    assert gate(candidate, votes) == 1
    assert not (candidate / SHEET).exists(), "refused before anything is drawn"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"manifests": None}, "learned from other votes than those in"),
        ({"manifests": ("0" * 64,)}, "learned from other votes than those in"),
        ({"parent": None}, "names no parent, so there is nothing to compare it with."),
        ({"parent": "gone"}, "was trained from gone, which is not beside it: name its folder"),
    ],
)
def test_a_candidate_that_does_not_match_its_votes_or_parent_is_refused(
    candidate: Path,
    votes: Manifest,
    capsys: pytest.CaptureFixture[str],
    changes: dict[str, object],
    told: str,
) -> None:
    cards.write(replace(card(candidate), **changes), candidate / cards.FILE_NAME)  # type: ignore[arg-type]  fields by name
    assert gate(candidate, votes) == 2
    assert told in capsys.readouterr().err
    assert card(candidate).verdict is None


def test_a_folder_without_a_card_is_reported(
    tmp_path: Path, votes: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(tmp_path, votes) == 2
    assert "has no card.json: name a trained model" in capsys.readouterr().err


def test_a_gate_with_too_few_seeds_is_refused(
    candidate: Path, votes: Manifest, capsys: pytest.CaptureFixture[str]
) -> None:
    assert gate(candidate, votes, "--seeds", "1") == 2
    assert "the gate passes nothing" in capsys.readouterr().err


def test_votes_without_held_out_prompts_are_refused(
    candidate: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "few"
    folder.mkdir()
    few = write_manifest(folder, [add_picture(folder)])
    cards.write(replace(card(candidate), manifests=(few.sha256,)), candidate / cards.FILE_NAME)
    assert gate(candidate, few) == 2
    assert "has 0 prompts held out and 1 to train on" in capsys.readouterr().err
