"""Nudges between the rooms that share one loop: the database is the truth, these only save waiting.

The cogs set them, the worker and the delivery wait on them. A nudge that is lost (a crash) costs
one poll interval and nothing else, because everybody reads the database first.
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
    """What one worker is told: to look, and which rows to drop."""

    def __init__(self) -> None:
        self.work = Nudge()
        self._cancelled: set[JobId] = set()

    def cancelled(self, job_ids: Iterable[JobId]) -> None:
        """Tell it to drop these rows, if it has them."""
        self._cancelled.update(job_ids)
        self.work.set()

    def take_cancelled(self) -> set[JobId]:
        """The cancelled jobs since the last call."""
        taken, self._cancelled = self._cancelled, set()
        return taken


class Signals:
    """The nudges of the program, built once by the composition root."""

    def __init__(self) -> None:
        #: A picture was kept, or a job ended: the delivery should look.
        self.deliver = Nudge()
        #: A picture was posted: its vote reactions are due.
        self.posted = Nudge()
        #: A message is doomed: it should be deleted from Discord.
        self.doomed = Nudge()
        #: Somebody was forgotten: files and traces are to be removed.
        self.erase = Nudge()
        #: A message is to be looked for.
        self.lost = Nudge()
        #: A case was opened or decided: its message in the review channel is due.
        self.review = Nudge()
        #: A picture went or was put behind a spoiler: its posts are to be amended.
        self.amend = Nudge()
        #: A duel was opened or closed: its message is due.
        self.duels = Nudge()
        #: A gallery channel may have something to show.
        self.gallery = Nudge()
        #: A line of some server's log is owed to its log channel.
        self.logged = Nudge()
        #: A member is owed a word.
        self.telling = Nudge()
        #: Progress was made or a request ended: status messages may be edited.
        self.status = Nudge()
        self._workers: list[WorkerSignals] = []

    def for_worker(self) -> WorkerSignals:
        """One more worker will listen."""
        self._workers.append(WorkerSignals())
        return self._workers[-1]

    def taken_away(self) -> None:
        """Pictures were taken away: their messages are to go, or to be amended."""
        self.doomed.set()
        self.amend.set()

    def queued(self) -> None:
        """A job was queued: the workers should look."""
        for worker in self._workers:
            worker.work.set()

    def cancelled(self, job_ids: Iterable[JobId]) -> None:
        """Tell the workers to drop these rows; the database already says `cancelled`."""
        ids = set(job_ids)
        for worker in self._workers:
            worker.cancelled(ids)
        self.status.set()
