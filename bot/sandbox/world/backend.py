"""SimCord's backend, corrected: real time, fixed ids, picture sizes, nonces, bounded memory.

`simcord==3.2.1` models Discord's semantics for tests that last a second on a virtual clock. This
subclass lets it run for days beside a real client and adds what it leaves out. Only the other files
of this folder use this one.
"""

from __future__ import annotations

import datetime as dt
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar, cast

from simcord._clock import Clock
from simcord.backend import Backend, errors, serializers
from simcord.backend.cdn import CdnStore
from simcord.backend.models import (
    Channel,
    Guild,
    Interaction,
    Member,
    Message,
    Overwrite,
    Role,
    User,
)
from simcord.backend.models import GuildEmoji as CustomEmoji
from simcord.backend.ops.commands import COMMAND_FIELDS
from simcord.backend.permissions import flag
from simcord.enums import ChannelType, OverwriteType

from bot.sandbox.wire.cdn import Cdn
from bot.sandbox.wire.wire import Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.completing import embeds_with_urls, fields_to_add, with_text_ids

#: Called with an event's name, its payload, and the only user who may see it (None: everybody).
Listener = Callable[[str, Payload, int | None], None]

_DISCORD_EPOCH_MS = 1_420_070_400_000
#: After this time an interaction's token is invalid, and its record is dropped.
_INTERACTION_LIFETIME = dt.timedelta(minutes=16)
_MEMBER_PERMISSIONS = (
    "view_channel", "send_messages", "send_messages_in_threads", "read_message_history",
    "add_reactions", "embed_links", "attach_files", "external_emojis", "change_nickname",
    "use_application_commands", "create_public_threads",
)  # fmt: skip
_MODERATOR_PERMISSIONS = ("manage_guild", "manage_messages", "manage_threads", "moderate_members")
#: The permissions that a careful operator grants the bot.
BOT_PERMISSIONS = (
    "view_channel", "send_messages", "send_messages_in_threads", "read_message_history",
    "add_reactions", "embed_links", "attach_files", "external_emojis",
)  # fmt: skip

ItemT = TypeVar("ItemT")


class _EmptyLog(deque[Any]):
    """A list that stays empty: SimCord logs every request and event without end."""

    def __init__(self) -> None:
        super().__init__(maxlen=0)


class _RealClock(Clock):
    """The wall clock; SimCord's own stands still until a test moves it."""

    def now(self) -> dt.datetime:
        return dt.datetime.now(dt.UTC)


class _CdnAdapter(CdnStore):
    """SimCord's interface to our CDN."""

    def __init__(self, cdn: Cdn) -> None:
        super().__init__()
        self._cdn = cdn

    def store_attachment(
        self,
        attachment_id: int,
        channel_id: int,
        filename: str,
        data: bytes,
        description: str | None,
    ) -> dict[str, Any]:
        return self._cdn.store_file(attachment_id, channel_id, filename, data, description)


def permission_bits(names: Iterable[str]) -> int:
    """The permission bits of permission names."""
    bits = 0
    for name in names:
        bits |= flag(name)
    return bits


class LoungeBackend(Backend):
    """SimCord's backend with the local server built in and its gaps filled."""

    def __init__(self, cdn: Cdn) -> None:
        self._last_id = 0
        super().__init__(clock=_RealClock())
        self._files = cdn
        self.cdn = _CdnAdapter(cdn)
        self.http_requests = cast("list[Any]", _EmptyLog())
        self.transcript = cast("list[Any]", _EmptyLog())
        self.listeners: list[Listener] = []
        #: Nonces by message id, as the bot sent them.
        self.nonces: dict[int, str | int] = {}
        #: The nonce of the current request, for the message it creates.
        self.pending_nonce: str | int | None = None
        self.age_restricted: set[int] = {channel.id for channel in lounge.CHANNELS if channel.nsfw}
        #: The languages that people chose for their clients.
        self.locales: dict[int, str] = {}
        self._build_server()

    # ---- the local server -----------------------------------------------------------------------

    def _build_server(self) -> None:
        self.application_id = lounge.BOT_ID
        self.users.clear()
        self.bot_user = self._add_user(lounge.BOT_ID, lounge.BOT_NAME, bot=True)
        people = (*lounge.PERSONAS, *lounge.FANS)
        for person in people:
            self._add_user(person.id, person.name)
        guild = Guild(id=lounge.GUILD_ID, name=lounge.GUILD_NAME, owner_id=lounge.OWNER.id)
        self.guilds[guild.id] = guild
        everyone = permission_bits(_MEMBER_PERMISSIONS)
        for position, (role_id, name, permissions) in enumerate(
            (
                (guild.id, "@everyone", everyone),
                (lounge.MEMBER_ROLE_ID, "Member", 0),
                (lounge.BOT_ROLE_ID, lounge.BOT_NAME, permission_bits(BOT_PERMISSIONS)),
                (lounge.MODERATOR_ROLE_ID, "Moderator", permission_bits(_MODERATOR_PERMISSIONS)),
            )
        ):
            guild.roles[role_id] = Role(
                id=role_id, name=name, permissions=permissions, position=position
            )
        guild.roles[lounge.BOT_ROLE_ID].managed = True
        self._add_member(guild, lounge.BOT_ID, [lounge.BOT_ROLE_ID])
        for person in people:
            self._add_member(guild, person.id, _ROLES_OF[person.role])
        for emoji in lounge.EMOJIS:
            guild.emojis[emoji.id] = CustomEmoji(
                id=emoji.id, name=emoji.name, user_id=lounge.OWNER.id
            )
        for channel in lounge.CHANNELS:
            self._add_channel(guild, channel)
        for category in lounge.CATEGORIES:
            created = self.create_channel(
                guild.id, category.name, type=ChannelType.CATEGORY, announce=False
            )
            self._set_channel_id(guild, created, category.id)

    def _add_user(self, user_id: int, name: str, *, bot: bool = False) -> User:
        user = User(id=user_id, name=name.lower().replace(" ", "-"), global_name=name, bot=bot)
        self.users[user_id] = user
        return user

    def _add_member(self, guild: Guild, user_id: int, roles: list[int]) -> None:
        guild.members[user_id] = Member(
            user_id=user_id, role_ids=list(roles), joined_at=self.now_iso()
        )

    def _add_channel(self, guild: Guild, spec: lounge.LoungeChannel) -> None:
        channel = self.create_channel(
            guild.id,
            spec.name,
            topic=spec.topic,
            parent_id=spec.category.id if spec.category else None,
            overwrites=_staff_overwrites(guild, spec) if spec.moderators_only else [],
            announce=False,
        )
        self._set_channel_id(guild, channel, spec.id)

    def _set_channel_id(self, guild: Guild, channel: Channel, fixed_id: int) -> None:
        """Replace SimCord's fresh id with our fixed one."""
        guild.channel_ids[-1] = fixed_id
        self.channels[fixed_id] = self.channels.pop(channel.id)
        self.messages[fixed_id] = self.messages.pop(channel.id)
        channel.id = fixed_id

    def add_person(self, name: str, role: lounge.Role) -> int:
        """Add a member, for tests that need many. Returns the user's id."""
        user_id = self.snowflake()
        self._add_user(user_id, name)
        self._add_member(self.guilds[lounge.GUILD_ID], user_id, _ROLES_OF[role])
        return user_id

    # ---- time, ids and memory -------------------------------------------------------------------

    def _allocate_at(self, milliseconds: int) -> int:
        self._last_id = max(milliseconds << 22, self._last_id + 1)
        return self._last_id

    def reserve_ids_up_to(self, used: int) -> None:
        """Never reuse an id up to `used`, even if the clock went back."""
        self._last_id = max(self._last_id, used)

    def new_interaction(
        self,
        type: int,  # noqa: A002  SimCord's name
        channel_id: int,
        user_id: int,
        guild_id: int | None,
    ) -> Interaction:
        """Create an interaction, and drop expired ones."""
        oldest_ms = int((self.clock.now() - _INTERACTION_LIFETIME).timestamp() * 1000)
        oldest_id = (oldest_ms - _DISCORD_EPOCH_MS) << 22
        for interaction_id, interaction in list(_first_items(self.interactions.items(), 8)):
            if interaction_id < oldest_id:
                del self.interactions[interaction_id]
                del self.interaction_tokens[interaction.token]
        return super().new_interaction(type, channel_id, user_id, guild_id)

    # ---- events ---------------------------------------------------------------------------------

    def emit(self, event: str, payload: Mapping[str, Any]) -> None:
        """Add what SimCord leaves out of a payload, and send it to every listener."""
        full = dict(payload)
        if event == "MESSAGE_CREATE":
            full["nonce"] = self.nonces.get(int(full["id"]))
        elif event.startswith("CHANNEL_") and "type" in full:
            self.add_age_restriction(full)
        elif event == "GUILD_CREATE":
            for channel in full["channels"]:
                self.add_age_restriction(channel)
        self.notify_listeners(event, full)

    def notify_listeners(
        self, event: str, payload: Payload, only_user_id: int | None = None
    ) -> None:
        """Call every listener, in order of registration."""
        for listener in self.listeners:
            listener(event, payload, only_user_id)

    def add_age_restriction(self, channel: Payload) -> None:
        """Add the age restriction, which SimCord's channels lack."""
        if channel.get("type") not in (10, 11, 12):
            channel["nsfw"] = int(channel["id"]) in self.age_restricted

    def _notify_ephemeral(self, event: str, message: Message) -> None:
        metadata = message.interaction_metadata
        if message.is_ephemeral and metadata is not None:
            viewer = int(metadata["user"]["id"])
            self.notify_listeners(event, self.message_payload(message, viewer), only_user_id=viewer)

    def message_payload(self, message: Message, viewer: int | None) -> Payload:
        """The message object as `viewer` gets it."""
        payload = cast("Payload", serializers.message_payload(self, message, for_user=viewer))
        payload["nonce"] = self.nonces.get(message.id)
        return payload

    # ---- messages -------------------------------------------------------------------------------

    def commit_message(self, message: Message, *, broadcast: bool = True) -> Message:
        """Store a message with its nonce and with its embedded pictures resolved."""
        if self.pending_nonce is not None:
            self.nonces[message.id], self.pending_nonce = self.pending_nonce, None
        message.embeds = embeds_with_urls(message.embeds, message.attachments)
        message.components = with_text_ids(message.components)
        message = super().commit_message(message, broadcast=broadcast)
        self._notify_ephemeral("MESSAGE_CREATE", message)
        return message

    def edit_message(self, channel_id: int, message_id: int, fields: dict[str, Any]) -> Message:
        """Edit a message, and drop files that it no longer shows."""
        before = _file_ids(self.get_message(channel_id, message_id))
        fields = fields | fields_to_add(self.get_message(channel_id, message_id), fields)
        message = super().edit_message(channel_id, message_id, fields)
        self._files.mark_orphaned(before - _file_ids(message))
        self._notify_ephemeral("MESSAGE_UPDATE", message)
        return message

    def delete_message(self, channel_id: int, message_id: int) -> None:
        """Delete a message and its files."""
        message = self.get_message(channel_id, message_id)
        super().delete_message(channel_id, message_id)
        self._forget_message(message)
        if message.is_ephemeral:
            self._notify_ephemeral("MESSAGE_DELETE", message)

    def bulk_delete_messages(self, channel_id: int, message_ids: Iterable[int]) -> list[int]:
        """Delete several messages and their files."""
        messages = dict(self.messages.get(channel_id, {}))
        deleted = super().bulk_delete_messages(channel_id, message_ids)
        for message_id in deleted:
            self._forget_message(messages[message_id])
        return deleted

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel and everything in it."""
        messages = list(self.messages.get(channel_id, {}).values())
        super().delete_channel(channel_id)
        for message in messages:
            self._forget_message(message)

    def drop_file(self, attachment_id: int) -> None:
        """Drop a picked file that nobody sent."""
        self._files.mark_orphaned([attachment_id])

    def _forget_message(self, message: Message) -> None:
        self._files.mark_orphaned(_file_ids(message))
        self.nonces.pop(message.id, None)

    # ---- reactions and commands -----------------------------------------------------------------

    def add_reaction(self, channel_id: int, message_id: int, emoji: str, user_id: int) -> None:
        """React; a custom emoji must belong to this server."""
        name, _, emoji_id = emoji.partition(":")
        known = self.guilds[lounge.GUILD_ID].emojis
        if emoji_id and (not emoji_id.isdecimal() or int(emoji_id) not in known):
            raise errors.unknown_emoji()
        if not emoji_id and (not name or name.isascii()):
            raise errors.unknown_emoji()
        super().add_reaction(channel_id, message_id, emoji, user_id)

    def _emit_reaction(self, event: str, message: Message, emoji: str, user_id: int) -> None:
        payload: Payload = {
            "user_id": str(user_id),
            "channel_id": str(message.channel_id),
            "message_id": str(message.id),
            "guild_id": str(lounge.GUILD_ID),
            "emoji": serializers.emoji_payload(emoji),
            "burst": False,
            "type": 0,
        }
        if event == "MESSAGE_REACTION_ADD":
            guild = self.guilds[lounge.GUILD_ID]
            payload["message_author_id"] = str(message.author_id)
            payload["member"] = serializers.member_payload(self, guild, guild.members[user_id])
        self.emit(event, payload)

    def register_commands(
        self, guild_id: int | None, payloads: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        """Register commands, including fields that SimCord drops, and tell the page."""
        supported = [{k: v for k, v in p.items() if k in COMMAND_FIELDS} for p in payloads]
        registered = super().register_commands(guild_id, supported)
        for command, payload in zip(registered, payloads, strict=True):
            command["nsfw"] = bool(payload.get("nsfw"))
            command["version"] = str(self.snowflake())
            command["integration_types"] = payload.get("integration_types") or [0]
            command.setdefault("contexts", None)
        self.notify_listeners("COMMANDS_UPDATE", {})
        return registered


_ROLES_OF: dict[lounge.Role, list[int]] = {
    lounge.Role.NEWCOMER: [],
    lounge.Role.MEMBER: [lounge.MEMBER_ROLE_ID],
    lounge.Role.MODERATOR: [lounge.MEMBER_ROLE_ID, lounge.MODERATOR_ROLE_ID],
    lounge.Role.OWNER: [lounge.MEMBER_ROLE_ID],
}


def _staff_overwrites(guild: Guild, channel: lounge.LoungeChannel) -> list[Overwrite]:
    """Overwrites that show a channel only to moderators, and to the bot if `bot_sees`."""
    view_channel = flag("view_channel")
    allowed_roles = [lounge.MODERATOR_ROLE_ID] + ([lounge.BOT_ROLE_ID] if channel.bot_sees else [])
    return [
        Overwrite(guild.id, OverwriteType.ROLE, deny=view_channel),
        *(Overwrite(role_id, OverwriteType.ROLE, allow=view_channel) for role_id in allowed_roles),
    ]


def _first_items(items: Iterable[ItemT], count: int) -> Iterable[ItemT]:
    for _, item in zip(range(count), items, strict=False):
        yield item


def _file_ids(message: Message) -> set[int]:
    return {int(attachment["id"]) for attachment in message.attachments}
