"""Both ends of a row's life: loads the picture that it varies, and files the result.

Finished pixels are scored, released by policy, encoded with their provenance and kept in the
gallery. Called by the worker for each row. Must not know rows or what becomes of a failed attempt.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence

from bot.domain import Job, JobId
from bot.drawing.handle import EngineHandle
from bot.finished import Held, Released, Withheld
from bot.policy import decide
from bot.policy.layers import ground_of, rules_of_licence
from bot.policy.rulebook import Rulebook
from bot.store.gallery import Gallery
from bot.store.queue import Jobs
from bot.words import pictures
from models.contract import Rendered, Scores, ScoringError
from models.provenance import Provenance, encode_png

log = logging.getLogger(__name__)


class SourceGoneError(Exception):
    """The picture to vary or enlarge is deleted or held; the message is for members."""


class Finisher:
    """Brings one engine's pictures into the gallery."""

    def __init__(
        self,
        *,
        owner: str,
        handle: EngineHandle,
        jobs: Jobs,
        gallery: Gallery,
        rulebook: Rulebook,
        clock: Callable[[], int],
    ) -> None:
        """`owner` is the name in the leases of the jobs whose pictures are kept."""
        self._owner = owner
        self._handle = handle
        self._jobs = jobs
        self._gallery = gallery
        self._rulebook = rulebook
        self._clock = clock
        # Compile now; otherwise the first picture would wait for it and block the loop.
        ground_of(rulebook)

    async def keep(
        self, job: Job, rendered: Rendered, earlier: Sequence[asyncio.Task[None]]
    ) -> None:
        """Keep the picture once the `earlier` ones are kept; end its job if policy withholds it.

        Raises whatever gallery, queue and encoder raise.
        """
        scores = await self._score(rendered)
        info = self._handle.info
        ground = ground_of(self._rulebook, rules_of_licence(self._rulebook, info))
        verdict = decide.release(job, rendered, scores, info, ground)
        if isinstance(verdict, Withheld):
            await self._jobs.withhold(self._owner, job.id, verdict.text, self._clock())
            return
        provenance = Provenance.of(job.request(), info, batch_width=rendered.batch_width)
        data = await asyncio.to_thread(_encode, verdict, provenance)
        if earlier:
            await asyncio.wait(earlier)
        picture = await self._gallery.keep(
            verdict, data, card_id=info.card_id, owner=self._owner, now_ms=self._clock()
        )
        if picture is None:
            log.info("its picture is dropped: the job has ended, or this worker lost its lease")

    async def load_source(self, job: Job) -> bytes | None:
        """The picture that the job varies; None if it varies none. Raises `SourceGoneError`."""
        if job.draw.source is None:
            return None
        picture = await self._gallery.get(JobId(job.draw.source))
        if picture is None:
            raise SourceGoneError(pictures.source_gone(job.draw))
        return await self._gallery.read(picture)

    async def _score(self, rendered: Rendered) -> Scores | None:
        """The scores; None if scoring failed, and policy decides what follows."""
        try:
            return await self._handle.score(rendered)
        except ScoringError as problem:
            log.error("the picture could not be scored: %s", problem)  # noqa: TRY400  the sentence says it all
            return None


def _encode(picture: Released | Held, provenance: Provenance) -> bytes:
    return encode_png(picture.rgb, picture.width_px, picture.height_px, provenance)
