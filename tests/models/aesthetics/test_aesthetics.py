"""Aesthetic scores: each part against an oracle, and the training that makes our own."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image, ImageFilter
from torch import nn

from models.__main__ import main
from models.aesthetics import grader, painted, training
from models.aesthetics import scorer as aesthetics
from models.aesthetics.grader import export, fit
from models.aesthetics.heads import read_head, save_head
from models.aesthetics.rank import spearman
from models.aesthetics.scorer import OWN_TOWER, open_aesthetic
from models.aesthetics.towers import PictureTower, Tower, open_tower, save_tower
from models.aesthetics.window import Window, read_window
from models.catalogue.registry import EMBEDDED
from models.contract import EngineError
from tests.stages.one_line import one_line, raises_one_line
from tests.stages.tiny_trainings import random_grades

WIDTH = 12


def colourful(width: int, height: int, seed: int = 0) -> Image.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Image.fromarray(pixels)


def unit(rows: int, width: int) -> torch.Tensor:
    vectors = torch.randn(rows, width, generator=torch.Generator().manual_seed(5))
    return nn.functional.normalize(vectors.double(), dim=-1)


def laion(path: Path, sizes: tuple[int, ...] = (WIDTH, 16, 8, 6, 4, 1)) -> nn.Sequential:
    """The layers of LAION's predictor with its tensors' names, as published."""
    a, b, c, d, e, f = sizes
    layers = nn.Sequential(
        nn.Linear(a, b), nn.Dropout(0.2), nn.Linear(b, c), nn.Dropout(0.2),
        nn.Linear(c, d), nn.Dropout(0.1), nn.Linear(d, e), nn.Linear(e, f),
    ).eval()  # fmt: skip
    torch.save({f"layers.{name}": w for name, w in layers.state_dict().items()}, path)
    return layers


def waifu(path: Path, width: int = WIDTH) -> nn.Module:
    """The layers of Waifu Diffusion's classifier with its tensors' names."""
    fc1, fc2, fc3 = nn.Linear(width, 8), nn.Linear(8, 4), nn.Linear(4, 1)
    parts = {"fc1": fc1, "fc2": fc2, "fc3": fc3}
    torch.save({f"{n}.{k}": w for n, m in parts.items() for k, w in m.state_dict().items()}, path)
    return nn.Sequential(fc1, nn.ReLU(), fc2, nn.ReLU(), fc3, nn.Sigmoid())


def clip(folder: Path, *, text_too: bool) -> Any:
    from transformers import CLIPConfig, CLIPModel, CLIPVisionConfig, CLIPVisionModelWithProjection

    torch.manual_seed(1)
    sizes: dict[str, Any] = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
    seeing = sizes | {"num_attention_heads": 2, "image_size": 32, "patch_size": 16}
    if text_too:
        reading = sizes | {"num_attention_heads": 2, "vocab_size": 10}
        config = CLIPConfig(text_config=reading, vision_config=seeing, projection_dim=WIDTH)
        net: Any = CLIPModel(config)
    else:
        net = CLIPVisionModelWithProjection(CLIPVisionConfig(**seeing, projection_dim=WIDTH))
    net.eval().save_pretrained(folder)
    told = {"size": 32, "crop_size": {"height": 32, "width": 32}}
    (folder / "preprocessor_config.json").write_text(json.dumps(told))
    return net


@pytest.fixture(scope="module")
def tower(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny tower of the project's own architecture."""
    folder = tmp_path_factory.mktemp("tower") / "tiny"
    torch.manual_seed(2)
    save_tower(PictureTower((4, 8), WIDTH).eval(), folder)
    return folder


@pytest.fixture(scope="module")
def head(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A head for the tiny tower, with scores around 6."""
    path = tmp_path_factory.mktemp("head") / "head.safetensors"
    torch.manual_seed(3)
    save_head(torch.randn(WIDTH), torch.tensor(6.0), path)
    return path


@pytest.mark.parametrize(
    "size", [(224, 224), (300, 200), (201, 333), (333, 201), (50, 401), (640, 512), (97, 31)]
)
def test_the_window_matches_the_transformers_processor(size: tuple[int, int]) -> None:
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    picture = colourful(*size)
    theirs = CLIPImageProcessorPil()(images=picture, return_tensors="np")["pixel_values"][0]
    window = Window()
    ours = window.normalise(window.cut(picture)).transpose(2, 0, 1)
    np.testing.assert_allclose(ours, theirs, atol=2e-6)


@pytest.mark.parametrize("size", [(1, 60_000), (60_000, 1), (2, 60_001), (60_001, 3)])
def test_resizing_a_very_thin_picture_stays_within_two_megapixels(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    largest: list[int] = []
    resize = Image.Image.resize

    def watched(self: Image.Image, to: tuple[int, int], *more: Any) -> Image.Image:
        largest.append(to[0] * to[1])
        assert largest[-1] < 2_000_000
        return resize(self, to, *more)

    monkeypatch.setattr(Image.Image, "resize", watched)
    assert Window().cut(colourful(*size)).shape == (224, 224, 3)
    assert largest


@pytest.mark.parametrize("size", [(5, 201), (12, 301), (700, 24), (901, 9)])
def test_precropping_a_long_picture_gives_the_same_window(
    size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Blurred noise, steep enough that a window shifted by a pixel would differ by far more.
    picture = colourful(*size).filter(ImageFilter.GaussianBlur(1))
    ours = Window().cut(picture).astype(int)
    monkeypatch.setattr("models.aesthetics.window._MAX_ASPECT", 1_000)
    theirs = Window().cut(picture).astype(int)
    assert np.abs(ours - theirs).max() <= 2
    assert theirs.std() > 5


def test_the_window_is_read_from_old_and_new_config_files(tmp_path: Path) -> None:
    assert read_window(tmp_path) == Window()
    path = tmp_path / "preprocessor_config.json"
    path.write_text(json.dumps({"size": 336, "crop_size": 336, "image_mean": [0.5, 0.5, 0.5]}))
    assert read_window(tmp_path) == Window(shortest_px=336, crop_px=336, mean=(0.5, 0.5, 0.5))
    path.write_text(json.dumps({"size": {"shortest_edge": 240}, "crop_size": {"height": 224}}))
    assert read_window(tmp_path) == Window(shortest_px=240)
    path.write_text(json.dumps({"size": {"height": 240, "width": 240}}))
    with raises_one_line(EngineError, match="not the preprocessing of a CLIP"):
        read_window(tmp_path)


def test_the_laion_head_equals_its_layers_applied_one_by_one(tmp_path: Path) -> None:
    torch.manual_seed(4)
    layers = laion(tmp_path / "sac.pth", (768, 1024, 128, 64, 16, 1)).double()
    read_in = read_head(tmp_path / "sac.pth")
    assert (read_in.name, read_in.width, read_in.low, read_in.high) == ("laion-linear", 768, 1, 10)
    x = unit(1_000, 768)
    with torch.no_grad():
        expected = layers(x)[:, 0]
    difference = (torch.tensor(read_in(x), dtype=torch.float64) - expected).abs().max()
    assert difference < 1e-13 < expected.std()


def test_the_waifu_diffusion_head_equals_its_modules(tmp_path: Path) -> None:
    torch.manual_seed(4)
    modules = waifu(tmp_path / "aes.pth", 512).double()
    read_in = read_head(tmp_path / "aes.pth")
    assert (read_in.name, read_in.width, read_in.low, read_in.high) == ("waifu-mlp", 512, 0, 1)
    x = unit(1_000, 512) * 30  # Large enough to reach the bend of every ReLU and of the sigmoid.
    with torch.no_grad():
        expected = modules(x)[:, 0]
    torch.testing.assert_close(torch.tensor(read_in(x), dtype=torch.float64), expected)


class Bomb:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, (str(self.trace),)


def test_a_head_that_would_run_code_is_refused_and_does_not_run(tmp_path: Path) -> None:
    trace = tmp_path / "it-ran"
    torch.save({"fc1.weight": Bomb(trace)}, tmp_path / "bomb.pth")
    with raises_one_line(EngineError, match="could run code"):
        read_head(tmp_path / "bomb.pth")
    assert not trace.exists()


def test_invalid_head_files_are_refused_with_a_reason(tmp_path: Path) -> None:
    laion(tmp_path / "good.pth")
    good = torch.load(tmp_path / "good.pth", weights_only=True)
    broken = {
        "is no head this program knows": {"weight": torch.zeros(1, 3)},
        "do not fit each other": good | {"layers.2.weight": torch.zeros(8, 15)},
        "are no numbers": good | {"layers.7.bias": torch.tensor([float("nan")])},
        "holds no named tensors": [torch.zeros(2)],
    }
    for reason, told in broken.items():
        torch.save(told, tmp_path / "bad.pth")
        with raises_one_line(EngineError, match=reason):
            read_head(tmp_path / "bad.pth")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "good.pth").read_bytes()[:900])
    (tmp_path / "text.safetensors").write_text("no tensors")
    for name in ("cut.pth", "text.safetensors"):
        with raises_one_line(EngineError, match="is damaged"):
            read_head(tmp_path / name)
    with raises_one_line(EngineError, match="there is no head"):
        read_head(tmp_path / "gone.pth")


@pytest.mark.parametrize("text_too", [True, False])
def test_embeddings_match_transformers_clip(tmp_path: Path, text_too: bool) -> None:  # noqa: FBT001  parametrised
    net = clip(tmp_path / "clip", text_too=text_too)
    opened = open_tower(tmp_path / "clip")
    cuts = np.stack([opened.window.cut(colourful(50, 40, seed)) for seed in range(3)])
    x = torch.from_numpy(Window().normalise(cuts)).permute(0, 3, 1, 2)
    with torch.no_grad():
        seen = net.vision_model(x) if text_too else net(pixel_values=x)
        embeds = net.visual_projection(seen.pooler_output) if text_too else seen.image_embeds
    expected = embeds / embeds.norm(dim=-1, keepdim=True)
    assert opened.width == WIDTH
    torch.testing.assert_close(opened.embed(cuts), expected, rtol=0, atol=1e-6)


def test_a_tower_with_missing_or_damaged_weights_is_refused(tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    clip(tmp_path / "clip", text_too=False)
    path = tmp_path / "clip" / "model.safetensors"
    weights = load_file(path)
    save_file({k: w for k, w in weights.items() if "visual_projection" not in k}, path)
    with raises_one_line(EngineError, match=r"lacks visual_projection\.weight"):
        open_tower(tmp_path / "clip")
    path.write_bytes(path.read_bytes()[:500])
    with raises_one_line(EngineError, match="damaged"):
        open_tower(tmp_path / "clip")
    (tmp_path / "clip" / "config.json").write_text('{"model_type": "bert"}')
    with raises_one_line(EngineError, match="type bert"):
        open_tower(tmp_path / "clip")
    with raises_one_line(EngineError, match="no image tower"):
        open_tower(tmp_path / "nowhere")


def test_our_tower_survives_saving_in_half_precision(tower: Path) -> None:
    torch.manual_seed(2)
    net = PictureTower((4, 8), WIDTH).eval()
    cuts = np.stack([Window().cut(colourful(230, 230, seed)) for seed in range(2)])
    before = Tower(net, Window(), WIDTH, "").embed(cuts)
    torch.testing.assert_close(open_tower(tower).embed(cuts), before, rtol=0, atol=2e-3)


def test_a_score_does_not_depend_on_the_batch(tower: Path, head: Path) -> None:
    aesthetic = open_aesthetic(head, tower, "cpu")
    pictures = [colourful(60 + i, 50, i) for i in range(4)]
    alone = [aesthetic.score([picture])[0] for picture in pictures]
    assert aesthetic.score(pictures) == pytest.approx(alone, abs=1.01e-4)
    assert len(set(alone)) == 4
    assert aesthetic.score([]) == []


def test_every_pair_of_head_and_tower_has_its_own_scorer_id(
    tmp_path: Path, tower: Path, head: Path
) -> None:
    laion(tmp_path / "laion.pth")
    save_tower(PictureTower((4, 8), WIDTH).eval(), tmp_path / "other")
    ids = {
        open_aesthetic(one, folder, "cpu").id
        for one in (head, tmp_path / "laion.pth")
        for folder in (tower, tmp_path / "other")
    }
    assert len(ids) == 4
    assert open_aesthetic(head, tower, "cpu").id in ids


def test_spearman_is_pearson_of_mean_ranks() -> None:
    assert spearman([1, 2, 3, 4], [10, 20, 21, 99]) == pytest.approx(1)
    assert spearman([1, 2, 3, 4], [4, 3, 2, 1]) == pytest.approx(-1)
    # Ranks 1, 2.5, 2.5, 4 and 1, 2, 4, 3: covariance 3 over sqrt(4.5 * 5).
    assert spearman([1, 2, 2, 3], [1, 2, 9, 8]) == pytest.approx(3 / (4.5 * 5) ** 0.5)
    assert np.isnan(spearman([1, 1, 1], [1, 2, 3]))


def test_a_painted_picture_is_reproducible_and_graded_by_its_flaws() -> None:
    (picture, flaws), (again, _) = painted.paint(12, 64), painted.paint(12, 64)
    assert picture.tobytes() == again.tobytes()
    assert min(picture.size) == 64
    clean = [seed for seed in range(40) if painted.paint(seed, 32)[1].grade == 10]
    assert flaws.grade == 10 - 9 * min(1, sum(painted.degrees(flaws)) / 1.6)
    assert 4 <= len(clean) <= 16  # a quarter has no fault at all


def test_the_exported_scorer_scores_like_the_trained_grader(tmp_path: Path) -> None:
    grader = fit(random_grades(8), tmp_path / "g", steps=2, batch=4, seed=1)
    export(grader, tmp_path / "out")
    cuts = random_grades(8).cuts
    x = torch.from_numpy(Window().normalise(cuts)).permute(0, 3, 1, 2)
    with torch.no_grad():
        learned = 7 + 2.5 * grader(x)[0]
    aesthetic = open_aesthetic(tmp_path / "out" / "head.safetensors", tmp_path / "out", "cpu")
    assert aesthetic.score_cuts(list(cuts)) == pytest.approx(learned.tolist(), abs=0.02)


def test_the_shipped_scorer_ranks_unseen_pictures_by_their_true_grades() -> None:
    size = sum(path.stat().st_size for path in aesthetics.OWN_TOWER.iterdir())
    assert size <= 1_000_000
    # The goal of 0.9 is measured on 1,000 pictures; with 48 the correlation varies by about 0.03.
    figures = json.loads((aesthetics.OWN_TOWER / "figures.json").read_text())
    assert figures["unseen pictures"] == 1_000
    assert figures["Spearman with the true grade"] >= 0.9
    pairs = [painted.paint(painted.UNSEEN_SEED + 50_000 + i, 224) for i in range(48)]
    scores = open_aesthetic(device="cpu").score([picture for picture, _ in pairs])
    assert spearman(scores, [flaws.grade for _, flaws in pairs]) >= 0.85


def test_another_seed_trains_on_other_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked: list[set[tuple[Path, int]]] = []

    def painting(shards: list[painted.GradedShard], _: int) -> None:
        asked.append({(s.path, s.first_seed + i) for s in shards for i in range(s.pictures)})
        raise OSError("enough")

    monkeypatch.setattr(painted, "paint_all", painting)
    options = ["aesthetic-train", "--work", str(tmp_path), "--pictures", "250"]
    for seed in ("0", "1"):
        assert main([*options, "--seed", seed]) == 2
    first, second = asked
    common = first & second
    assert len(first) == len(second) == 500
    assert {seed for _, seed in common} == {painted.UNSEEN_SEED + i for i in range(250)}
    # More pictures in the same folder: a short last shard must not count as a full one.
    few, many = (painted.plan("train", 0, count, tmp_path) for count in (110, 200))
    assert few[0].path == many[0].path
    assert few[1].path != many[1].path
    capsys.readouterr()
    assert main([*options, "--seed", "1000"]) == 2
    assert "--seed must be 0 to 999" in one_line(capsys.readouterr().err)


def test_a_scorer_ships_with_the_licence_of_its_training_drawings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(*_: object, **_options: object) -> dict[str, float]:
        return {}

    for room, name in (
        (painted, "paint_all"), (painted, "load"), (grader, "fit"), (training, "measure"),
    ):  # fmt: skip
        monkeypatch.setattr(room, name, nothing)
    monkeypatch.setattr(grader, "export", lambda _, folder: folder.mkdir())
    assert main(["aesthetic-train", "--work", str(tmp_path), "--pictures", "2"]) == 0
    licence = (EMBEDDED / "LICENSE.md").read_bytes()
    assert (tmp_path / "aesthetic" / "LICENSE.md").read_bytes() == licence
    assert (OWN_TOWER / "LICENSE.md").read_bytes() == licence
