"""The panel's page of the log, and the text of a log line.

The log channel shows the same text; `logbook.py` posts it there.
"""

from __future__ import annotations

from discord import ui

from bot.client import Interaction
from bot.store.audit_rows import AuditEntry
from bot.words import panel as words
from bot.words import policy_log
from bot.words.speaking import say
from bot.words.wording import fits
from cogs.governing.controls import button, line, page, press_id, text
from cogs.governing.desk import Desk
from cogs.governing.pages import home_row, note_parts

#: Lines read for one page, and the characters of one line and of all of them.
_READ, _LINE_CHARS, PAGE_CHARS = 20, 900, 3200


def entry_line(entry: AuditEntry, limit: int = _LINE_CHARS) -> str:
    """The text of a log line."""
    return policy_log.log_line(
        actor_id=entry.actor_id,
        action=entry.action,
        detail=entry.detail,
        at_ms=entry.at_ms,
        user_id=entry.user_id,
        limit=limit,
    )


async def log_page(
    interaction: Interaction, desk: Desk, args: tuple[str, ...], note: str
) -> ui.LayoutView:
    """The latest lines, or those before the line that `args` names."""
    before = int(args[-1]) if args else None
    guilds = interaction.client.services.guilds
    entries = await guilds.audit_log(desk.guild_id, _READ, before)
    lines = [entry_line(entry) for entry in entries]
    shown = max(fits(lines, PAGE_CHARS), 1)
    older = len(entries) > shown or len(entries) == _READ
    more = [_older_button(desk, entries[shown - 1])] if older and entries else []
    return page(
        *note_parts(note),
        text(f"## {say('Log')}"),
        text("\n".join(lines[:shown]) or words.NO_LOG()),
        line(),
        home_row(desk, *more),
    )


def _older_button(desk: Desk, last: AuditEntry) -> ui.Button[ui.LayoutView]:
    return button("Older →", press_id("open", desk.version, "log", last.id))
