"""Chooses two pictures to show side by side, and checks that they may be shown. Not a cog.

Statistics choose the most informative pair; policy and audience decide which may be seen. Must not
know how a duel looks.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import discord

from bot.domain import GuildId, Job, JobId, Picture, Place
from bot.policy.decide import refusal_if_off
from bot.policy.layers import EffectivePolicy
from bot.policy.showing import Shown, may_show
from bot.services import Services
from bot.store.duels import random_sides
from bot.store.trust import stranger_weight
from bot.words import duelling
from cogs.audience import may_show_here
from cogs.voting.listing import ratings_in
from models.statistics.board import Win, next_duel

#: The age up to which choices count, and the pairs to try before giving up.
_MEMORY_MS, _TRIES = 90 * 24 * 3_600_000, 20
#: A pair that its member has already judged comes after all others.
_CHOSEN = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Contender:
    """One of two pictures, with the spoiler it needs here."""

    job: Job
    picture: Picture


async def sides_here(
    services: Services, guild: discord.Guild, policy: EffectivePolicy, job_ids: Sequence[JobId]
) -> list[Contender] | None:
    """The pictures that everybody here may see; None if one of them may not be shown."""
    found: list[Contender] = []
    for job_id in job_ids:
        job, picture = await services.views.get(job_id), await services.gallery.get(job_id)
        if job is None or picture is None:
            return None
        if not may_show_here(guild, policy.place.channel_id, job.channel_id):
            return None
        verdict = may_show(job, picture, policy)
        if not isinstance(verdict, Shown):
            return None
        found.append(Contender(job=job, picture=replace(picture, spoiler=verdict.spoiler)))
    return found


async def weighted_wins(services: Services, guild_id: GuildId, since_ms: int) -> list[Win[JobId]]:
    """Every choice that counts since then, with its voter's weight."""
    votes = await services.duels.decided_pairs(guild_id, since_ms)
    weights = await services.trust.weights(guild_id, services.clock())
    unknown = stranger_weight()
    return [
        Win(
            winner=vote.winner,
            loser=vote.loser,
            # The choices of forgotten voters cannot be assigned to one member.
            voter=number if vote.voter_id is None else vote.voter_id,
            weight=unknown if vote.voter_id is None else weights.get(vote.voter_id, unknown),
        )
        for number, vote in enumerate(votes)
    ]


async def next_pair(
    services: Services,
    guild: discord.Guild,
    policy: EffectivePolicy,
    *,
    besides: Collection[frozenset[JobId]] = frozenset(),
) -> tuple[JobId, JobId] | str:
    """The most informative pair that may be shown here, else the reason for none.

    The picture on the left is drawn by lot. Pairs in `besides` are left out.
    """
    if silenced := refusal_if_off(policy):
        return silenced.text
    guild_id = GuildId(guild.id)
    prompts = await _prompts(services, guild, policy.place)
    wins = await weighted_wins(services, guild_id, services.clock() - _MEMORY_MS)
    asked = await services.duels.shown_pair_counts(guild_id)
    asked.update(dict.fromkeys(besides, _CHOSEN))
    for _ in range(_TRIES):
        pair = await asyncio.to_thread(next_duel, prompts, wins, asked)
        if pair is None:
            return duelling.NOTHING_TO_COMPARE()
        if frozenset(pair) in besides:
            return duelling.ALL_RATED()
        hidden = [id_ for id_ in pair if not await sides_here(services, guild, policy, [id_])]
        if not hidden:
            return random_sides(*pair)
        prompts = [[id_ for id_ in prompt if id_ not in hidden] for prompt in prompts]
    return duelling.NOTHING_TO_COMPARE()


async def _prompts(
    services: Services, guild: discord.Guild, place: Place
) -> Sequence[Sequence[JobId]]:
    """The comparable pictures that everybody here may see, grouped by their prompts."""
    ratings = ratings_in(place)
    found = await services.duels.comparable_pictures(GuildId(guild.id), ratings=ratings)
    channels = {one.channel_id for one in found}
    open_ = {there for there in channels if may_show_here(guild, place.channel_id, there)}
    alike: defaultdict[str, list[JobId]] = defaultdict(list)
    for one in found:
        if one.channel_id in open_:
            alike[one.key].append(one.job_id)
    return list(alike.values())
