"""Writes a trained model's folder, whole or not at all, with its licence.

The folder is written under another name and renamed once complete. Called at the end of trainings.
Must not know how weights were trained.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from torch import Tensor

from models.catalogue.adoption import BUNDLED_LICENCE, read_config
from models.catalogue.card import Card
from models.catalogue.registry import seal
from models.catalogue.tags import files
from models.catalogue.tags.book import TagBook
from models.checkpoint.files import write_part
from models.contract import EngineError

README = "README.md"
INDEX = "model_index.json"
#: The parts of a pipeline that are not copied.
_CHECKER = ("safety_checker", "feature_extractor")


def whole(folder: Path, fill: Callable[[Path], Any]) -> Any:
    """Fill a folder under another name; a fault leaves nothing behind."""
    part = folder.with_name(folder.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        result = fill(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    except SafetensorError as fault:  # This library's error for a full disk.
        shutil.rmtree(part, ignore_errors=True)
        raise EngineError(f"{folder} cannot be written ({fault})") from fault
    except BaseException:
        shutil.rmtree(part, ignore_errors=True)
        raise
    return result


def fill(
    part: Path,
    base: Path,
    card: Card,
    networks: Mapping[str, Mapping[str, Tensor]],
    readme: Callable[[Card], str],
    *,
    book: TagBook | None = None,
) -> Card:
    """Write a whole model into the folder: the base's files, and new weights for some networks.

    `networks` are weights by the networks' folders; `readme` makes the README from the card with
    its licence; `book` is its vocabulary, None for the base's. Returns the card, sealed.
    """
    _copy_rest(base, part, networks)
    for name, weights in networks.items():
        (part / name).mkdir()
        write_part(part, name, dict(weights))
        shutil.copyfile(base / name / "config.json", part / name / "config.json")
    with_licence = _worded(licensed(card, base, part), base, part, book)
    (part / README).write_text(readme(with_licence), "utf-8")
    return seal(with_licence, part)


def _copy_rest(base: Path, part: Path, changed: Collection[str]) -> None:
    """Copy everything of the base that stays: configs, tokenizer, autoencoder, licence.

    Not its safety checker, of which a folder from the hub has only the config: the bot has its own,
    and other programs could not open the folder.
    """
    left = {*changed, *_CHECKER}
    for path in base.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in left:
            shutil.copytree(path, part / path.name)
        elif path.name.upper().startswith("LICEN"):
            shutil.copyfile(path, part / path.name)
    index = read_config(base, INDEX)
    index |= {name: [None, None] for name in _CHECKER} | {"requires_safety_checker": False}
    (part / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def _worded(card: Card, base: Path, part: Path, book: TagBook | None) -> Card:
    """Put the tags file into the folder, if there is one."""
    if book is not None:
        files.write(book, part / files.FILE_NAME)
        return replace(card, tags=files.FILE_NAME)
    if card.tags is not None and not (base / card.tags).is_file():
        return replace(card, tags=None)
    if card.tags is not None:
        shutil.copyfile(base / card.tags, part / card.tags)
    return card


def licensed(card: Card, base: Path, part: Path) -> Card:
    """Put the licence file into the folder; the bundled text if the base has none."""
    if card.licence.file is not None:
        (part / card.licence.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(base / card.licence.file, part / card.licence.file)
        return card
    shutil.copyfile(BUNDLED_LICENCE, part / "LICENSE.md")
    return replace(card, licence=replace(card.licence, file="LICENSE.md"))
