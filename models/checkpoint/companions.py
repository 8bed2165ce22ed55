"""What accompanies a checkpoint: licence, card, and settings that the layout has no place for.

The file contains the texts (so that a file moved alone keeps its licence); card and licence also
lie beside it, where people see them. Called by `exporting` and `importing`; only checked fields
of those texts are used. Must not know tensors.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from models.catalogue import card as cards
from models.catalogue.adoption import BUNDLED_LICENCE, adopt, read_config
from models.catalogue.card import Card
from models.catalogue.registry import file_sha256, model_info, seal
from models.contract import EngineError

LICENCE = "LICENSE.md"
README = "README.md"
SCHEDULE = "scheduler/scheduler_config.json"
TOKENIZER = ("vocab.json", "merges.txt", "tokenizer.json", "tokenizer_config.json")
#: A larger vocabulary is CLIP's own, which is easy to obtain and too long to carry.
_VOCABULARY_MAX_BYTES = 500_000
#: Fields of a part's config found neither in the yaml nor in the weights. Others are ignored.
_PART_FIELDS: dict[str, dict[str, type]] = {
    "unet": {"upcast_attention": bool},
    "vae": {"force_upcast": bool},
    "text_encoder": {"num_attention_heads": int, "num_hidden_layers": int, "layer_norm_eps": float},
}
_SCHEDULE_CLASS = re.compile(r"[A-Za-z0-9]+Scheduler")


def folder_texts(folder: Path, card: Card) -> dict[str, str]:
    """The texts of a diffusers folder, by path. CardError if the licence is wrong."""
    licence = model_info(card, folder).licence_text
    bare = replace(card, files={}, licence=replace(card.licence, file=LICENCE))
    texts = {
        cards.FILE_NAME: json.dumps(cards.as_json(bare), ensure_ascii=False),
        LICENCE: licence,
        SCHEDULE: json.dumps(read_config(folder, SCHEDULE)),
    }
    for part, wanted in _PART_FIELDS.items():
        config = read_config(folder, f"{part}/config.json")
        present = {name: config[name] for name in wanted if name in config}
        texts[f"{part}/config.json"] = json.dumps(present)
    if (folder / README).is_file():
        texts[README] = (folder / README).read_text("utf-8", errors="replace")
    paths = [folder / "tokenizer" / name for name in TOKENIZER]
    paths = [path for path in paths if path.is_file()]
    if sum(path.stat().st_size for path in paths) <= _VOCABULARY_MAX_BYTES:
        texts |= {f"tokenizer/{path.name}": path.read_text("utf-8") for path in paths}
    return texts


def companion_paths(file: Path) -> tuple[Path, Path, Path]:
    """The yaml, card and licence of a checkpoint: its name with other suffixes."""
    yaml, card, licence = (
        file.with_name(file.stem + end) for end in (".yaml", ".card.json", ".licence.md")
    )
    return yaml, card, licence


def write_companions(file: Path, texts: dict[str, str]) -> None:
    """Write card and licence beside a finished checkpoint; the card has its sha256."""
    _, card_path, licence_path = companion_paths(file)
    licence_path.write_text(texts[LICENCE], "utf-8")
    card = cards.parse(json.loads(texts[cards.FILE_NAME]), str(card_path))
    licence = replace(card.licence, file=licence_path.name)
    cards.write(
        replace(card, licence=licence, files={file.name: file_sha256(file)}),
        card_path,
    )


def checkpoint_texts(file: Path, texts: dict[str, str]) -> dict[str, str]:
    """The texts of a checkpoint; card and licence beside it replace those inside.

    CardError if that card is malformed, EngineError if it belongs to another file.
    """
    _, card_path, licence_path = companion_paths(file)
    texts = dict(texts)
    if card_path.exists():
        card = cards.read(card_path)
        expected = card.files.get(file.name)
        if expected is not None and file_sha256(file) != expected:
            raise EngineError(
                f"{file} is not the file that {card_path.name} vouches for; fetch both again, or "
                "remove that card if the file was changed on purpose."
            )
        bare = replace(card, files={}, licence=replace(card.licence, file=LICENCE))
        texts[cards.FILE_NAME] = json.dumps(cards.as_json(bare), ensure_ascii=False)
    if licence_path.exists():
        texts[LICENCE] = licence_path.read_text("utf-8", errors="replace")
    return texts


def card_in(texts: dict[str, str], file: Path) -> Card | None:
    """The card stored with a checkpoint, or None. CardError if it is malformed."""
    if cards.FILE_NAME not in texts:
        return None
    source = f"the card of {file}"
    return cards.parse(_parse_json(texts[cards.FILE_NAME], source), source)


def part_fields(texts: dict[str, str], part: str) -> dict[str, Any]:
    """A part's settings in a checkpoint's texts that its yaml and weights do not show."""
    config = _config(texts, f"{part}/config.json")
    wanted = _PART_FIELDS[part]
    return {name: config[name] for name, kind in wanted.items() if type(config.get(name)) is kind}


def schedule(texts: dict[str, str]) -> dict[str, Any] | None:
    """The plain fields of the schedule in a checkpoint's texts; None if there is none."""
    config = _config(texts, SCHEDULE)
    plain = (str, int, float, bool, type(None))
    if not _SCHEDULE_CLASS.fullmatch(str(config.get("_class_name"))):
        return None
    return {name: value for name, value in config.items() if isinstance(value, plain)}


def finish_folder(folder: Path, file: Path, texts: dict[str, str]) -> Card:
    """Write licence, README and card into an imported folder, as the last step; return the card.

    The prediction type is that of the folder's schedule, which the importer has determined.
    """
    adopted = adopt(folder, file.stem)
    card = card_in(texts, file) or adopted
    licence = texts.get(LICENCE) or BUNDLED_LICENCE.read_text("utf-8")
    (folder / LICENCE).write_text(licence, "utf-8")
    if README in texts:
        (folder / README).write_text(texts[README], "utf-8")
    card = replace(
        card,
        prediction=adopted.prediction,
        made_by=f"imported from {file.name}",
        licence=replace(card.licence, file=LICENCE),
        # A checkpoint is one file, and brings no tags file.
        tags=adopted.tags,
    )
    return seal(card, folder)


def _config(texts: dict[str, str], path: str) -> dict[str, Any]:
    config = _parse_json(texts.get(path, "{}"), path)
    if not isinstance(config, dict):
        raise EngineError(f"{path} inside the checkpoint is not a JSON object.")
    return config


def _parse_json(text: str, source: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as fault:
        raise EngineError(f"{source} inside the checkpoint is not JSON ({fault}).") from fault
