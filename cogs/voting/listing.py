"""Lists of a server's best pictures, with the first few of them: what may stand there, sending.

`/votes top` and `/duel top` make them. It must not know what makes a picture the best. Not a cog.
"""

from __future__ import annotations

import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

import discord

from bot.client import Interaction
from bot.domain import BotError, Picture, Place, Post, Rating
from bot.policy import decide
from bot.policy.layers import EffectivePolicy
from bot.policy.showing import Shown, may_show
from bot.services import Services
from bot.store.sends import SendKind
from bot.words.pictures import AI_MADE_PLACE, NO_LONGER_LISTED
from cogs.asking.terms import licensed
from cogs.audience import may_show_here
from cogs.posting.sending import answer_to, send_tracked
from cogs.translating import place_of, speak_to_everybody, tell

log = logging.getLogger(__name__)

_DAY_MS = 24 * 3_600_000
#: What a list can look back to.
Period: TypeAlias = Literal["day", "week", "month", "all"]
#: How far each looks back (None: to the beginning).
PERIODS: dict[str, int | None] = {
    "day": _DAY_MS,
    "week": 7 * _DAY_MS,
    "month": 30 * _DAY_MS,
    "all": None,
}
#: Places shown, pictures shown, and their bytes together.
PLACES = 10
_SHOWN, _SHOWN_BYTES_MAX = 4, 8 * 2**20


@dataclass(frozen=True, slots=True, kw_only=True)
class ListEntry:
    """A picture as it may be shown here, and a post of it that every reader may see."""

    picture: Picture
    post: Post


async def policy_of_list(interaction: Interaction) -> EffectivePolicy | None:
    """What holds where a list is asked for, and its answer is deferred.

    None if its member gets no list: they are told why, or shown the licence.
    """
    if not await licensed(interaction):
        return None
    policy = await interaction.client.services.policy_at(place_of(interaction))
    if silenced := decide.silence(policy):
        await tell(interaction, silenced.text)
        return None
    await interaction.response.defer()
    speak_to_everybody(interaction)
    return policy


async def entry_here(
    services: Services, guild: discord.Guild, policy: EffectivePolicy, picture: Picture
) -> ListEntry | None:
    """The picture's entry in a list in this place; None if it may not stand there."""
    here_id = policy.place.channel_id
    posts = await services.gallery.posts(picture.job_id)
    seen = [post for post in posts if may_show_here(guild, here_id, post.channel_id)]
    job = await services.views.get(picture.job_id)
    verdict = may_show(job, picture, policy) if seen and job else None
    if not isinstance(verdict, Shown):
        return None
    return ListEntry(picture=replace(picture, spoiler=verdict.spoiler), post=seen[0])


def ratings_in(place: Place) -> tuple[Rating, ...]:
    """What is read from the ledger at all; what may be shown is the policy's to say."""
    return tuple(Rating) if place.age_restricted else (Rating.GENERAL,)


def url_of(post: Post) -> str:
    """Where the post stands."""
    return f"https://discord.com/channels/{post.guild_id}/{post.channel_id}/{post.message_id}"


async def send_list(interaction: Interaction, text: str, pictures: Sequence[Picture]) -> None:
    """Answer with a list of these pictures and the first few of them; it goes if one of them does.

    The answer was deferred.
    """
    files = await _files(interaction.client.services, pictures)
    shown = await send_tracked(
        interaction,
        answer_to(interaction, SendKind.TOP, pictures),
        lambda: interaction.followup.send(text, files=files, suppress_embeds=True, wait=True),
    )
    if not shown:
        await interaction.followup.send(NO_LONGER_LISTED())


async def _files(services: Services, pictures: Sequence[Picture]) -> list[discord.File]:
    """The first few pictures themselves; one that cannot be read is left out."""
    files: list[discord.File] = []
    room_bytes = _SHOWN_BYTES_MAX
    for place, picture in enumerate(pictures[:_SHOWN], 1):
        if picture.size_bytes > room_bytes:
            continue
        try:
            data = await services.gallery.read(picture)
        except (BotError, OSError) as problem:
            log.warning("picture %s cannot be shown: %s", picture.job_id, problem)
            continue
        room_bytes -= len(data)
        files.append(
            discord.File(
                io.BytesIO(data),
                f"place-{place}.png",
                spoiler=picture.spoiler,
                description=AI_MADE_PLACE(place=place),
            )
        )
    return files
