"""Nudges between the loop's tasks: the database is the truth, and nudges only shorten the wait.

The cogs set them; the worker and the delivery wait for them. A nudge lost in a crash costs one poll
interval and nothing else, because everybody reads the database first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from bot.domain import JobId


class Nudge:
    """Wakes one sleeping task; a nudge that comes while it is busy ends its next sleep."""

    def __init__(self) -> None:
        self._event = asyncio.Event()

    def set(self) -> None:
        """Wake the task, or let its next `wait` return at once."""
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
    """Signals to one worker: check the queue, and drop these rows."""

    def __init__(self) -> None:
        self.work = Nudge()
        self._cancelled: set[JobId] = set()

    def notify_cancelled(self, job_ids: Iterable[JobId]) -> None:
        """Tell the worker to drop the rows of these jobs, if it has them."""
        self._cancelled.update(job_ids)
        self.work.set()

    def take_cancelled(self) -> set[JobId]:
        """The jobs cancelled since the last call."""
        taken, self._cancelled = self._cancelled, set()
        return taken


class Signals:
    """All nudges of the program, built once by the composition root."""

    def __init__(self) -> None:
        #: A picture was kept, or a job ended: the delivery may have something to post.
        self.deliver = Nudge()
        #: A picture was posted: its vote reactions are due.
        self.posted = Nudge()
        #: A message is to be deleted from Discord.
        self.doomed = Nudge()
        #: A member was forgotten: remove their files and traces.
        self.erase = Nudge()
        #: A message must be searched for.
        self.lost = Nudge()
        #: A case was opened or decided: update its message in the review channel.
        self.review = Nudge()
        #: A picture was removed or got a spoiler: amend its posts.
        self.amend = Nudge()
        #: A duel was opened or closed: post or update its message.
        self.duels = Nudge()
        #: A gallery channel may have something to show.
        self.gallery = Nudge()
        #: A line of a server's log still has to be posted in its log channel.
        self.logged = Nudge()
        #: A message to a member still has to be sent.
        self.telling = Nudge()
        #: Progress was made or a request ended: status messages may need an edit.
        self.status = Nudge()
        self._workers: list[WorkerSignals] = []

    def add_worker(self) -> WorkerSignals:
        """Register one more worker; returns its signals."""
        self._workers.append(WorkerSignals())
        return self._workers[-1]

    def notify_removed(self) -> None:
        """Pictures were removed: delete or amend their messages."""
        self.doomed.set()
        self.amend.set()

    def notify_queued(self) -> None:
        """A job was queued: wake the workers."""
        for worker in self._workers:
            worker.work.set()

    def notify_cancelled(self, job_ids: Iterable[JobId]) -> None:
        """Tell the workers to drop the rows of these jobs, which the database calls `cancelled`."""
        ids = set(job_ids)
        for worker in self._workers:
            worker.notify_cancelled(ids)
        self.status.set()
