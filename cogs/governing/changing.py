"""Saves policy changes, based on the version that the moderator saw, and logs them.

The panel, the quick commands and the import come through here, so that nobody overwrites changes
they have not seen, and no invalid policy is saved. Must not know the content of a change.
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
_LOGGED_CHARS, _ANSWER_CHARS = 3000, 900
_SINCE = 25
#: With more terms than this a change is slow, so the answer is deferred first.
_MANY_TERMS = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyChange:
    """The policy that a moderator wants."""

    policy: GuildPolicy
    #: One word for the log.
    action: str = "policy"
    #: The text above the list of differences in the answer; "": a plain "saved".
    message: str = ""


async def save_change(
    interaction: Interaction, desk: Desk, change: PolicyChange
) -> tuple[Desk, str]:
    """Save the policy, unless it was changed meanwhile. Returns the new desk and the answer."""
    await defer_if_slow(interaction, desk.policy, change.policy)
    # Both examine every term, which takes a moment for ten thousand.
    lines = await asyncio.to_thread(_differences, desk, change.policy)
    if not lines:
        return desk, words.NOTHING_CHANGED()
    if faults := await asyncio.to_thread(_new_faults, desk, change.policy):
        return desk, words.impossible(faults)
    services = interaction.client.services
    outcome = await services.guilds.save(
        change.policy,
        desk.version,
        user_of(interaction),
        services.clock(),
        summary=await _log_summary(desk, change.policy, lines),
        action=change.action,
    )
    if isinstance(outcome, Superseded):
        return _with_version(desk, outcome.current), _stale_text(outcome.since)
    services.signals.logged.set()
    current = await services.guilds.current(desk.guild_id)
    # Compile off the loop and cache it with the policy, so that the next ask need not wait.
    await asyncio.to_thread(effective, desk.rulebook, current.policy, desk.here)
    return _with_version(desk, current), words.changed(change.message or words.SAVED(), lines)


async def _log_summary(desk: Desk, policy: GuildPolicy, lines: Sequence[str]) -> str:
    """The lines for the log, which is in English whatever the moderator's language."""
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


async def defer_if_slow(interaction: Interaction, *policies: GuildPolicy) -> None:
    """Defer an answer that may take longer than Discord's three seconds."""
    is_slow = any(len(p.blocked) + len(p.allowed) > _MANY_TERMS for p in policies)
    if is_slow and not interaction.response.is_done():
        is_command = interaction.type is discord.InteractionType.application_command
        await interaction.response.defer(ephemeral=True, thinking=is_command)


def _with_version(desk: Desk, current: PolicyVersion) -> Desk:
    return replace(desk, policy=current.policy, version=current.number)


async def changes_since(interaction: Interaction, version: int) -> str:
    """The changes since the version that a moderator saw, in words."""
    guilds = interaction.client.services.guilds
    entries = await guilds.history(guild_of(interaction), _SINCE)
    return _stale_text([e for e in entries if e.version is not None and e.version > version])


def _stale_text(since: Sequence[AuditEntry]) -> str:
    lines = [entry_line(entry) for entry in since]
    return f"⚠️ {words.STALE()}\n{fitting(lines, _ANSWER_CHARS)}"


async def undo(interaction: Interaction, desk: Desk) -> tuple[Desk, str]:
    """Restore the policy from before the last change; a second undo undoes the first."""
    guilds = interaction.client.services.guilds
    before = await guilds.version(desk.guild_id, desk.version - 1) if desk.version else None
    if before is None:
        return desk, words.UNDONE_FIRST()
    history = await guilds.history(desk.guild_id, _SINCE)
    made = next((entry for entry in history if entry.version == desk.version), None)
    head = words.undone(made.actor_id, made.action, made.at_ms) if made else words.UNDONE()
    return await save_change(
        interaction, desk, PolicyChange(policy=before.policy, action="undo", message=head)
    )
