"""An imported model gets the tokenizer it was trained with, or an error says how to get one."""

from __future__ import annotations

import gzip
import sys
from itertools import islice, product
from pathlib import Path
from typing import Any

import pytest
from transformers import CLIPTokenizer

from models.catalogue.registry import EMBEDDED
from models.checkpoint.files import read
from models.checkpoint.importing import import_checkpoint
from models.checkpoint.names import TextKind
from models.checkpoint.vocabulary import CLIP_WORDS, write_tokenizer
from models.contract import EngineError
from tests.stages.tiny_checkpoints import clip, exported, file, rewrite

__all__ = ["clip", "exported", "file"]


@pytest.fixture
def open_clip(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A package with a word list like open_clip's: a title, then more merges than are used."""
    package = tmp_path / "site" / "open_clip"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    letters = [chr(byte) for byte in (*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100))]
    pairs = (f"{a} {b}{end}" for end in ("", "</w>") for a, b in product(letters, letters))
    merges = ["c a", "ca t</w>", *islice((p for p in pairs if p != "c a"), 50_000)]
    with gzip.open(package / "bpe_simple_vocab_16e6.txt.gz", "wt", encoding="utf-8") as list_:
        list_.write("\n".join(["a title", *merges]))
    monkeypatch.syspath_prepend(package.parent)


@pytest.mark.parametrize(("kind", "pad"), [(TextKind.CLIP, CLIP_WORDS - 1), (TextKind.OPENCLIP, 0)])
@pytest.mark.usefixtures("open_clip")
def test_open_clips_word_list_is_used_if_installed(
    tmp_path: Path, kind: TextKind, pad: int
) -> None:
    folder = tmp_path / "tokenizer"
    write_tokenizer(folder, word_count=CLIP_WORDS, kind=kind, source=None, texts={})
    tokenizer: Any = CLIPTokenizer.from_pretrained(str(folder))
    assert len(tokenizer) == CLIP_WORDS
    # 512 letters come before the merges, of which the second makes "cat".
    assert tokenizer("cat")["input_ids"] == [CLIP_WORDS - 2, 513, CLIP_WORDS - 1]
    assert tokenizer("#")["input_ids"][1] == 258
    assert (tokenizer.pad_token_id, tokenizer.model_max_length) == (pad, 77)


def test_a_missing_tokenizer_error_says_how_to_get_one(
    file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tensors, texts = read(file)
    file.with_name("waifu.card.json").unlink()
    rewrite(file, tensors, {k: v for k, v in texts.items() if not k.startswith("tokenizer/")})
    monkeypatch.setitem(sys.modules, "open_clip", None)
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(EngineError, match=r"no tokenizer: give one with --tokenizer DIR"):
        import_checkpoint(file, tmp_path / "back")
    assert not (tmp_path / "back").exists()


def test_a_tokenizer_can_come_from_a_folder_or_a_model(
    file: Path, clip: Path, tmp_path: Path
) -> None:
    import_checkpoint(file, tmp_path / "a", tokenizer=clip)
    import_checkpoint(file, tmp_path / "b", tokenizer=clip / "tokenizer")
    vocabulary = (clip / "tokenizer" / "vocab.json").read_bytes()
    for name in ("a", "b"):
        assert (tmp_path / name / "tokenizer" / "vocab.json").read_bytes() == vocabulary


def test_another_models_tokenizer_is_refused(file: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"has \d+ words and the checkpoint 514"):
        import_checkpoint(file, tmp_path / "back", tokenizer=EMBEDDED)
    with pytest.raises(EngineError, match="it is not a tokenizer"):
        import_checkpoint(file, tmp_path / "back", tokenizer=tmp_path)
    assert not (tmp_path / "back").exists()
