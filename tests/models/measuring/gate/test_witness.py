"""If the tagger knows none of a prompt's words, it gives no answer."""

from __future__ import annotations

from math import isnan
from pathlib import Path

from PIL import Image

from models.contract import Aspect
from models.engine.safety.wd_tagger import open_tagger
from models.measuring.gate.witness import Brief, TaggerWitness
from tests.stages.tiny_onnx import write_tagger


def followed(folder: Path, prompt: str) -> float:
    tagger = open_tagger(str(write_tagger(folder, {"1girl": (0.0, 0.0, 0.0, 9.0)})))
    asked = Brief(prompt=prompt, negative="", seed=1, aspect=Aspect.SQUARE)
    picture = Image.new("RGB", (16, 16))
    return TaggerWitness(tagger).shares_followed([asked], [picture])["tags"]


def test_a_found_tag_counts_as_followed_and_unknown_words_do_not_count(
    tmp_path: Path,
) -> None:
    assert followed(tmp_path, "1girl, words of nobody") == 1
    assert isnan(followed(tmp_path / "again", "words of nobody"))
