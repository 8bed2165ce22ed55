"""What the bot can ask the local Discord: REST by SimCord's rules, and data for the gateway.

Part of the adapter to SimCord, like `people.py`, `records.py` and `backend.py`: takes and returns
ids and JSON objects, raises `DiscordError`, and passes on no SimCord object. Synchronous;
knows no sockets.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from simcord.backend import serializers
from simcord.backend.access import channel_accessible
from simcord.backend.errors import BackendError
from simcord.backend.models import Message
from simcord.http import (
    router,
    routes,  # pyright: ignore[reportUnusedImport]  # noqa: F401  importing fills the router
)
from simcord.intents import censor_message

from bot.sandbox.wire.wire import DiscordError, Payload, Upload, as_object
from bot.sandbox.world import lounge
from bot.sandbox.world.backend import Listener, LoungeBackend

#: How long a nonce is remembered.
_NONCE_LIFETIME_MS = 5 * 60_000
_DISCORD_EPOCH_MS = 1_420_070_400_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One REST request of the bot, unpacked."""

    method: str
    path: str
    body: object = None
    params: dict[str, str] = field(default_factory=dict[str, str])
    uploads: tuple[Upload, ...] = ()
    reason: str | None = None


class _UncopiedBody(Payload):
    """A request body that SimCord does not copy for its log, which we do not keep."""

    def __deepcopy__(self, memo: object) -> _UncopiedBody:
        return self


class World:
    """One server: its people, its messages, and the bot's rights in it."""

    def __init__(self, backend: LoungeBackend) -> None:
        self._backend = backend

    def listen(self, listener: Listener) -> None:
        """Call `listener(event, payload, only)` for every event from now on."""
        self._backend.listeners.append(listener)

    # ---- what the bot asks ----------------------------------------------------------------------

    def request(self, call: Call) -> object:
        """Answer a REST request by SimCord's rules. Raises `DiscordError`."""
        backend = self._backend
        try:
            answer = router.dispatch(
                backend,
                call.method,
                call.path,
                json=_UncopiedBody(body) if (body := as_object(call.body)) else call.body,
                params=cast("dict[str, Any]", call.params),
                files=list(call.uploads),
                reason=call.reason,
            )
        except BackendError as error:
            raise DiscordError(error.status, error.code, error.message, error.errors) from None
        finally:
            backend.pending_nonce = None
        items = cast("list[object]", answer if isinstance(answer, list) else [answer])
        for item in items:
            if isinstance(item, dict) and "permission_overwrites" in item:
                backend.add_age_restriction(cast("Payload", item))
        return cast("object", answer)

    def post_message(self, call: Call) -> object:
        """POST a channel message, honouring `nonce` and `enforce_nonce`."""
        body = as_object(call.body)
        channel_id = int(call.path.split("/")[2])
        if call.uploads:
            self._require_permissions(channel_id, "attach_files")
        nonce = body.get("nonce")
        if nonce is not None and body.get("enforce_nonce"):
            earlier = self._find_by_nonce(channel_id, nonce)
            if earlier is not None:
                return self._backend.message_payload(earlier, lounge.BOT_ID)
        self._backend.pending_nonce = nonce
        answer = self.request(call)
        if nonce is not None:
            cast("Payload", answer)["nonce"] = nonce
        return answer

    def _find_by_nonce(self, channel_id: int, nonce: object) -> Message | None:
        now_ms = int(self._backend.clock.now().timestamp() * 1000)
        oldest_id = (now_ms - _NONCE_LIFETIME_MS - _DISCORD_EPOCH_MS) << 22
        for message_id, sent_nonce in reversed(self._backend.nonces.items()):
            if message_id < oldest_id:
                break
            if str(sent_nonce) == str(nonce):
                return self._backend.messages.get(channel_id, {}).get(message_id)
        return None

    def _require_permissions(self, channel_id: int, *names: str) -> None:
        try:
            self._backend.require_permissions(
                lounge.GUILD_ID, lounge.BOT_ID, channel_id, "view_channel", *names
            )
        except BackendError as error:
            raise DiscordError(error.status, error.code, error.message) from None

    def history(self, channel_id: int, params: dict[str, str]) -> list[Payload]:
        """A channel's messages, newest first, as the bot sees them."""
        self._require_permissions(channel_id)
        limit = max(1, min(100, int(params.get("limit", "50"))))
        if not channel_accessible(self._backend, channel_id, lounge.BOT_ID, history=True):
            return []
        messages = [m for m in self._backend.messages[channel_id].values() if not m.is_ephemeral]
        messages.sort(key=lambda m: m.id, reverse=True)
        if around := params.get("around"):
            newer = sum(1 for m in messages if m.id > int(around))
            messages = messages[max(0, newer - limit // 2) :]
        if before := params.get("before"):
            messages = [m for m in messages if m.id < int(before)]
        if after := params.get("after"):
            messages = [m for m in messages if m.id > int(after)][-limit:]
        return [self._backend.message_payload(m, lounge.BOT_ID) for m in messages[:limit]]

    def reaction_users(
        self, channel_id: int, message_id: int, emoji: str, params: dict[str, str]
    ) -> list[Payload]:
        """One page of the users who reacted, ordered by id, after `after`."""
        self._require_permissions(channel_id, "read_message_history")
        reaction = self._find_message(channel_id, message_id).reaction_for(emoji)
        after = int(params.get("after", "0"))
        limit = max(1, min(100, int(params.get("limit", "25"))))
        users = sorted(u for u in (reaction.user_ids if reaction else ()) if u > after)[:limit]
        return [self.user(u) for u in users]

    def _find_message(self, channel_id: int, message_id: int) -> Message:
        try:
            self._backend.get_channel(channel_id)
            return self._backend.get_message(channel_id, message_id)
        except BackendError as error:
            raise DiscordError(error.status, error.code, error.message) from None

    def register_commands(self, guild_id: int | None, body: object) -> list[Payload]:
        """Replace the application's commands."""
        return self._backend.register_commands(guild_id, cast("list[Payload]", body))

    def restrict_channel(self, channel_id: int, *, nsfw: bool) -> None:
        """Set whether a channel is age-restricted."""
        restricted = self._backend.age_restricted
        restricted.add(channel_id) if nsfw else restricted.discard(channel_id)
        self._backend.announce_channel_update(channel_id)

    # ---- what the gateway needs -----------------------------------------------------------------

    def user(self, user_id: int) -> Payload:
        """The user object."""
        return cast("Payload", serializers.user_payload(self._backend.get_user(user_id)))

    def guild(self) -> Payload:
        """GUILD_CREATE's object, with every member."""
        guild = self._backend.guilds[lounge.GUILD_ID]
        payload = cast("Payload", serializers.guild_create_payload(self._backend, guild))
        payload["nsfw_level"] = 0
        for channel in payload["channels"]:
            self._backend.add_age_restriction(channel)
        return payload

    def members(self) -> list[Payload]:
        """Every member of the server."""
        guild = self._backend.guilds[lounge.GUILD_ID]
        return [
            cast("Payload", serializers.member_payload(self._backend, guild, member))
            for member in guild.members.values()
        ]

    def censor(self, message: Payload) -> Payload:
        """The message without the content that needs the message content intent."""
        copy = dict(message)
        censor_message(copy, lounge.BOT_ID, backend=self._backend)
        return copy
