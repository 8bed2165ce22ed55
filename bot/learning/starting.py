"""Which model a start loads: the card that is asked of, or what MODEL names.

Called by the composition root. A promoted card that is gone, changed or broken is no reason to draw
nothing: what MODEL names serves meanwhile, and the row stays for a start that finds it mended.
"""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path

from bot.drawing.handle import LocalThread
from bot.drawing.shelf import Shelf
from bot.learning.promoting import place_of
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
    """Open the engine and say on the shelf what is asked of. `EngineError` if nothing opens."""
    for reign in await lineage.history():
        if reign.action is LineageAction.BEGIN:
            shelf.name(reign.card_id, reign.model_setting)
    if await _promoted(handle, lineage, catalogue, named):
        shelf.activate(handle.info)
        return
    log.info("loading the model %s", named)
    await handle.open(named)
    info = handle.info
    shelf.name(info.card_id, named)
    shelf.activate(info)
    await lineage.begin(
        info.card_id, model_setting=named, licence_sha256=info.licence_sha256, now_ms=now_ms
    )


async def _promoted(handle: LocalThread, lineage: Lineage, catalogue: Registry, named: str) -> bool:
    """Whether a card was promoted over what MODEL names, and is loaded now."""
    reign = await lineage.active(named)
    if reign is None or reign.files_sha256 is None:
        return False
    problem = await _opened(handle, await asyncio.to_thread(place_of, reign, catalogue))
    if problem is not None:
        words = "%s is to serve and cannot be opened, so %s does until it is mended: %s"
        log.error(words, reign.card_id, named, problem)
    return problem is None


async def _opened(handle: LocalThread, place: Path | None) -> str | None:
    """Load the promoted card; what was in the way, if anything."""
    if place is None:
        return _GONE
    log.info("loading the model %s", place)
    try:
        await handle.open(str(place))
    except EngineError as problem:
        return str(problem)
    return None
