"""A run learns from a manifest and ends in a candidate that says where it comes from."""

from __future__ import annotations

import json
import statistics
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from PIL import Image

from models.catalogue.registry import card_of, faults, file_sha256
from models.contract import EngineError
from models.engine.loader import load
from models.manifest import JudgementLine, PictureLine, Split
from models.preference import run
from models.preference.pulling import Pull
from models.training.judged_pictures import Errors
from tests.stages.manifests import write_manifest
from tests.stages.one_line import one_line
from tests.stages.tiny_finetuning import interrupt
from tests.stages.tiny_preferring import (
    HELD_OUT,
    Bench,
    bench,
    call_at_step,
    manifest_of,
    pictures,
    voted_base,
    votes,
)

__all__ = ["bench", "voted_base"]


class Usage(NamedTuple):
    """A disk without room."""

    total: int = 10
    used: int = 10
    free: int = 0


def test_a_run_produces_a_candidate_with_card_curve_and_sheets(bench: Bench) -> None:
    before = file_sha256(bench.base / "unet" / "diffusion_pytorch_model.safetensors")
    assert bench.prefer("bright", "--as-judged") == 0
    model = bench.out("bright") / "model"
    card = card_of(model)
    assert (card.id, card.parent, card.verdict) == ("bright", "tiny-waifu", None)
    assert card.made_by == "python -m models prefer manifest"
    assert card.manifests == (bench.manifest.sha256,)
    assert card.files
    assert faults(card, model) == []
    assert (model / card.licence.file).exists() if card.licence.file else False
    load(str(model), device="cpu")
    for name in ("before", "after"):
        with Image.open(bench.out("bright") / "samples" / f"{name}.png") as sheet:
            assert sheet.width == 3 * 256
    assert len(bench.curve("bright")) == 4
    assert (bench.out("bright") / "curve.png").exists()
    assert before == file_sha256(bench.base / "unet" / "diffusion_pytorch_model.safetensors")


def test_a_candidate_trained_from_a_candidate_lists_both_manifests(bench: Bench) -> None:
    assert bench.prefer("first", "--as-judged") == 0
    second = Bench(bench.root, bench.out("first") / "model", bench.manifest)
    other = bench.root / "other"
    shown = pictures(other)
    further = write_manifest(other, shown, votes(shown)[:-1])
    assert second.prefer("second", "--as-judged", manifest=other) == 0
    card = card_of(bench.out("second") / "model")
    assert card.manifests == (bench.manifest.sha256, further.sha256)
    assert card.parent == "first"


@pytest.mark.parametrize("reach", ["full", "lora"])
def test_a_stopped_run_ends_like_an_uninterrupted_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, reach: str
) -> None:
    options = ("--as-judged", "--reach", reach, "--replay", "0.5")
    assert bench.prefer("whole", *options) == 0
    whole = bench.unet_weights("whole")
    for name, behind in (("at-once", 0), ("later", 2)):
        with monkeypatch.context() as patch:
            call_at_step(patch, behind, interrupt)
            assert bench.prefer(name, *options) == 130
        torch.rand(7)
        assert bench.prefer(name, *options) == 2, "not without --resume"
        assert bench.prefer(name, *options, "--resume") == 0
        stopped = bench.unet_weights(name)
        assert all(torch.equal(whole[part], stopped[part]) for part in whole), name
        assert bench.curve("whole") == bench.curve(name)


@pytest.mark.parametrize("loss", ["dpo", "kto", "sft"])
def test_every_loss_moves_the_weights_and_lora_changes_only_attention(
    bench: Bench, loss: str
) -> None:
    base = load(str(bench.base), device="cpu").unet.state_dict()
    assert bench.prefer(loss, "--as-judged", "--loss", loss, "--reach", "lora") == 0
    now = bench.unet_weights(loss)
    changed = {
        name for name, w in now.items() if not torch.equal(w.float(), base[name].half().float())
    }
    assert changed
    assert all(".to_" in name for name in changed)


def test_a_pull_follows_the_reward_and_needs_one(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rewards: list[float] = []
    reward = Pull.reward

    def noted(self: Pull, pixels: torch.Tensor) -> torch.Tensor:
        found = reward(self, pixels)
        rewards.append(float(found.detach().mean()))
        return found

    monkeypatch.setattr(Pull, "reward", noted)
    assert bench.prefer("pulled", "--loss", "pull", "--reach", "full") == 0
    # Each step compares what the base and the trained network make of the same pictures.
    gains = [now - before for before, now in zip(rewards[::2], rewards[1::2], strict=True)]
    assert gains[0] == pytest.approx(0, abs=1e-4)
    assert statistics.fmean(gains[1:]) > 1e-3
    base = load(str(bench.base), device="cpu").unet.state_dict()
    assert any(
        not torch.equal(w, base[name].half()) for name, w in bench.unet_weights("pulled").items()
    )
    assert bench.prefer("lost", "--loss", "pull", "--as-judged") == 2
    assert "needs a reward model" in one_line(capsys.readouterr().err)


def test_a_trusted_reward_makes_the_pairs(bench: Bench, capsys: pytest.CaptureFixture[str]) -> None:
    assert bench.prefer("bright", "--blind-to", "judge") == 0
    told = capsys.readouterr().out
    assert "the reward model makes" in told
    rows = {
        r["name"]: r["value"] for r in json.loads((bench.out("bright") / "votes.json").read_text())
    }
    assert rows["the reward looks at"] == "colour"
    assert rows["held-out pairs it tells right"] == 100
    assert rows["two voters agree"] == 100
    assert rows["published, on other pictures: PickScore"] == 70.2


def test_fresh_pictures_are_ranked_beside_the_judged_ones(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def made(run: str, *options: str) -> int:
        assert bench.prefer(run, *options) == 0
        told = capsys.readouterr().out
        return int(told.partition("the reward model makes ")[2].split()[0])

    assert made("second", "--fresh", "2") > made("first")
    drawn = list((bench.out("second") / "fresh" / "pictures").iterdir())
    assert len(drawn) == 2 * HELD_OUT, "only for the training prompts"
    with monkeypatch.context() as patch:
        call_at_step(patch, 2, interrupt)
        assert bench.prefer("stopped", "--fresh", "2") == 130
    assert bench.prefer("stopped", "--fresh", "2", "--resume") == 0
    whole, stopped = bench.unet_weights("second"), bench.unet_weights("stopped")
    assert all(torch.equal(whole[name], stopped[name]) for name in whole)


def test_a_run_ends_early_if_held_out_pairs_get_worse(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    told = iter([0.6, 0.9, 0.1, 0.9])
    asked: set[str] = set()

    def held_out_accuracy(self: run.PreferenceTraining) -> float:
        asked.update(row.name for rows in self._held_out_rows for row in rows)
        return next(told)

    monkeypatch.setattr(run, "_CHECK_EVERY", 1)
    monkeypatch.setattr(run.PreferenceTraining, "held_out_accuracy", held_out_accuracy)
    assert bench.prefer("early", "--as-judged", "--steps", "30") == 0
    assert "the result on held-out pairs has become worse" in capsys.readouterr().out
    assert len(bench.curve("early")) == 4
    assert (bench.out("early") / "model" / "card.json").exists()
    assert asked == {p.file_name for p in bench.manifest.pictures if p.split is Split.HELD_OUT}


def test_only_a_clear_fall_on_held_out_pairs_ends_a_run() -> None:
    looks = {"20": 0.58, "40": 0.51, "60": 0.44, "80": 0.52}
    assert run.find_drop(looks, pairs=60) is None, "a successful training had swings as wide"
    assert run.find_drop({**looks, "100": 0.31}, pairs=60) == 101
    assert run.find_drop(looks, pairs=600) == 61, "with many pairs the same fall is not chance"
    assert run.find_drop({}, pairs=60) is None


def test_held_out_results_survive_a_kill(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether a run ends early must not depend on where it was killed."""

    def killed() -> None:
        raise EngineError("killed")

    monkeypatch.setattr(run, "_CHECK_EVERY", 2)
    monkeypatch.setattr(run, "_SAVE_EVERY", 2)
    monkeypatch.setattr(run.PreferenceTraining, "held_out_accuracy", lambda _: 0.5)
    with monkeypatch.context() as patch:
        call_at_step(patch, 3, killed)
        assert bench.prefer("killed", "--as-judged", "--steps", "6") == 2
    assert bench.prefer("killed", "--as-judged", "--steps", "6", "--resume") == 0
    (last,) = (bench.out("killed") / "states").glob("step-00000006")
    assert set(json.loads((last / "state.json").read_text())["told"]) == {"2", "4"}


def test_a_nan_loss_ends_a_run_without_writing_a_model(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    real = Errors.losses

    def spoiled(self: Errors, output: torch.Tensor) -> torch.Tensor:
        return real(self, output) * float("nan")

    with monkeypatch.context() as patch:
        call_at_step(patch, 2, lambda: patch.setattr(Errors, "losses", spoiled))
        assert bench.prefer("nan", "--as-judged") == 2
    assert "step 3: loss nan" in one_line(capsys.readouterr().err)
    assert not (bench.out("nan") / "model").exists()


def test_a_full_disk_is_reported_before_the_first_step(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("shutil.disk_usage", lambda _: Usage())
    assert bench.prefer("full", "--as-judged") == 2
    assert "make room or name another --out" in one_line(capsys.readouterr().err)


def few(shown: list[PictureLine]) -> list[JudgementLine]:
    return votes(shown)[:3]


def own(shown: list[PictureLine]) -> list[JudgementLine]:
    return votes(shown, weight=0.0)


def one(shown: list[PictureLine]) -> list[JudgementLine]:
    return [j for j in votes(shown[:4]) for _ in range(8)]


def even(shown: list[PictureLine]) -> list[JudgementLine]:
    return [replace(judgement, value=1) for judgement in votes(shown)]


@pytest.mark.parametrize(
    ("judged", "told"),
    [
        (few, "3 judgements to learn from, and learning begins at 30"),
        (own, "none of the 64 judgements counts: votes on one's own pictures"),
        (one, "about 1 prompt that may be trained on"),
        (even, "no prompt has one picture that is liked more than another"),
    ],
)
def test_votes_too_poor_to_learn_from_are_refused_with_the_reason(
    bench: Bench, capsys: pytest.CaptureFixture[str], judged: Any, told: str
) -> None:
    folder = bench.root / "poor"
    shown = pictures(folder)
    write_manifest(folder, shown, judged(shown))
    assert bench.prefer("poor", manifest=folder) == 2
    assert told in one_line(capsys.readouterr().err)
    assert not bench.out("poor").exists()


def test_votes_without_held_out_prompts_are_refused_before_training(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    """The gate could not pass a candidate trained on them."""
    folder = bench.root / "poor"
    shown = pictures(folder, prompts=HELD_OUT)
    write_manifest(folder, shown, votes(shown))
    assert bench.prefer("poor", manifest=folder) == 2
    assert "no prompt with votes is held out" in one_line(capsys.readouterr().err)


def test_a_manifest_changed_by_hand_is_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str]
) -> None:
    path = bench.manifest.folder / "judgements.jsonl"
    path.write_text(path.read_text().replace('"value":-1', '"value":1', 1))
    assert bench.prefer("changed") == 2
    assert "was changed after it was written" in one_line(capsys.readouterr().err)


def test_a_base_other_than_the_voted_model_is_refused(
    bench: Bench, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from tests.stages.tiny_models import build

    other = build(tmp_path / "somebody-else")
    assert Bench(bench.root, other, bench.manifest).prefer("wrong") == 2
    assert "name tiny-waifu as --base" in one_line(capsys.readouterr().err)


def test_a_run_is_not_resumed_with_another_manifest(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with monkeypatch.context() as patch:
        call_at_step(patch, 2, interrupt)
        assert bench.prefer("new", "--as-judged") == 130
    assert "stopped" in one_line(capsys.readouterr().err)
    other = manifest_of(bench.root / "others", weight=0.5)
    assert bench.prefer("new", "--as-judged", "--resume", manifest=other.folder) == 2
    assert "was saved with another manifest" in one_line(capsys.readouterr().err)


@pytest.mark.parametrize(
    ("option", "told"),
    [
        (("--noise", "0.5"), "--noise must be 0 to less than 0.5"),
        (("--fresh", "1", "--as-judged"), "needs the reward that --as-judged leaves out"),
        (("--steps", "0"), "--steps must be at least 1"),
        (("--beta", "0"), "--beta is above 0"),
        (("--blind-to", "smell"), "--blind-to knows colour, tower, judge, not smell"),
        (("--blind-to", "colour", "tower", "judge"), "nothing to look at"),
        (("--name", "tiny-waifu"), "is the base's own name"),
    ],
)
def test_invalid_options_are_refused(
    bench: Bench, capsys: pytest.CaptureFixture[str], option: tuple[str, ...], told: str
) -> None:
    assert bench.prefer("odd", *option) == 2
    assert told in one_line(capsys.readouterr().err)
