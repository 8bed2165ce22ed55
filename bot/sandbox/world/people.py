"""What people do in the local server (write, react, press, call commands), and what they see.

The page API and the tests act through this module. It refuses with `NotPossible`, whose text is for
a person. Part of the adapter to SimCord (see `world.py`): ids and JSON objects go in and out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import cast

from simcord import interactions as build
from simcord.backend import serializers
from simcord.backend.access import channel_accessible, message_accessible, reaction_permissions
from simcord.backend.command_access import command_access
from simcord.backend.errors import BackendError, OptionError
from simcord.backend.models import Interaction, Message, Overwrite
from simcord.enums import OverwriteType

from bot.languages import FOLDERS
from bot.sandbox.wire.wire import NotPossible, Payload
from bot.sandbox.world import lounge
from bot.sandbox.world.backend import LoungeBackend, permission_bits
from bot.sandbox.world.uploads import Uploads

#: The file size limit of a server without boosts.
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024
_SUBCOMMAND, _GROUP = 1, 2
#: Commands in the menus of people and of messages.
_MENU_KINDS = (2, 3)
_ENGLISH = "en-US"
#: The languages of a client: English and those that the bot speaks.
LOCALES = (_ENGLISH, *sorted(FOLDERS))


@dataclass(frozen=True, slots=True, kw_only=True)
class InteractionState:
    """The bot's progress in answering an interaction."""

    id: int
    user_id: int
    channel_id: int
    kind: str | None
    message_id: int | None
    source_message_id: int | None
    modal: Payload | None
    choices: list[Payload]


class People:
    """Everybody but the bot: what they see and do."""

    def __init__(self, backend: LoungeBackend) -> None:
        self._backend = backend
        self.upload_limit_bytes = UPLOAD_LIMIT_BYTES
        self._uploads = Uploads(backend)
        self.personas: dict[int, lounge.Persona] = {p.id: p for p in lounge.PERSONAS}

    def locale_of(self, user_id: int) -> str:
        """The language of a person's client."""
        return self._backend.locales.get(user_id, _ENGLISH)

    def set_locale(self, user_id: int, locale: str) -> None:
        """Set the language of a person's client, and the server's: public texts then use it too."""
        if locale not in LOCALES:
            raise NotPossible(f"The local Discord has no language {locale}.")
        self._backend.locales[user_id] = locale
        self._backend.edit_guild(lounge.GUILD_ID, {"preferred_locale": locale})

    def add_person(self, name: str, role: lounge.Role = lounge.Role.MEMBER) -> int:
        """Add a person; returns the user's id."""
        user_id = self._backend.add_person(name, role)
        color = lounge.MORE_COLORS[len(self.personas) % len(lounge.MORE_COLORS)]
        self.personas[user_id] = lounge.Persona(
            id=user_id, name=name, role=role, avatar_color=color
        )
        return user_id

    def sees(self, user_id: int, channel_id: int) -> bool:
        """Whether this person can see the channel."""
        return channel_accessible(self._backend, channel_id, user_id)

    def channels(self, user_id: int | None = None) -> list[Payload]:
        """The channels and threads, in order; for a person, only those they see."""
        guild = self._backend.guilds[lounge.GUILD_ID]
        result: list[Payload] = []
        for channel_id in (*guild.channel_ids, *guild.thread_ids):
            if user_id is None or self.sees(user_id, channel_id):
                channel = self._backend.channels[channel_id]
                payload = cast("Payload", serializers.channel_payload(self._backend, channel))
                self._backend.add_age_restriction(payload)
                result.append(payload)
        return result

    def roles(self) -> list[Payload]:
        """The roles that a person can be given, the highest first."""
        roles = self._backend.guilds[lounge.GUILD_ID].roles.values()
        named = [role for role in roles if role.id != lounge.GUILD_ID]
        named.sort(key=lambda role: -role.position)
        return [{"id": str(role.id), "name": role.name} for role in named]

    def upload(self, user_id: int, channel_id: int, filename: str, data: bytes) -> Payload:
        """Upload a file that a person picked for a command or a form."""
        if len(data) > self.upload_limit_bytes:
            raise NotPossible("That file is too large for this server.")
        return self._uploads.hold(user_id, channel_id, filename, data)

    def messages(self, channel_id: int, viewer: int | None, limit: int = 100) -> list[Payload]:
        """A channel's last messages, oldest first, as one person sees them (None: all)."""
        stored = self._backend.messages.get(channel_id)
        if stored is None or (viewer is not None and not self.sees(viewer, channel_id)):
            raise NotPossible("There is no such channel.")
        visible = [
            m
            for m in stored.values()
            if not m.is_ephemeral or viewer is None or m.visible_to(viewer)
        ]
        return [self._backend.message_payload(m, viewer) for m in visible[-limit:]]

    def message(self, message_id: int, viewer: int | None = None) -> Payload:
        """One message, in any channel."""
        return self._backend.message_payload(self._find_message(message_id, viewer), viewer)

    def _find_message(self, message_id: int, viewer: int | None) -> Message:
        for channel_id, messages in self._backend.messages.items():
            message = messages.get(message_id)
            if message is not None and (
                viewer is None or message_accessible(self._backend, channel_id, message, viewer)
            ):
                return message
        raise NotPossible("That message is gone.")

    def reactions(self, message_id: int) -> list[Payload]:
        """A message's reactions, with users in the order in which they reacted."""
        return [
            {"emoji": r.emoji, "user_ids": [str(u) for u in r.user_ids]}
            for r in self._find_message(message_id, None).reactions
        ]

    def send_message(self, user_id: int, channel_id: int, content: str) -> Payload:
        """Write a message as a person."""
        if not content.strip():
            raise NotPossible("An empty message cannot be sent.")
        with _explain_errors():
            self._require_permissions(user_id, channel_id, "send_messages")
            message = self._backend.create_message(channel_id, user_id, content)
        return self._backend.message_payload(message, user_id)

    def delete_message(self, user_id: int, message_id: int) -> None:
        """Delete a message as a person: their own, or any if they manage messages."""
        with _explain_errors():
            message = self._find_message(message_id, user_id)
            if message.author_id != user_id and not message.is_ephemeral:
                self._require_permissions(user_id, message.channel_id, "manage_messages")
            self._backend.delete_message(message.channel_id, message_id)

    def react(self, user_id: int, message_id: int, emoji: str) -> None:
        """Add a reaction as a person."""
        with _explain_errors():
            message = self._find_message(message_id, user_id)
            self._require_permissions(
                user_id, message.channel_id, *reaction_permissions(message, emoji)
            )
            self._backend.add_reaction(message.channel_id, message_id, emoji, user_id)

    def remove_reaction(self, user_id: int, message_id: int, emoji: str) -> None:
        """Remove a person's own reaction."""
        with _explain_errors():
            message = self._find_message(message_id, user_id)
            self._backend.remove_reaction(message.channel_id, message_id, emoji, user_id)

    def clear_reactions(self, message_id: int, emoji: str | None = None) -> None:
        """Clear all reactions, or those of one emoji, as a moderator."""
        message = self._find_message(message_id, None)
        if emoji is None:
            self._backend.clear_reactions(message.channel_id, message_id)
        else:
            self._backend.clear_reaction(message.channel_id, message_id, emoji)

    def bulk_delete(self, channel_id: int, message_ids: Iterable[int]) -> None:
        """Delete several messages at once, as a moderator."""
        with _explain_errors():
            self._backend.bulk_delete_messages(channel_id, message_ids)

    def delete_channel(self, channel_id: int) -> None:
        """Delete a channel, as the owner."""
        with _explain_errors():
            self._backend.delete_channel(channel_id)

    def set_bot_permissions(self, names: Iterable[str]) -> None:
        """Take every permission but these from the bot, in every channel; people keep theirs.

        The bot's role gets them, and an overwrite for the bot removes what @everyone grants it.
        """
        guild = self._backend.guilds[lounge.GUILD_ID]
        role = guild.roles[lounge.BOT_ROLE_ID]
        role.permissions = permission_bits(names)
        payload = serializers.role_payload(role)
        self._backend.emit("GUILD_ROLE_UPDATE", {"guild_id": str(guild.id), "role": payload})
        denied = guild.everyone_role.permissions & ~role.permissions
        for channel_id in guild.channel_ids:
            overwrite = Overwrite(lounge.BOT_ID, OverwriteType.MEMBER, deny=denied)
            self._backend.set_overwrite(channel_id, overwrite)

    def _require_permissions(self, user_id: int, channel_id: int, *names: str) -> None:
        self._backend.require_permissions(lounge.GUILD_ID, user_id, channel_id, *names)

    # ---- commands and interactions --------------------------------------------------------------

    def commands(self, user_id: int, channel_id: int | None = None) -> list[Payload]:
        """The registered commands that this person may use (in this channel)."""
        offered = (
            c for c in self._registered_commands() if self._is_offered(c, user_id, channel_id)
        )
        return [_localise(self.locale_of(user_id), command) for command in offered]

    def command(
        self, user_id: int, channel_id: int, name: str, kinds: tuple[int, ...]
    ) -> Payload | None:
        """The command with this name and one of these types, if this person may use it here."""
        for command in self._registered_commands():
            if command["name"] == name and command["type"] in kinds:
                return command if self._is_offered(command, user_id, channel_id) else None
        return None

    def _registered_commands(self) -> Iterator[Payload]:
        for scope in (lounge.GUILD_ID, None):
            yield from self._backend.commands.get(scope, {}).values()

    def _is_offered(self, command: Payload, user_id: int, channel_id: int | None) -> bool:
        command_channel_id = channel_id
        if command_channel_id is None:
            command_channel_id = next(iter(self._backend.guilds[lounge.GUILD_ID].channel_ids), None)
        if command_channel_id not in self._backend.channels:
            return False
        if channel_id is not None and command["nsfw"] and not self._is_restricted(channel_id):
            return False
        return command_access(
            self._backend, command, user_id=user_id, channel_id=command_channel_id
        ).allowed

    def _is_restricted(self, channel_id: int) -> bool:
        channel = self._backend.get_channel(channel_id)
        return bool({channel.id, channel.parent_id} & self._backend.age_restricted)

    def check_option(self, command: str, option: Payload, value: object) -> None:
        """Raise `NotPossible` for a value that a client would not send."""
        try:
            build.validate_option_value(command, option, value)
        except OptionError as fault:
            raise NotPossible(str(fault)) from None

    def resolve(self, bucket: str, entity_id: int, user_id: int, channel_id: int) -> Payload:
        """The object of a user, member, role, channel or message named in an interaction."""
        backend = self._backend
        guild = backend.guilds[lounge.GUILD_ID]
        with _explain_errors():
            match bucket:
                case "users":
                    return cast("Payload", serializers.user_payload(backend.get_user(entity_id)))
                case "members" if entity_id in guild.members:
                    member = guild.members[entity_id]
                    return cast(
                        "Payload",
                        serializers.member_payload(backend, guild, member, with_user=False),
                    ) | {"permissions": str(backend.compute_permissions(guild.id, entity_id))}
                case "roles" if entity_id in guild.roles:
                    return cast("Payload", serializers.role_payload(guild.roles[entity_id]))
                case "channels" if self.sees(user_id, entity_id):
                    channel = next(c for c in self.channels() if c["id"] == str(entity_id))
                    permissions = backend.compute_permissions(guild.id, user_id, channel_id)
                    return channel | {"permissions": str(permissions)}
                case "attachments":
                    return self._uploads.find(entity_id, user_id)
                case "messages":
                    return backend.message_payload(self._find_message(entity_id, user_id), None)
                case _:
                    raise NotPossible(f"There is no such thing among the {bucket}: {entity_id}.")

    def open_interaction(
        self,
        kind: int,
        channel_id: int,
        user_id: int,
        data: Payload,
        source_message_id: int | None = None,
    ) -> int:
        """Send INTERACTION_CREATE to the bot. Returns the interaction's id."""
        backend = self._backend
        if not self.sees(user_id, channel_id):
            raise NotPossible("There is no such channel.")
        record, payload = build.base_payload(
            backend,
            type=kind,
            channel_id=channel_id,
            guild_id=lounge.GUILD_ID,
            user_id=user_id,
            data=data,
        )
        if record.command_name is not None:
            record.command_name = _full_name(data)
        payload["attachment_size_limit"] = self.upload_limit_bytes
        payload["authorizing_integration_owners"] = {"0": str(lounge.GUILD_ID)}
        guild_locale = backend.guilds[lounge.GUILD_ID].preferred_locale
        payload["locale"], payload["guild_locale"] = self.locale_of(user_id), guild_locale
        payload["guild"] = {"id": str(lounge.GUILD_ID), "locale": guild_locale, "features": []}
        backend.add_age_restriction(payload["channel"])
        if source_message_id is not None:
            source = self._find_message(source_message_id, user_id)
            record.source_message_id = source_message_id
            payload["message"] = backend.message_payload(source, None)
        backend.emit("INTERACTION_CREATE", payload)
        return record.id

    def interaction(self, interaction_id: int) -> InteractionState | None:
        """The bot's answer so far; None once the interaction is forgotten."""
        record: Interaction | None = self._backend.interactions.get(interaction_id)
        if record is None:
            return None
        return InteractionState(
            id=record.id,
            user_id=record.user_id,
            channel_id=record.channel_id,
            kind=str(record.response_kind) if record.response_kind is not None else None,
            message_id=record.message_id,
            source_message_id=record.source_message_id,
            modal=record.modal,
            choices=record.autocomplete_choices or [],
        )

    def consume_modal(self, interaction_id: int) -> bool:
        """Mark a modal as submitted; False if it already was."""
        record = self._backend.interactions[interaction_id]
        is_first, record.modal_consumed = not record.modal_consumed, True
        return is_first


class _explain_errors:  # noqa: N801  reads as a statement
    """Turns Discord's errors about people's actions into `NotPossible`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, fault: BaseException | None, trace: object) -> None:
        if isinstance(fault, BackendError):
            raise NotPossible(fault.message) from None


def _full_name(data: Payload) -> str:
    """A called command's name as messages show it: "policy show", not "policy"."""
    names = [str(data["name"])]
    options: list[Payload] = data.get("options") or []
    while options and int(options[0]["type"]) in (_SUBCOMMAND, _GROUP):
        names.append(str(options[0]["name"]))
        options = options[0].get("options") or []
    return " ".join(names)


def _localise(locale: str, source: Payload) -> Payload:
    """A command, an option or a choice as a client in that language shows it."""
    localised = dict(source)
    # Typed commands and their options keep their registered names; choices have translated ones. A
    # menu command is called by its registered name and shown under its translated one.
    field = "name" if "value" in source else "description"
    translations: dict[str, str] = source.get(f"{field}_localizations") or {}
    if locale in translations:
        localised[field] = translations[locale]
    if source.get("type") in _MENU_KINDS:
        names: dict[str, str] = source.get("name_localizations") or {}
        localised["label"] = names.get(locale, source["name"])
    for inner in ("options", "choices"):
        if source.get(inner):
            localised[inner] = [_localise(locale, item) for item in source[inner]]
    return localised
