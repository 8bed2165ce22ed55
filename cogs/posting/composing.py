"""Lays out a request's pictures in one post: words, files in order, controls. Not a cog.

The delivery posts the result and `amending.py` rebuilds it when a picture goes. A tile fills an
empty place, so that the others keep theirs. Callers check what may be shown.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import discord

from bot.domain import Job, OwedPostId, Picture
from bot.words import grids, wording
from cogs.components import grid_view, post_view
from cogs.posting.tiles import tile
from cogs.posting.uploads import FittedPicture, with_compression_note


@dataclass(frozen=True, slots=True, kw_only=True)
class Pane:
    """A picture that the post shows."""

    job: Job
    #: With the spoiler that it needs here.
    picture: Picture
    png: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Composition:
    """The content of a post: one picture, or the available ones of several."""

    name: OwedPostId
    #: All jobs of the request, by place.
    jobs: Mapping[int, Job]
    #: The pictures shown, by place, in order.
    panes: Mapping[int, Pane]
    #: Why each of the other places is empty.
    missing: Mapping[int, str]
    #: The note on unknown words.
    note: str = ""

    @property
    def is_grid(self) -> bool:
        """Whether the request has several pictures, however many are shown."""
        return len(self.jobs) > 1

    @property
    def pngs(self) -> Sequence[bytes]:
        """The pictures' bytes, in order of place."""
        return [pane.png for pane in self.panes.values()]

    def content(self, fitting: Sequence[FittedPicture]) -> str:
        """The text above the pictures, given the uploaded files."""
        pane = next(iter(self.panes.values()))
        if not self.is_grid:
            return with_compression_note(
                wording.caption(pane.job, pane.picture, self.note), fitting
            )
        card_id = pane.picture.card_id
        return grids.caption(self.jobs, card_id, self.missing, self.name, self.note)

    def view(self) -> discord.ui.View:
        """The controls below them."""
        if self.is_grid:
            return grid_view(self.name, tuple(self.panes), len(self.jobs))
        return post_view(next(iter(self.panes.values())).job.id)

    def files(self, fitting: Sequence[FittedPicture]) -> list[discord.File]:
        """The files in order of place; new objects for each attempt."""
        shown = dict(zip(self.panes, fitting, strict=True))
        if not self.is_grid:
            ((place, one),) = shown.items()
            job = self.panes[place].job
            return [self._picture_file(place, one, wording.alt_text(job))]
        return [
            self._picture_file(place, shown[place], grids.alt_text(place, self.jobs[place]))
            if place in shown
            else self._tile_file(place)
            for place in sorted(self.jobs)
        ]

    def _picture_file(self, place: int, one: FittedPicture, description: str) -> discord.File:
        pane = self.panes[place]
        return discord.File(
            io.BytesIO(one.data),
            f"{pane.job.id}.{one.extension}",
            spoiler=pane.picture.spoiler,
            description=description,
        )

    def _tile_file(self, place: int) -> discord.File:
        picture = next(iter(self.panes.values())).picture
        return discord.File(
            io.BytesIO(tile(place, picture.width_px, picture.height_px)),
            f"missing-{place}.png",
            description=grids.missing_text(place, self.missing[place]),
        )
