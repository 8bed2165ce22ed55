"""Chooses the model that a start loads: the promoted card, or the model that MODEL names.

Called by the composition root. If the promoted card is gone, changed or broken, the model that
MODEL names serves meanwhile; the row stays, for a start that finds the card mended.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from bot.drawing.handle import LocalThread
from bot.drawing.shelf import Shelf
from bot.learning.promoting import promoted_folder
from bot.store.lineage import Lineage, LineageAction
from models.catalogue.registry import Registry
from models.contract import EngineError

log = logging.getLogger(__name__)

_GONE = "its folder is gone, or its files are not those that were promoted."


async def load_active(
    handle: LocalThread,
    *,
    lineage: Lineage,
    catalogue: Registry,
    shelf: Shelf,
    named: str,
    now_ms: int,
) -> None:
    """Open the engine and activate its model on the shelf. `EngineError` if none opens."""
    for reign in await lineage.history():
        if reign.action is LineageAction.BEGIN:
            shelf.register(reign.card_id, reign.model_setting)
    if await _load_promoted(handle, lineage, catalogue, named):
        shelf.activate(handle.info)
        return
    log.info("loading the model %s", named)
    await handle.open(named)
    info = handle.info
    shelf.register(info.card_id, named)
    shelf.activate(info)
    await lineage.begin(
        info.card_id, model_setting=named, licence_sha256=info.licence_sha256, now_ms=now_ms
    )


async def _load_promoted(
    handle: LocalThread, lineage: Lineage, catalogue: Registry, named: str
) -> bool:
    """Load the card promoted over MODEL's, if there is one; whether it is loaded now."""
    reign = await lineage.active(named)
    if reign is None or reign.files_sha256 is None:
        return False
    problem = await _open(handle, await asyncio.to_thread(promoted_folder, reign, catalogue))
    if problem is not None:
        words = "%s should serve but cannot be opened, so %s serves until it is mended: %s"
        log.error(words, reign.card_id, named, problem)
    return problem is None


async def _open(handle: LocalThread, folder: Path | None) -> str | None:
    """Load the promoted card; returns why that failed, or None."""
    if folder is None:
        return _GONE
    log.info("loading the model %s", folder)
    try:
        await handle.open(str(folder))
    except EngineError as problem:
        return str(problem)
    return None
