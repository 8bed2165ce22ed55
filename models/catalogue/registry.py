"""The registry of models: folders with a card. The bot's lineage says which one serves.

Torch-free: `bot/` and `cogs/` may import it. It reads cards and licences and hashes files; it must
not load weights and knows nothing about Discord.
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

from models.catalogue import card as cards
from models.catalogue.adoption import BUNDLED_LICENCE, adopt, licence_sha256, read_config
from models.catalogue.card import Card, CardError
from models.contract import ModelInfo

__all__ = ["EMBEDDED", "Card", "CardError", "Registry", "card_of", "faults", "model_info", "seal"]

#: The default model, part of the package.
EMBEDDED = Path(__file__).parents[1] / "embedded"


def card_of(folder: Path, name: str | None = None) -> Card:
    """The folder's card, or one derived from its configs. CardError if neither is possible."""
    if not folder.is_dir():
        raise CardError(f"{folder} is not a folder; MODEL must name a diffusers folder or hub id.")
    path = folder / cards.FILE_NAME
    return cards.read(path) if path.exists() else adopt(folder, name)


def model_info(card: Card, folder: Path) -> ModelInfo:
    """What the bot needs to know about the model; reads the licence and checks its hash."""
    text = _licence_text(card, folder)
    return ModelInfo(
        card_id=card.id,
        name=card.name,
        sizes_px={aspect: size.finished for aspect, size in card.sizes_px.items()},
        default_steps=card.defaults.steps,
        default_guidance=card.defaults.guidance,
        default_sampler=card.defaults.sampler,
        default_negative=card.defaults.negative,
        limits=card.limits,
        licence_name=card.licence.name,
        licence_text=text,
        licence_sha256=card.licence.sha256,
        licence_id=card.licence.id,
        licence_rules=card.licence.rules or (),
        clip_skip_max=read_config(folder, "text_encoder/config.json").get("num_hidden_layers", 12),
        can_draw_nudity=card.can_draw_nudity,
        tags_file=None if card.tags is None else folder / card.tags,
        completes=bool(card.completes),
    )


def faults(card: Card, folder: Path) -> list[str]:
    """What is wrong with the files that the card vouches for, one sentence each; [] if nothing."""
    found: list[str] = []
    for relative, expected in card.files.items():
        path = folder / relative
        try:
            actual = file_sha256(path)
        except OSError as fault:
            found.append(f"{path} cannot be read ({fault.strerror}); fetch the model again.")
            continue
        if actual != expected:
            found.append(f"{path} is not the file its card names (sha256 {actual[:12]}...).")
    return found


def seal(card: Card, folder: Path) -> Card:
    """Write the card into its folder with the hash of every file there now; return that card.

    Called last by whatever makes a model (training, conversion). The licence file that the card
    names must exist.
    """
    licence = card.licence
    if licence.file is not None:
        text = (folder / licence.file).read_text("utf-8", errors="replace")
        licence = replace(licence, sha256=licence_sha256(text))
    files = {
        path.relative_to(folder).as_posix(): file_sha256(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name not in (cards.FILE_NAME, licence.file)
    }
    sealed = replace(card, files=files, licence=licence)
    cards.write(sealed, folder / cards.FILE_NAME)
    return sealed


def file_sha256(path: Path) -> str:
    """The sha256 of a file as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Registry:
    """A directory with one folder per card id; a folder without a card does not count."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def folder(self, card_id: str) -> Path:
        """The folder for the model with this id, whether or not it exists."""
        return self._root / card_id

    def has(self, card_id: str) -> bool:
        """Whether the folder of this id has a card; an id that leads out of the root has none."""
        return Path(card_id).name == card_id and (self.folder(card_id) / cards.FILE_NAME).is_file()

    def card(self, card_id: str) -> Card:
        """The card with this id. CardError if it is missing, unreadable or another's."""
        folder = self.folder(card_id)
        if not self.has(card_id):
            raise CardError(f"there is no card {card_id} in {self._root}.")
        card = cards.read(folder / cards.FILE_NAME)
        if card.id != card_id:
            raise CardError(f"{folder} holds the card of {card.id}, not of {card_id}.")
        return card

    def info(self, card_id: str) -> ModelInfo:
        """What the bot needs to know about this model.

        Raises CardError like `card`, or for its licence.
        """
        return model_info(self.card(card_id), self.folder(card_id))

    def ids(self) -> list[str]:
        """The ids of all cards, sorted."""
        found = self._root.glob(f"*/{cards.FILE_NAME}")
        return sorted(path.parent.name for path in found)


def _licence_text(card: Card, folder: Path) -> str:
    path = BUNDLED_LICENCE if card.licence.file is None else folder / card.licence.file
    try:
        text = path.read_text("utf-8", errors="replace")
    except OSError as fault:
        raise CardError(f"{path}, the model's licence, cannot be read: {fault.strerror}") from fault
    if licence_sha256(text) != card.licence.sha256:
        raise CardError(f"{path} is not the licence that the model's card names; restore it.")
    return text
