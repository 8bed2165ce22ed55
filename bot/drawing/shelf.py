"""Which models this process can draw with, and which of them is asked of.

Built by the composition root; the workers find here what an engine opens for a card, the cogs what
a new request is asked of. It must not know jobs, nor who may change the model.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.catalogue.registry import CardError, Registry
from models.contract import ModelInfo


class Shelf:
    """The models of the catalogue, and those that were named by `MODEL`."""

    def __init__(self, catalogue: Registry, named: Mapping[str, str] | None = None) -> None:
        """`named` has by its card's id what an engine opens of a model outside the catalogue."""
        self._catalogue = catalogue
        self._named = dict(named or {})
        self._active: ModelInfo | None = None

    @property
    def active(self) -> ModelInfo:
        """The model that new requests are drawn with, whatever an engine has loaded just now."""
        assert self._active is not None, "a model is loaded before anything is asked"
        return self._active

    def activate(self, info: ModelInfo) -> None:
        """From now on requests are drawn with this model."""
        self._active = info

    def name(self, card_id: str, model: str) -> None:
        """A card whose model is opened by this name: `embedded`, a folder, a hub id."""
        self._named[card_id] = model

    def licence_sha256(self, card_id: str) -> str | None:
        """The licence of a card of the catalogue; None if it is not there or not in order."""
        try:
            return self._catalogue.card(card_id).licence.sha256
        except CardError:
            return None

    def place(self, card_id: str) -> str | None:
        """What an engine opens for this card; None if it is not here (any more)."""
        named = self._named.get(card_id)
        if named is not None:
            return named
        return str(self._catalogue.folder(card_id)) if self._catalogue.has(card_id) else None
