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


def write_whole(folder: Path, fill: Callable[[Path], Any]) -> Any:
    """Fill a folder under another name, then rename it; a fault leaves nothing behind."""
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


def write_model_files(
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
    complete_card = _copy_tags(copy_licence(card, base, part), base, part, book)
    (part / README).write_text(readme(complete_card), "utf-8")
    return seal(complete_card, part)


def _copy_rest(base: Path, part: Path, changed: Collection[str]) -> None:
    """Copy everything of the base that stays: configs, tokenizer, autoencoder, licence.

    The safety checker is left out: a folder from the hub has only its config, so other programs
    could not open the folder, and the bot has its own scorers.
    """
    omitted = {*changed, *_CHECKER}
    for path in base.iterdir():
        if path.is_dir() and not path.name.startswith(".") and path.name not in omitted:
            shutil.copytree(path, part / path.name)
        elif path.name.upper().startswith("LICEN"):
            shutil.copyfile(path, part / path.name)
    index = read_config(base, INDEX)
    index |= {name: [None, None] for name in _CHECKER} | {"requires_safety_checker": False}
    (part / INDEX).write_text(json.dumps(index, indent=2) + "\n", "utf-8")


def _copy_tags(card: Card, base: Path, part: Path, book: TagBook | None) -> Card:
    """Write or copy the tags file into the folder, if there is one; return the card with it."""
    if book is not None:
        files.write(book, part / files.FILE_NAME)
        return replace(card, tags=files.FILE_NAME)
    if card.tags is not None and not (base / card.tags).is_file():
        return replace(card, tags=None)
    if card.tags is not None:
        shutil.copyfile(base / card.tags, part / card.tags)
    return card


def copy_licence(card: Card, base: Path, part: Path) -> Card:
    """Copy the licence file, or the bundled text if the base has none; return the card with it."""
    if card.licence.file is not None:
        (part / card.licence.file).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(base / card.licence.file, part / card.licence.file)
        return card
    shutil.copyfile(BUNDLED_LICENCE, part / "LICENSE.md")
    return replace(card, licence=replace(card.licence, file="LICENSE.md"))
