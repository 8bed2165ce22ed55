"""The message about a faulty recipe: the whole sentence for each kind of fault."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.finetuning.recipe import Recipe, RecipeError, read

NEEDED = 'base = "b"\ndata = "d"\nout = "o"\n'
FAULTS = [
    ("epoch = 1", "epoch is not a key of the recipe; the nearest is epochs."),
    ("[lora]\nrnk = 4", "lora.rnk is not a key of the recipe; the nearest is lora.rank."),
    ('lr = "fast"', "lr must be a number above 0 and at most 1, not 'fast'."),
    ("lr = true", "lr must be a number above 0 and at most 1, not True."),
    ("lr = nan", "lr must be a number above 0 and at most 1, not nan."),
    ("clip_norm = inf", "clip_norm must be a number of at least 0, not inf."),
    ("min_score = nan", "min_score must be a number, not nan."),
    ('min_score = "high"', "min_score must be a number, not 'high'."),
    ("ema = 1", "ema must be true or false, not 1."),
    ("epochs = 2.5", "epochs must be a whole number of at least 1, not 2.5."),
    ("epochs = true", "epochs must be a whole number of at least 1, not True."),
    ("name = 3", "name must be a text, not 3."),
    ("lora = 3", "lora must be a table of its own, not 3."),
    ('[samples]\nprompts = "x"', "samples.prompts must be a list of texts, not 'x'."),
    ("[samples]\nprompts = [3]", "samples.prompts must be a list of texts, not [3]."),
    ('method = "lroa"', "method must be one of full, lora; lora is nearest 'lroa'."),
    ("lr = 0", "lr must be a number above 0 and at most 1, not 0."),
    ("batch = 0", "batch must be a whole number of at least 1, not 0."),
    ("seed = -1", "seed must be a whole number from 0 to 9223372036854775807, not -1."),
    ("warmup = 1.0", "warmup must be a number of at least 0 and below 1, not 1.0."),
    ("flip = 1.5", "flip must be a number from 0 to 1, not 1.5."),
    ("clip_norm = -1.0", "clip_norm must be a number of at least 0, not -1.0."),
    ("[lora]\nrank = 9999", "lora.rank must be a whole number from 1 to 1024, not 9999."),
    (
        "[captions]\ncaption_dropout = 1.5",
        "captions.caption_dropout must be from 0 to 1, not 1.5",
    ),
    ("cache = 1979-05-27", "cache must be a text, not datetime.date(1979, 5, 27)."),
    (
        "cache_text = true\ntrain_text_encoder = true",
        "cache_text needs a text encoder that is not trained",
    ),
]


def message_of(path: Path, text: str) -> str:
    path.write_text(text)
    with pytest.raises(RecipeError) as caught:
        read(path)
    return str(caught.value)


@pytest.mark.parametrize(("line", "complaint"), FAULTS)
def test_an_error_names_the_file_the_key_and_the_valid_values(
    tmp_path: Path, line: str, complaint: str
) -> None:
    path = tmp_path / "r.toml"
    assert message_of(path, NEEDED + line) == f"{path}: {complaint}"


@pytest.mark.parametrize("key", ["base", "data", "out"])
def test_a_missing_required_key_is_reported(tmp_path: Path, key: str) -> None:
    path = tmp_path / "r.toml"
    lines = NEEDED.replace(f"{key} =", f"x{key} =").splitlines()
    left = "\n".join(line for line in lines if not line.startswith("x"))
    assert message_of(path, left) == f"{path}: {key} is missing."


def test_a_misspelt_required_key_is_reported_as_misspelt(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    text = NEEDED.replace("base", "bsae")
    assert (
        message_of(path, text) == f"{path}: bsae is not a key of the recipe; the nearest is base."
    )


def test_an_empty_folder_name_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    why = "out is empty; the folder you are in is called ."
    assert message_of(path, NEEDED.replace('"o"', '" "')) == f"{path}: {why}"


def test_a_file_that_is_not_toml_is_reported(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    assert message_of(path, "base = ").startswith(f"{path} is not TOML: Invalid value (at end of")
    for endless in ("1" * 5000, "[" * 100_000):
        assert message_of(path, f"seed = {endless}").startswith(f"{path} is not TOML: ")


def test_a_whole_number_is_a_number_and_a_list_becomes_a_tuple(tmp_path: Path) -> None:
    path = tmp_path / "r.toml"
    path.write_text(NEEDED + 'lr = 1\n[samples]\nprompts = ["a", "b"]\n')
    recipe = read(path)
    assert (recipe.lr, type(recipe.lr)) == (1.0, float)
    assert recipe.samples.prompts == ("a", "b")
    assert recipe.captions == Recipe(base="b", data="d", out="o").captions


def test_an_unknown_users_home_is_reported(tmp_path: Path) -> None:
    text = NEEDED.replace('data = "', 'data = "~nobody-of-that-name/', 1)
    said = message_of(tmp_path / "a.toml", text)
    assert "data must be a folder: nobody's home is '~nobody-of-that-name/" in said
