"""The licences of models that this bot has served, for exports of their pictures.

One file per card below `root`, written when the model loads and read by the export, which loads no
model. Must not know what a licence says.
"""

from __future__ import annotations

import logging
from pathlib import Path

from models.contract import ModelInfo

log = logging.getLogger(__name__)


class LicenceTexts:
    """Licence texts by card id."""

    def __init__(self, root: Path) -> None:
        self._root = root

    def save(self, info: ModelInfo) -> None:
        """Save the licence of the model in use; if the disk fails, only log it."""
        path = self._path(info.card_id)
        part = path.with_suffix(".part")
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            part.write_text(f"{info.licence_name}\n\n{info.licence_text}", encoding="utf-8")
            part.replace(path)
        except OSError as problem:
            log.error("%s cannot be written, exports lack it: %s", path, problem.strerror)  # noqa: TRY400  the sentence says it all

    def text(self, card_id: str) -> str | None:
        """The licence of a model that was served once; None if it is unknown."""
        try:
            return self._path(card_id).read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    def _path(self, card_id: str) -> Path:
        return self._root / f"{card_id}.txt"
