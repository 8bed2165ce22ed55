"""The tokenizer of an imported model: checkpoints have none, and drawing needs one.

It is copied from a folder, taken from the checkpoint's own texts, or built from the word list in
the package `open_clip`. Called by `importing`. Must not know tensors.
"""

from __future__ import annotations

import gzip
import importlib.util
import json
import shutil
from pathlib import Path

from models.checkpoint.companions import TOKENIZER
from models.checkpoint.names import TextKind
from models.contract import EngineError

_BEGIN, _END = "<|startoftext|>", "<|endoftext|>"
#: The size of CLIP's vocabulary: 256 bytes, each also at a word's end, the merges, two marks.
CLIP_WORDS = 49_408
_OPEN_CLIP_FILE = "bpe_simple_vocab_16e6.txt.gz"
_ADVICE = (
    "give one with --tokenizer DIR (the tokenizer folder of any Stable Diffusion model of the same "
    "family), or `pip install --no-deps open-clip-torch`, which brings CLIP's word list"
)


def write_tokenizer(
    folder: Path, *, word_count: int, kind: TextKind, source: Path | None, texts: dict[str, str]
) -> None:
    """Fill `folder` with a tokenizer of exactly `words` words; EngineError says how to get one."""
    folder.mkdir()
    own_files = {
        name: texts[f"tokenizer/{name}"] for name in TOKENIZER if f"tokenizer/{name}" in texts
    }
    if source is not None:
        _copy_tokenizer(source, folder)
    elif own_files:
        for name, text in own_files.items():
            (folder / name).write_text(text, "utf-8")
    else:
        _build_from_open_clip(folder, kind)
    actual = _count_words(folder)
    if actual != word_count:
        raise EngineError(
            f"the tokenizer has {actual} words and the checkpoint {word_count}: "
            f"it is another model's; {_ADVICE}."
        )


def clip_vocabulary(merges: list[str]) -> dict[str, int]:
    """CLIP's vocabulary: bytes, bytes that end a word, one word per merge, the two marks."""
    letters = _byte_letters()
    words = [*letters, *(letter + "</w>" for letter in letters)]
    words += ["".join(merge.split()) for merge in merges]
    return {word: index for index, word in enumerate([*words, _BEGIN, _END])}


def _byte_letters() -> list[str]:
    """The printable letter for each byte, in CLIP's order: printable bytes first.

    The others are mapped to the letters from U+0100 on (Radford et al. 2019, byte-level BPE).
    """
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    return [chr(byte) for byte in printable] + [chr(0x100 + n) for n in range(256 - len(printable))]


def _copy_tokenizer(source: Path, folder: Path) -> None:
    inner = source / "tokenizer"
    source = inner if inner.is_dir() else source
    names = [name for name in (*TOKENIZER, "special_tokens_map.json") if (source / name).is_file()]
    if not {"vocab.json", "tokenizer.json"} & set(names):
        raise EngineError(f"{source} has no vocab.json or tokenizer.json: it is not a tokenizer.")
    for name in names:
        shutil.copyfile(source / name, folder / name)


def _build_from_open_clip(folder: Path, kind: TextKind) -> None:
    spec = importlib.util.find_spec("open_clip")
    locations = spec.submodule_search_locations if spec else None
    path = Path(locations[0]) / _OPEN_CLIP_FILE if locations else None
    if path is None or not path.is_file():
        raise EngineError(f"a checkpoint has no tokenizer: {_ADVICE}.")
    with gzip.open(path, "rt", encoding="utf-8") as file:
        lines = file.read().split("\n")
    merges = lines[1 : 1 + CLIP_WORDS - 512 - 2]
    # Stable Diffusion 2 pads with word 0, Stable Diffusion 1 repeats the end mark.
    pad = _END if kind is TextKind.CLIP else "!"
    config = {
        "tokenizer_class": "CLIPTokenizer",
        "model_max_length": 77,
        "bos_token": _BEGIN,
        "eos_token": _END,
        "unk_token": _END,
        "pad_token": pad,
    }
    vocabulary = json.dumps(clip_vocabulary(merges), ensure_ascii=False)
    (folder / "vocab.json").write_text(vocabulary, "utf-8")
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]), "utf-8")
    (folder / "tokenizer_config.json").write_text(json.dumps(config), "utf-8")


def _count_words(folder: Path) -> int:
    from transformers import CLIPTokenizer

    try:
        return len(CLIPTokenizer.from_pretrained(str(folder), local_files_only=True))
    except Exception as fault:  # translated, not swallowed: the library raises a dozen kinds
        reason = (str(fault).strip().splitlines() or [type(fault).__name__])[0][:200]
        raise EngineError(f"the tokenizer cannot be read ({reason}); {_ADVICE}.") from fault
