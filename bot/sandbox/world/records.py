"""Converts messages, channels and commands to and from JSON records, which `state.py` saves.

Ephemeral messages and interactions are not saved: Discord's client forgets them, too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import Any, cast

from simcord.backend.models import (
    AllowedMentions,
    Channel,
    Message,
    Overwrite,
    Reaction,
    ThreadMetadata,
)
from simcord.enums import OverwriteType

from bot.sandbox.wire.cdn import Cdn
from bot.sandbox.wire.wire import Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.backend import LoungeBackend

#: A message's fields that are saved unchanged; reactions and mentions are translated.
_PLAIN = (
    "id", "channel_id", "author_id", "content", "timestamp", "edited_timestamp", "type", "flags",
    "pinned", "tts", "embeds", "components", "attachments", "mention_user_ids",
    "mention_role_ids", "mention_everyone", "reference", "reply_author_id",
    "reply_author_interaction", "interaction_metadata",
)  # fmt: skip


class WorldRecords:
    """Turns the world into records and back."""

    def __init__(self, backend: LoungeBackend, cdn: Cdn) -> None:
        self._backend = backend
        self._cdn = cdn

    # ---- messages -------------------------------------------------------------------------------

    def message_ids(self, channel_id: int) -> list[int]:
        """The messages of a channel to save, oldest first."""
        messages = self._backend.messages.get(channel_id, {})
        return [m.id for m in messages.values() if not m.is_ephemeral]

    def message(self, channel_id: int, message_id: int) -> Payload:
        """The record of one message."""
        message = self._backend.messages[channel_id][message_id]
        record: Payload = {name: getattr(message, name) for name in _PLAIN}
        policy = message.allowed_mentions
        record["reactions"] = [[r.emoji, r.user_ids] for r in message.reactions]
        record["nonce"] = self._backend.nonces.get(message_id)
        record["mentions"] = {
            "everyone": policy.everyone,
            "users": None if policy.users is None else sorted(policy.users),
            "roles": None if policy.roles is None else sorted(policy.roles),
            "replied_user": policy.replied_user,
        }
        return record

    def restore_message(self, record: Payload) -> None:
        """Restore a saved message; its files get this run's URLs."""
        mentions: Payload = record["mentions"]
        message = Message(
            **{name: record[name] for name in _PLAIN},
            reactions=[Reaction(emoji, list(users)) for emoji, users in record["reactions"]],
            allowed_mentions=AllowedMentions(
                everyone=mentions["everyone"],
                users=None if mentions["users"] is None else frozenset(mentions["users"]),
                roles=None if mentions["roles"] is None else frozenset(mentions["roles"]),
                replied_user=mentions["replied_user"],
            ),
        )
        new_urls: dict[str, str] = {}
        for attachment in message.attachments:
            url = self._cdn.url(
                message.channel_id, int(attachment["id"]), str(attachment["filename"])
            )
            new_urls[attachment["url"]] = url
            attachment["url"] = attachment["proxy_url"] = url
        for embed in message.embeds:
            for part in ("image", "thumbnail"):
                picture: Payload = embed.get(part) or {}
                if picture.get("url") in new_urls:
                    picture["url"] = new_urls[picture["url"]]
        self._backend.messages[message.channel_id][message.id] = message
        if record["nonce"] is not None:
            self._backend.nonces[message.id] = record["nonce"]

    def files(self, channel_id: int) -> Iterator[int]:
        """The ids of the files in a channel's saved messages."""
        for message in self._backend.messages.get(channel_id, {}).values():
            if not message.is_ephemeral:
                yield from (int(a["id"]) for a in message.attachments)

    # ---- the rest -------------------------------------------------------------------------------

    def channel_ids(self) -> list[int]:
        """Every channel and thread of the server."""
        guild = self._backend.guilds[lounge.GUILD_ID]
        return [*guild.channel_ids, *guild.thread_ids]

    def server(self) -> Payload:
        """Channels, languages, roles and commands."""
        backend = self._backend
        guild = backend.guilds[lounge.GUILD_ID]
        return {
            "last_id": backend.snowflake(),
            "channels": [_channel_to_record(backend.channels[c]) for c in guild.channel_ids],
            "threads": [_channel_to_record(backend.channels[t]) for t in guild.thread_ids],
            "age_restricted": sorted(backend.age_restricted),
            "locales": {str(user): locale for user, locale in backend.locales.items()},
            "locale": guild.preferred_locale,
            "roles": {str(r.id): r.permissions for r in guild.roles.values()},
            "commands": [
                [scope, list(commands.values())] for scope, commands in backend.commands.items()
            ],
        }

    def restore_server(self, record: Payload) -> None:
        """Restore the saved server, before its messages."""
        backend = self._backend
        guild = backend.guilds[lounge.GUILD_ID]
        backend.reserve_ids_up_to(record["last_id"])
        for channel_id in guild.channel_ids:
            del backend.channels[channel_id], backend.messages[channel_id]
        for saved, ids in (
            (record["channels"], guild.channel_ids),
            (record["threads"], guild.thread_ids),
        ):
            restored = [_channel_from_record(item) for item in cast("list[Payload]", saved)]
            ids[:] = [channel.id for channel in restored]
            for channel in restored:
                backend.channels[channel.id] = channel
                backend.messages[channel.id] = {}
        backend.age_restricted = set(record["age_restricted"])
        # Absent in a directory from before languages were saved.
        saved_locales: dict[str, str] = record.get("locales", {})
        backend.locales = {int(user): locale for user, locale in saved_locales.items()}
        guild.preferred_locale = record.get("locale", guild.preferred_locale)
        for role_id, permissions in cast("dict[str, int]", record["roles"]).items():
            if int(role_id) in guild.roles:
                guild.roles[int(role_id)].permissions = permissions
        for scope, commands in cast("list[Any]", record["commands"]):
            backend.commands[scope] = {(c["name"], c["type"]): c for c in commands}


def _channel_to_record(channel: Channel) -> Payload:
    return dataclasses.asdict(channel)


def _channel_from_record(record: Payload) -> Channel:
    parts = dict(record)
    parts["overwrites"] = [
        Overwrite(o["target_id"], OverwriteType(o["type"]), o["allow"], o["deny"])
        for o in cast("list[Payload]", record["overwrites"])
    ]
    if record["thread_metadata"] is not None:
        parts["thread_metadata"] = ThreadMetadata(**record["thread_metadata"])
    members = cast("dict[str, str]", record["thread_members"])
    parts["thread_members"] = {int(user): when for user, when in members.items()}
    return Channel(**parts)
