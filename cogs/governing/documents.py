"""The policy as a file: export, and import with a preview of the difference.

The message with the difference has the file attached, so *Apply* works after a restart and applies
exactly the policy that was shown. Large files are parsed in a thread.
"""

from __future__ import annotations

import asyncio
import io
from collections.abc import Iterator
from dataclasses import dataclass

import discord
from discord import ButtonStyle, ui

from bot.client import Interaction
from bot.policy.document import DocumentError, from_toml
from bot.policy.layers import GuildPolicy
from bot.policy.toml_text import BYTES_MAX
from bot.policy.writing import to_toml
from bot.words import documents as words
from bot.words.differences import differences
from bot.words.wording import fitting
from cogs.governing.changing import PolicyChange, save_change
from cogs.governing.controls import (
    PanelPress,
    button,
    file_part,
    line,
    page,
    press_id,
    row,
    text,
)
from cogs.governing.desk import Desk
from cogs.governing.doubting import find_doubts_sync
from cogs.governing.given_back import read_attachment
from cogs.governing.pages import home, note_parts
from cogs.translating import tell

_NAME, _CHANGES_NAME = "policy.toml", "changes.txt"
_SHOWN_CHARS = 1900


@dataclass(frozen=True, slots=True, kw_only=True)
class _Import:
    """A policy read from a file, and how it differs from the current one."""

    policy: GuildPolicy
    lines: tuple[str, ...]
    #: The same policy in our own format.
    written: str
    #: Warnings about it; empty if there are none.
    doubt: str = ""


async def export(interaction: Interaction, desk: Desk) -> None:
    """Answer with the whole policy as a file."""
    await interaction.response.defer(ephemeral=True, thinking=True)
    written = await asyncio.to_thread(to_toml, desk.policy, desk.rulebook, desk.names())
    await interaction.followup.send(words.EXPORTED(), file=_file(written, _NAME), ephemeral=True)


async def preview_import(interaction: Interaction, desk: Desk, file: discord.Attachment) -> None:
    """Answer a command with the file's changes, or with its errors."""
    if file.size > BYTES_MAX:
        await tell(interaction, words.too_large(file.size, BYTES_MAX))
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    found = await _read_file(desk, await file.read())
    if isinstance(found, str):
        await tell(interaction, found)
        return
    view, files = _preview_page(desk, found, "")
    await interaction.edit_original_response(view=view, attachments=files)


async def apply(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Apply the shown policy; if the current one changed since, show the new difference."""
    await interaction.response.defer()
    found = await _read_file(desk, await read_attachment(interaction, _NAME))
    if isinstance(found, str):
        await interaction.edit_original_response(view=home(desk, (), found), attachments=[])
        return
    if press.version != desk.version:
        view, files = _preview_page(desk, found, words.CHANGED_MEANWHILE())
        await interaction.edit_original_response(view=view, attachments=files)
        return
    desk, note = await save_change(
        interaction, desk, PolicyChange(policy=found.policy, action="import")
    )
    await interaction.edit_original_response(view=home(desk, (), note), attachments=[])


async def discard(interaction: Interaction, desk: Desk, press: PanelPress) -> None:
    """Discard the file."""
    del press
    view = home(desk, (), words.DISCARDED())
    await interaction.response.edit_message(view=view, attachments=[])


async def _read_file(desk: Desk, data: bytes) -> _Import | str:
    """The policy in a file, or what is wrong with it."""
    return await asyncio.to_thread(_parse, desk, data)


def _parse(desk: Desk, data: bytes) -> _Import | str:
    try:
        policy = from_toml(data, desk.guild_id, desk.rulebook)
    except DocumentError as fault:
        return words.faulty(fault.faults)
    if policy.moderator_role == desk.guild_id:
        return words.EVERYBODY_DECIDES()
    if unusable := list(_channel_problems(desk, policy)):
        return words.unusable(unusable)
    return _Import(
        policy=policy,
        lines=differences(desk.policy, policy, desk.ground()),
        written=to_toml(policy, desk.rulebook, desk.names()),
        doubt="\n".join(filter(None, [desk.unknown_names(policy), find_doubts_sync(desk, policy)])),
    )


def _channel_problems(desk: Desk, policy: GuildPolicy) -> Iterator[tuple[str, str]]:
    """Channels in the file where the bot cannot post, with the reason and the file's key.

    A channel of another server does not exist here.
    """
    before = desk.policy
    now = {before.review_channel, before.log_channel, before.gallery.channel}
    named = {
        "review_channel": policy.review_channel,
        "log_channel": policy.log_channel,
        "gallery_channel": policy.gallery.channel,
    }
    for key, channel_id in named.items():
        if channel_id not in now and (why := desk.channel_problem(channel_id)):
            yield key, why


def _preview_page(
    desk: Desk, found: _Import, note: str
) -> tuple[ui.LayoutView, list[discord.File]]:
    """The difference with its buttons; without *Apply* if there is none."""
    if not found.lines:
        return home(desk, (), words.NO_DIFFERENCE()), []
    files = [_file(found.written, _NAME)]
    lines = [f"- {line}" for line in found.lines]
    shown, whole = fitting(lines, _SHOWN_CHARS), "\n".join(lines)
    if shown != whole:
        files.append(_file(whole, _CHANGES_NAME))
    view = page(
        *note_parts(note),
        text(f"{words.WHAT_WOULD_CHANGE()}\n{shown}"),
        *([text(found.doubt)] if found.doubt else ()),
        *(file_part(file) for file in files),
        line(),
        row(
            button("Apply", press_id("apply", desk.version), ButtonStyle.success),
            button("Discard", press_id("discard", desk.version)),
        ),
    )
    return view, files


def _file(written: str, name: str) -> discord.File:
    return discord.File(io.BytesIO(written.encode()), name)
