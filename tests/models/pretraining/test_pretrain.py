"""The pre-training of the embedded model, at toy size: every stage, resumption, and its parts."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path
from random import Random

import numpy as np
import pytest
import torch
from torch import nn

from models.__main__ import main
from models.engine import upscaler
from models.measuring.judge.heads import HEADS, UNSEEN, is_visible, labels
from models.painter.captions import caption
from models.painter.portrait import sample
from models.painter.sets import Purpose
from models.pretraining import architecture, reading, vocabulary
from models.pretraining.architecture import FULL, TOY
from models.pretraining.autoencoding import cached_latents, reconstruction_loss
from models.pretraining.command import blueprint_of
from models.pretraining.enlarge import enlarging_loss
from models.pretraining.painting import paint_shard, plan, stated_labels
from models.pretraining.pictures import Pictures, batch_of, load
from models.pretraining.siblings import DIFFERING, FAMILY, family
from models.pretraining.workshop import Workshop
from models.training.muon import A, B, C, Muon, orthogonal
from tests.stages.one_line import one_line
from tests.stages.tiny_trainings import interrupt_at_step, random_pictures

CPU = torch.device("cpu")


def test_every_caption_word_is_one_token_and_any_text_round_trips(words: Path) -> None:
    tokenizer = vocabulary.load(words)
    for seed in range(40):
        text = caption(sample(Random(seed)), Random(seed)).lower().replace("_", " ")
        said = [t for t in text.replace(",", " , ").split() if t.isalpha()]
        for word in said:
            assert len(tokenizer(word, add_special_tokens=False).input_ids) == 1, word
    for odd in ("zażółć gęślą", "猫耳 :3", "xyzzy-42"):
        ids = tokenizer(odd, add_special_tokens=False).input_ids
        assert tokenizer.decode(ids).replace(" ", "") == odd.replace(" ", "")


def test_a_text_is_77_tokens_padded_with_the_end_token(words: Path) -> None:
    tokenizer = vocabulary.load(words)
    (ids,) = vocabulary.encode(tokenizer, ["1girl, blue hair"])
    start, end = vocabulary.encode(tokenizer, [""])[0][:2]
    assert len(ids) == 77
    assert ids[0] == start
    assert set(ids[ids.index(end) :]) == {end}


def test_an_orthogonal_update_has_singular_values_near_one() -> None:
    torch.manual_seed(0)
    for shape in ((8, 40), (40, 8), (3, 16, 16)):
        values = torch.linalg.svdvals(orthogonal(torch.randn(shape)))
        assert values.min() > 0.5
        assert values.max() < 1.5


def test_rounds_on_the_small_square_matrix_equal_rounds_on_the_full_one() -> None:
    torch.manual_seed(0)
    for shape in ((8, 40), (40, 8), (3, 16, 16)):
        g = torch.randn(shape, dtype=torch.float64)
        x = g.mT if shape[-2] > shape[-1] else g
        x = x / x.norm(dim=(-2, -1), keepdim=True)
        for _ in range(5):
            s = x @ x.mT
            x = A * x + (B * s + C * s @ s) @ x
        want = x.mT if shape[-2] > shape[-1] else x
        torch.testing.assert_close(orthogonal(g), want, rtol=1e-3, atol=1e-4)


def test_latents_are_cached_per_weights_and_pictures(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = architecture.autoencoder(TOY).eval()
    none = torch.zeros(0)

    def latents(shade: int) -> torch.Tensor:
        pixels = torch.full((3, 32, 32, 3), shade, dtype=torch.uint8)
        pictures = Pictures(pixels, none, none, none, none, none)
        return cached_latents(net, {"square": pictures}, tmp_path)["square"]

    first = latents(90)
    assert torch.equal(latents(90), first)
    assert len(list(tmp_path.rglob("*.safetensors"))) == 1
    assert not torch.equal(latents(200), first)
    with torch.no_grad():
        next(net.parameters()).mul_(2)
    assert not torch.equal(latents(90), first)


def test_dropping_a_small_detail_costs_more_than_a_slight_tint() -> None:
    picture = torch.zeros(1, 3, 32, 32)
    picture[..., 14:17, 14:17] = 0.8
    dropped = torch.zeros_like(picture)
    shaded = picture + 0.02
    assert enlarging_loss(dropped, picture) < 2 * enlarging_loss(shaded, picture)
    assert reconstruction_loss(dropped, picture) > 8 * reconstruction_loss(shaded, picture)


def test_muon_minimises_a_quadratic() -> None:
    torch.manual_seed(0)
    goal = 0.3 * torch.randn(12, 3, 3, 3)
    weight = nn.Parameter(torch.zeros_like(goal))
    optimizer = Muon([weight], lr=0.05, weight_decay=0.0)
    for step in range(200):
        optimizer.param_groups[0]["lr"] = 0.05 * (1 - step / 200)
        optimizer.zero_grad()
        ((weight - goal) ** 2).sum().backward()
        optimizer.step()
    assert (weight - goal).abs().max() < 0.05


def test_a_caption_labels_what_it_states_and_leaves_the_rest_open() -> None:
    portrait = sample(Random(0))
    heads = list(HEADS)
    stated = stated_labels(f"1girl, {portrait.hair_colour} hair", portrait)
    true = labels(portrait)
    assert stated[heads.index("hair_colour")] == true[heads.index("hair_colour")]
    assert stated[heads.index("background")] == UNSEEN
    # Striking attributes are nearly always named, so silence says that they are absent.
    assert stated[heads.index("eyewear")] == true[heads.index("eyewear")]


def test_a_colour_is_stated_only_of_its_own_item() -> None:
    blue = {"eye_colour": "blue", "clothes": "dress", "clothes_colour": "blue"}
    portrait = replace(
        sample(Random(0)),
        head="hair bow",
        head_colour="blue",
        eye_state="open",
        eyewear="none",
        **blue,
    )
    colours = [h for h in HEADS if h.endswith("_colour")]

    def stated(text: str) -> set[str]:
        values = dict(zip(HEADS, stated_labels(text, portrait), strict=True))
        return {h for h in colours if values[h] != UNSEEN}

    assert stated("1girl, blue eyes, dress, hair bow") == {"eye_colour"}
    assert stated("1girl, blue_dress") == {"clothes_colour"}
    assert stated("a girl with a blue bow and blue eyes") == {"head_colour", "eye_colour"}


def test_a_word_for_several_kinds_of_clothes_states_none_of_them() -> None:
    worn = replace(sample(Random(0)), neck="none", clothes="t-shirt", clothes_colour="pink")
    for text, kind in (("1girl, pink shirt", False), ("1girl, pink shirt, t-shirt", True)):
        values = dict(zip(HEADS, stated_labels(text, worn), strict=True))
        assert (values["clothes"] != UNSEEN) is kind
        assert values["clothes_colour"] != UNSEEN


def test_only_whole_words_state_an_attribute() -> None:
    worn = {"clothes": "dress", "head": "maid headdress", "neck": "none"}
    girl = replace(sample(Random(0)), boy=False, **worn)

    def states(text: str, head: str) -> bool:
        return dict(zip(HEADS, stated_labels(text, girl), strict=True))[head] != UNSEEN

    assert states("1girl, red dress", "clothes")
    assert not states("1girl, maid headdress", "clothes")
    assert states("a girl with blue hair", "boy")
    assert not states("blue hair, catgirl", "boy")


def test_a_shard_is_the_same_in_every_folder(words: Path, tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "tokenizer").symlink_to(words)
    first, second = (plan(TOY, tmp_path / folder, Purpose.LARGE)[0] for folder in ("a", "b"))
    a, b = np.load(paint_shard(first)), np.load(paint_shard(second))
    assert a.files == b.files
    assert all(np.array_equal(a[name], b[name]) for name in a.files)
    assert a["large"].shape[1:] == (*(4 * n for n in a["pixels"].shape[1:3]), 3)
    assert a["pixels"].shape[0] == len(first.seeds) == a["ids"].shape[0]


def test_no_seed_serves_two_purposes(tmp_path: Path) -> None:
    seeds = [
        s for purpose in Purpose for shard in plan(TOY, tmp_path, purpose) for s in shard.seeds
    ]
    count = TOY.pictures + TOY.held_out + TOY.large + TOY.families + TOY.decoder_families
    assert len(seeds) == len(set(seeds)) == count


def test_a_batch_depends_only_on_its_step_number(words: Path, tmp_path: Path) -> None:
    (tmp_path / "tokenizer").symlink_to(words)
    shards = plan(TOY, tmp_path, Purpose.HELD)[:3]
    for shard in shards:
        paint_shard(shard)
    sets = load(shards, CPU)
    drawn = [batch_of(sets, step, 4, seed=1, device=CPU) for step in range(6)]
    framing, rows = batch_of(sets, 5, 4, seed=1, device=CPU)
    assert framing == drawn[5][0]
    assert torch.equal(rows, drawn[5][1])
    assert len({(framing, *rows.tolist()) for framing, rows in drawn}) == 6


@pytest.mark.parametrize("purpose", DIFFERING)
def test_siblings_differ_in_one_attribute_that_the_given_portrait_shows(purpose: Purpose) -> None:
    seen: set[str] = set()
    for seed in range(300):
        portrait = sample(Random(seed))
        siblings = family(portrait, Random(seed), DIFFERING[purpose])
        assert len(set(siblings)) == len(siblings) == FAMILY
        changed = {
            field.name
            for field in fields(portrait)
            if len({getattr(sibling, field.name) for sibling in siblings}) > 1
        }
        assert len(changed) == 1
        assert all(p.mouth == "open smile" for p in siblings if p.fang)
        assert all(is_visible(portrait, head) for head in changed)
        seen |= changed
    assert seen == set(DIFFERING[purpose])


def differing(of_one: torch.Tensor) -> set[str]:
    """The attributes in which a family's labels (FAMILY, heads) differ."""
    return {head for i, head in enumerate(HEADS) if len(of_one[:, i].unique()) > 1}


def test_a_decoders_families_come_in_every_framing(tmp_path: Path) -> None:
    shards = plan(FULL, tmp_path, Purpose.DECODER_SIBLINGS)
    assert {shard.framing for shard in shards} == set(FULL.shapes_px)
    assert all(shard.differing == DIFFERING[Purpose.DECODER_SIBLINGS] for shard in shards)


def test_a_family_is_contiguous_in_its_shard_and_batched_whole(words: Path, tmp_path: Path) -> None:
    (tmp_path / "tokenizer").symlink_to(words)
    shards = plan(TOY, tmp_path, Purpose.SIBLINGS)
    for shard in shards:
        paint_shard(shard)
    sets = load(shards, CPU)
    assert set(sets) == {"square"}
    pictures = sets["square"]
    assert len(pictures.labels) == TOY.families * FAMILY
    assert (pictures.seeds.view(-1, FAMILY) == pictures.seeds.view(-1, FAMILY)[:, :1]).all()
    for of_one in pictures.labels.view(-1, FAMILY, len(HEADS)):
        assert differing(of_one) <= set(DIFFERING[Purpose.SIBLINGS])
        assert len(differing(of_one)) == 1
    # Apart from that attribute their prompts state the same.
    assert pictures.stated.shape[1] == 1
    for said in pictures.stated.view(-1, FAMILY, len(HEADS)):
        assert len(differing(said)) <= 1
    _, rows = batch_of(sets, 0, 8, seed=1, device=CPU, family=FAMILY)
    assert len(rows) == 6
    assert (rows.view(2, FAMILY) == rows[::FAMILY, None] + torch.arange(FAMILY)).all()
    assert (rows % FAMILY == torch.arange(FAMILY).repeat(2)).all()


def test_pictures_not_painted_yet_are_named(tmp_path: Path) -> None:
    with pytest.raises(
        FileNotFoundError, match=r"train-0000-square\.npz is missing: run the paint"
    ):
        load(plan(TOY, tmp_path, Purpose.TRAIN), CPU)


def test_position_embeddings_are_most_alike_for_neighbours() -> None:
    # How alike two places are depends on their distance alone; neighbours are most alike.
    places = reading.positions(60, 32)
    alike = places @ places.T
    for apart in range(4):
        along = alike.diagonal(apart)
        assert torch.allclose(along, along[0].expand(len(along)), atol=1e-5)
    assert alike[0, 0] > alike[0, 1] > alike[0, 2] > alike[0, 3]


def test_a_batch_smaller_than_a_family_is_one_family() -> None:
    _, rows = batch_of(_labelled(9), 0, 2, seed=1, device=CPU, family=FAMILY)
    assert len(rows) == FAMILY


def _labelled(count: int) -> dict[str, Pictures]:
    none = torch.zeros(0)
    return {"square": Pictures(none, torch.zeros(count, 2), none, none, none, none)}


@pytest.mark.parametrize(
    "text", ["unet_step=3", "unet_steps=0", "unet_steps=x", "unet_steps", "unet_steps=²"]
)
def test_an_invalid_step_setting_is_refused_with_the_known_ones(text: str) -> None:
    assert main(["pretrain", "--work", "unused", "--set", text]) == 2
    with pytest.raises(Exception, match=r"autoencoder_steps.*unet_steps"):
        blueprint_of(toy=False, changes=[text])


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("export", "run the stage `decoder` first"),
        # No other process is painting, so it must not wait for pictures.
        ("judge", "run the paint stage first"),
    ],
)
def test_a_stage_without_its_predecessor_says_what_to_run_first(
    stage: str, said: str, tmp_path: Path, words: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "tokenizer").symlink_to(words)
    assert main(["pretrain", "--work", str(tmp_path), "--toy", "--only", stage]) == 2
    assert said in one_line(capsys.readouterr().err)


def test_ctrl_c_in_a_stage_says_what_is_kept_and_how_to_resume(
    words: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sets = {"square": random_pictures(16, 0, TOY.size_px)}
    monkeypatch.setattr(Workshop, "pictures", lambda *_, **__: sets)
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "tokenizer").symlink_to(words)
    interrupt_at_step(monkeypatch, 2)
    line = ["pretrain", "--work", str(tmp_path), "--toy", "--device", "cpu", "--only", "words"]
    assert main(line) == 130
    said = one_line(capsys.readouterr().err)
    kept = tmp_path / "words" / "states" / "step-00000002"
    assert said == f"stopped; the last good state is {kept}. Run the same command again to go on"
    monkeypatch.undo()
    monkeypatch.setattr(Workshop, "pictures", lambda *_, **__: sets)
    assert main(line) == 0
    assert "resuming after step 2" in capsys.readouterr().out


@pytest.mark.slow(10)
# diffusers 0.42 passes a tensor to numpy in a way that numpy 2 deprecates.
@pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")
def test_the_command_makes_a_model_that_stock_pipelines_load(tmp_path: Path) -> None:
    work = tmp_path / "work"
    assert main(["pretrain", "--toy", "--work", str(work), "--jobs", "1", "--device", "cpu"]) == 0
    figures = json.loads((work / "figures.json").read_text())
    stages = {"autoencoder_db", "decoder_db", "upscaler_db"}
    assert stages | {"words_mouth", "judge_mouth", "decoder_mouth"} <= set(figures)
    assert list(work.glob("unet-*.png"))
    from diffusers import StableDiffusionPipeline

    pipeline = StableDiffusionPipeline.from_pretrained(work / "model", local_files_only=True)
    assert pipeline.vae_scale_factor == 8
    assert pipeline.scheduler.config.prediction_type == "v_prediction"
    pipeline.set_progress_bar_config(disable=True)
    drawn = pipeline("1girl, blue hair", num_inference_steps=2).images[0]
    assert drawn.size == (128, 128)
    assert upscaler.load(work / "model" / upscaler.FOLDER).warp_px == TOY.upscaler_warp_px
    assert main(["check", str(work / "model")]) == 0
