"""Discord's permissions, named as Discord's client names them to whoever reads. Pure text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.words.speaking import Message, enumerated

#: By the names that discord.py has for them: those that the bot asks moderators for.
_NAMES: Mapping[str, Message] = {
    "view_channel": Message("View Channel"),
    "send_messages": Message("Send Messages"),
    "send_messages_in_threads": Message("Send Messages in Threads"),
    "embed_links": Message("Embed Links"),
    "attach_files": Message("Attach Files"),
    "read_message_history": Message("Read Message History"),
}


def in_words(permissions: Iterable[str]) -> str:
    """What somebody has to allow, one after another."""
    return enumerated(_NAMES[name]() for name in permissions)
