"""Warnings about a change that a moderator may still make. Not a cog.

Before a short or common word is blocked, this shows the harmless prompts that it would refuse. It
decides nothing.
"""

from __future__ import annotations

import asyncio

from bot.domain import Ruling
from bot.policy.harmless import PROMPTS, prompts_stopped_by
from bot.policy.layers import GuildPolicy
from bot.words import panel as words
from cogs.governing.desk import Desk


async def find_doubts(desk: Desk, policy: GuildPolicy) -> str:
    """The warnings for a moderator before this becomes the policy; empty if there are none."""
    return await asyncio.to_thread(find_doubts_sync, desk, policy)


def find_doubts_sync(desk: Desk, policy: GuildPolicy) -> str:
    """The same, for callers outside the event loop."""
    known = set(desk.policy.blocked)
    new = [t for t in policy.blocked if t not in known and t.effect.ruling is not Ruling.ALLOW]
    return words.common_terms(prompts_stopped_by(desk.rulebook, new), len(PROMPTS)) if new else ""
