"""How a policy is changed: from the version that was seen, with a line in the log.

The panel, the quick commands and the import come through here, so that nobody overwrites changes
they have not seen, and no invalid policy is saved. Must not know what is changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord

from bot.client import Interaction
from bot.policy.document import faults_of
from bot.policy.layers import GuildPolicy, effective
from bot.store.audit_rows import AuditEntry
from bot.store.guilds import PolicyVersion, Superseded
from bot.words import panel as words
from bot.words.differences import differences
from bot.words.speaking import ENGLISH, speaking
from bot.words.wording import fitting
from cogs.governing.desk import Desk
from cogs.governing.record import entry_line
from cogs.translating import guild_of, user_of

#: The most characters about one change in the log, and in the answer.
_LOGGED_CHARS, _TOLD_CHARS = 3000, 900
_SINCE = 25
#: With more terms than this a change is slow, so the answer is deferred first.
_MANY_TERMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The policy that a moderator wants."""

    policy: GuildPolicy
    #: One word for the log.
    action: str = "policy"
    #: What the moderator reads above the list of differences; "": a plain "saved".
    told: str = ""


async def carry_out(interaction: Interaction, desk: Desk, wish: Wish) -> tuple[Desk, str]:
    """Save the policy, if nobody was faster. Returns the resulting desk and the answer."""
    await ask_for_patience(interaction, desk.policy, wish.policy)
    # Both examine every term, which takes a moment for ten thousand.
    lines = await asyncio.to_thread(_differences, desk, wish.policy)
    if not lines:
        return desk, words.NOTHING_CHANGED()
    if faults := await asyncio.to_thread(_new_faults, desk, wish.policy):
        return desk, words.impossible(faults)
    services = interaction.client.services
    outcome = await services.guilds.save(
        wish.policy,
        desk.version,
        user_of(interaction),
        services.clock(),
        summary=await _written_down(desk, wish.policy, lines),
        action=wish.action,
    )
    if isinstance(outcome, Superseded):
        return _moved(desk, outcome.current), _told(outcome.since)
    services.signals.logged.set()
    current = await services.guilds.current(desk.guild_id)
    # Compile off the loop and cache it with the policy, so that the next ask need not wait.
    await asyncio.to_thread(effective, desk.rulebook, current.policy, desk.here)
    return _moved(desk, current), words.changed(wish.told or words.SAVED(), lines)


async def _written_down(desk: Desk, policy: GuildPolicy, lines: Sequence[str]) -> str:
    """The lines as the log keeps them: in English, whatever the moderator's language."""
    with speaking(ENGLISH) as before:
        if before is not ENGLISH:
            lines = await asyncio.to_thread(_differences, desk, policy)
        return fitting(lines, _LOGGED_CHARS)


def _differences(desk: Desk, policy: GuildPolicy) -> tuple[str, ...]:
    return differences(desk.policy, policy, desk.ground())


def _new_faults(desk: Desk, policy: GuildPolicy) -> list[str]:
    """New faults of the policy; faults that an older version accepted block no other change."""
    faults = list(faults_of(policy, desk.rulebook))
    known = set(faults_of(desk.policy, desk.rulebook)) if faults else set[str]()
    return [fault for fault in faults if fault not in known]


async def ask_for_patience(interaction: Interaction, *policies: GuildPolicy) -> None:
    """Defer an answer that may take longer than Discord's three seconds."""
    many = any(len(p.blocked) + len(p.allowed) > _MANY_TERMS for p in policies)
    if many and not interaction.response.is_done():
        is_command = interaction.type is discord.InteractionType.application_command
        await interaction.response.defer(ephemeral=True, thinking=is_command)


def _moved(desk: Desk, current: PolicyVersion) -> Desk:
    return replace(desk, policy=current.policy, version=current.number)


async def superseded(interaction: Interaction, version: int) -> str:
    """What changed since the version that somebody saw."""
    guilds = interaction.client.services.guilds
    entries = await guilds.history(guild_of(interaction), _SINCE)
    return _told([e for e in entries if e.version is not None and e.version > version])


def _told(since: Sequence[AuditEntry]) -> str:
    lines = [entry_line(entry) for entry in since]
    return f"⚠️ {words.STALE()}\n{fitting(lines, _TOLD_CHARS)}"


async def undo(interaction: Interaction, desk: Desk) -> tuple[Desk, str]:
    """Restore the policy from before the last change; a second undo undoes the first."""
    guilds = interaction.client.services.guilds
    before = await guilds.version(desk.guild_id, desk.version - 1) if desk.version else None
    if before is None:
        return desk, words.UNDONE_FIRST()
    history = await guilds.history(desk.guild_id, _SINCE)
    made = next((entry for entry in history if entry.version == desk.version), None)
    head = words.undone(made.actor_id, made.action, made.at_ms) if made else words.UNDONE()
    return await carry_out(interaction, desk, Wish(policy=before.policy, action="undo", told=head))
