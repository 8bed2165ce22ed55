"""Divides jobs among the engines of one process.

Called by the workers. Must not know rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.drawing.handle import EngineHandle
from bot.store.queue import Share


class Roster:
    """The engines of one process: each draws the jobs that name its model.

    The first also draws the rest: jobs that name no model, or one that no other engine serves. Only
    the first changes its model on demand.
    """

    def __init__(self, handles: Sequence[EngineHandle]) -> None:
        self._handles = tuple(handles)

    def owner_of(self, handle: EngineHandle, process: str) -> str:
        """The name in the leases of this engine's worker."""
        return f"{process}/{self._handles.index(handle)}"

    def is_first(self, handle: EngineHandle) -> bool:
        """Whether this is the first engine, whose model serves new requests."""
        return handle is self._handles[0]

    def share_of(self, handle: EngineHandle) -> Share:
        """The jobs of this engine, given the models now loaded."""
        first, *others = self._handles
        if handle is first:
            return Share(models=tuple(other.info.card_id for other in others), excluded=True)
        return Share(models=(handle.info.card_id,), excluded=False)
