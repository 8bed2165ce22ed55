"""Nudges between tasks of the loop: the database is the truth, nudges only save waiting.

The cogs set them; the worker and the delivery wait on them. A lost nudge (a crash) costs one poll
interval and nothing else, because everybody reads the database first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.domain import JobId


class Nudge:
    """Wakes one sleeper; a nudge that comes while it is busy is kept for its next sleep."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the sleeper, or let its next `wait` return at once."""
        self._event.set()

    async def wait(self, timeout_s: float) -> None:
        """Sleep until nudged, at most `timeout_s`; consumes the nudge."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._event.wait()
        except TimeoutError:
            return
        self._event.clear()


class WorkerSignals:
    """Signals to one worker: look at the queue, and drop these rows."""

    def __init__(self) -> None:
        self.work = Nudge()
        self._cancelled: set[JobId] = set()

    def cancelled(self, job_ids: Iterable[JobId]) -> None:
        """Tell the worker to drop these rows, if it has them."""
        self._cancelled.update(job_ids)
        self.work.set()

    def take_cancelled(self) -> set[JobId]:
        """The jobs cancelled since the last call."""
        taken, self._cancelled = self._cancelled, set()
        return taken


class Signals:
    """All nudges of the program, built once by the composition root."""

    def __init__(self) -> None:
        #: A picture was kept, or a job ended: the delivery must look.
        self.deliver = Nudge()
        #: A picture was posted: its vote reactions are due.
        self.posted = Nudge()
        #: A message is doomed: delete it from Discord.
        self.doomed = Nudge()
        #: Somebody was forgotten: remove files and traces.
        self.erase = Nudge()
        #: A message must be searched for.
        self.lost = Nudge()
        #: A case was opened or decided: update its message in the review channel.
        self.review = Nudge()
        #: A picture went or got a spoiler: amend its posts.
        self.amend = Nudge()
        #: A duel was opened or closed: post or update its message.
        self.duels = Nudge()
        #: A gallery channel may have something to show.
        self.gallery = Nudge()
        #: A line of some server's log is owed to its log channel.
        self.logged = Nudge()
        #: A member is owed a message.
        self.telling = Nudge()
        #: Progress was made or a request ended: status messages may need an edit.
        self.status = Nudge()
        self._workers: list[WorkerSignals] = []

    def for_worker(self) -> WorkerSignals:
        """Signals for one more worker."""
        self._workers.append(WorkerSignals())
        return self._workers[-1]

    def taken_away(self) -> None:
        """Pictures were removed: delete or amend their messages."""
        self.doomed.set()
        self.amend.set()

    def queued(self) -> None:
        """A job was queued: wake the workers."""
        for worker in self._workers:
            worker.work.set()

    def cancelled(self, job_ids: Iterable[JobId]) -> None:
        """Tell the workers to drop these rows; the database already says `cancelled`."""
        ids = set(job_ids)
        for worker in self._workers:
            worker.cancelled(ids)
        self.status.set()
