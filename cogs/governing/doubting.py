"""Warnings about a change that a moderator may make all the same. Not a cog.

Before a short or common word is blocked, this shows the harmless prompts it would refuse. Nothing
is decided here.
"""

from __future__ import annotations

import asyncio

from bot.domain import Ruling
from bot.policy.harmless import PROMPTS, prompts_stopped_by
from bot.policy.layers import GuildPolicy
from bot.words import panel as words
from cogs.governing.desk import Desk


async def doubts(desk: Desk, policy: GuildPolicy) -> str:
    """What a moderator should know before this becomes the policy; empty if nothing."""
    return await asyncio.to_thread(doubts_here, desk, policy)


def doubts_here(desk: Desk, policy: GuildPolicy) -> str:
    """The same, off the event loop."""
    known = set(desk.policy.blocked)
    new = [t for t in policy.blocked if t not in known and t.effect.ruling is not Ruling.ALLOW]
    return words.common_terms(prompts_stopped_by(desk.rulebook, new), len(PROMPTS)) if new else ""
