"""Sends lists of a server's best pictures with a contact sheet, and checks their entries.

`/votes top` and `/duel top` use it. Must not know what makes a picture the best. Not a cog.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import discord

from bot.client import Interaction
from bot.domain import Job, Picture, Place, Post, Rating
from bot.policy import decide
from bot.policy.layers import EffectivePolicy
from bot.policy.showing import Shown, may_show
from bot.services import Services
from bot.store.sends import SendKind
from bot.words import history
from bot.words.pictures import NO_LONGER_LISTED
from cogs.asking.terms import require_licence
from cogs.audience import may_show_here
from cogs.posting.sending import answer_to, send_tracked
from cogs.posting.sheets import sheet_of
from cogs.translating import place_of, tell

_DAY_MS = 24 * 3_600_000
#: The periods of a list.
Period: TypeAlias = Literal["day", "week", "month", "all"]
#: The length of each period in ms (None: since the beginning).
PERIODS: dict[str, int | None] = {
    "day": _DAY_MS,
    "week": 7 * _DAY_MS,
    "month": 30 * _DAY_MS,
    "all": None,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A picture with the spoiler it needs here, and a post of it that every reader can see."""

    job: Job
    picture: Picture
    post: Post


async def require_list_policy(interaction: Interaction) -> EffectivePolicy | None:
    """The policy of the place where a list was requested.

    None if the member gets no list, after telling them why or showing the licence.
    """
    if not await require_licence(interaction):
        return None
    policy = await interaction.client.services.policy_at(place_of(interaction))
    if silenced := decide.refusal_if_off(policy):
        await tell(interaction, silenced.text)
        return None
    return policy


async def entry_here(
    services: Services, guild: discord.Guild, policy: EffectivePolicy, picture: Picture
) -> ListEntry | None:
    """The picture's list entry here; None if it may not appear."""
    here_id = policy.place.channel_id
    posts = await services.gallery.posts(picture.job_id)
    seen = [post for post in posts if may_show_here(guild, here_id, post.channel_id)]
    job = await services.views.get(picture.job_id)
    verdict = may_show(job, picture, policy) if seen and job else None
    if job is None or not isinstance(verdict, Shown):
        return None
    return ListEntry(job=job, picture=replace(picture, spoiler=verdict.spoiler), post=seen[0])


def ratings_in(place: Place) -> tuple[Rating, ...]:
    """The ratings read from the ledger; policy still decides what may be shown."""
    return tuple(Rating) if place.age_restricted else (Rating.GENERAL,)


async def send_list(interaction: Interaction, text: str, entries: Sequence[ListEntry]) -> None:
    """Answer with a list and a contact sheet; it is deleted if one of its pictures is."""
    await interaction.response.defer()
    pictures = [entry.picture for entry in entries]
    sheet = await sheet_of(interaction.client.services, pictures)
    jobs = [None if entry.picture.spoiler else entry.job for entry in entries]

    def files() -> list[discord.File]:
        if sheet is None:
            return []
        return [discord.File(io.BytesIO(sheet), "sheet.png", description=history.alt_text(jobs))]

    shown = await send_tracked(
        interaction,
        answer_to(interaction, SendKind.TOP, pictures),
        lambda: interaction.followup.send(text, files=files(), suppress_embeds=True, wait=True),
    )
    if not shown:
        await interaction.followup.send(NO_LONGER_LISTED())
