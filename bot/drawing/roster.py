"""Who draws what where a process has several engines.

Asked by the workers. It must not know rows.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.drawing.handle import EngineHandle
from bot.store.queue import Share


class Roster:
    """The engines of one process: each draws what names its model.

    The first draws the rest too: what names no model, and what names one that no other engine
    serves. It alone changes its model for what is asked.
    """

    def __init__(self, handles: Sequence[EngineHandle]) -> None:
        self._handles = tuple(handles)

    def owner_of(self, handle: EngineHandle, process: str) -> str:
        """The name that leases of this engine's worker carry."""
        return f"{process}/{self._handles.index(handle)}"

    def leads(self, handle: EngineHandle) -> bool:
        """Whether it is the first: its model is the one that requests are asked of."""
        return handle is self._handles[0]

    def share_of(self, handle: EngineHandle) -> Share:
        """Which jobs are this engine's, as the models stand now."""
        first, *others = self._handles
        if handle is first:
            return Share(models=tuple(other.info.card_id for other in others), excluded=True)
        return Share(models=(handle.info.card_id,), excluded=False)
