"""The models that this process can draw with, and the one that serves new requests.

Built by the composition root; it tells the workers what to open for a card, and the cogs which
model a new request gets. Must not know jobs or who may change the model.
"""

from __future__ import annotations

from collections.abc import Mapping

from models.catalogue.registry import CardError, Registry
from models.contract import ModelInfo


class Shelf:
    """The models in the catalogue, and those named by `MODEL`."""

    def __init__(self, catalogue: Registry, named: Mapping[str, str] | None = None) -> None:
        """`named` maps a card outside the catalogue to what an engine opens for it."""
        self._catalogue = catalogue
        self._outside_catalogue = dict(named or {})
        self._active: ModelInfo | None = None

    @property
    def active(self) -> ModelInfo:
        """The model for new requests, whatever an engine has loaded just now."""
        assert self._active is not None, "a model is loaded before the first request"
        return self._active

    def activate(self, info: ModelInfo) -> None:
        """Use this model for requests from now on."""
        self._active = info

    def register(self, card_id: str, model: str) -> None:
        """Register what an engine opens for a card: `embedded`, a folder, a hub id."""
        self._outside_catalogue[card_id] = model

    def licence_sha256(self, card_id: str) -> str | None:
        """The hash of a catalogue card's licence; None if the card is missing or damaged."""
        try:
            return self._catalogue.card(card_id).licence.sha256
        except CardError:
            return None

    def location_of(self, card_id: str) -> str | None:
        """What an engine opens for this card; None if the model is not here (any more)."""
        named = self._outside_catalogue.get(card_id)
        if named is not None:
            return named
        return str(self._catalogue.folder(card_id)) if self._catalogue.has(card_id) else None
