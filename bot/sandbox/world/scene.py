"""What the bot may ask of the world: REST by SimCord's rules, and data for the gateway.

With `people.py`, `records.py` and `backend.py` this is the adapter to SimCord: plain ids, JSON
objects and `DiscordError` go in and out, never a SimCord object. Synchronous; knows no sockets.
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
_NONCE_LIFE_MS = 5 * 60_000
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


class _Shared(Payload):
    """A request body that is not copied for SimCord's log, which we do not keep."""

    def __deepcopy__(self, memo: object) -> _Shared:
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
                json=_Shared(body) if (body := as_object(call.body)) else call.body,
                params=cast("dict[str, Any]", call.params),
                files=list(call.uploads),
                reason=call.reason,
            )
        except BackendError as refused:
            raise DiscordError(
                refused.status, refused.code, refused.message, refused.errors
            ) from None
        finally:
            backend.arriving_nonce = None
        items = cast("list[object]", answer if isinstance(answer, list) else [answer])
        for item in items:
            if isinstance(item, dict) and "permission_overwrites" in item:
                backend.mark_age(cast("Payload", item))
        return cast("object", answer)

    def post_message(self, call: Call) -> object:
        """POST a channel message, honouring `nonce` and `enforce_nonce`."""
        body = as_object(call.body)
        channel_id = int(call.path.split("/")[2])
        if call.uploads:
            self._require(channel_id, "attach_files")
        nonce = body.get("nonce")
        if nonce is not None and body.get("enforce_nonce"):
            earlier = self._by_nonce(channel_id, nonce)
            if earlier is not None:
                return self._backend.describe(earlier, lounge.BOT_ID)
        self._backend.arriving_nonce = nonce
        answer = self.request(call)
        if nonce is not None:
            cast("Payload", answer)["nonce"] = nonce
        return answer

    def _by_nonce(self, channel_id: int, nonce: object) -> Message | None:
        now_ms = int(self._backend.clock.now().timestamp() * 1000)
        oldest_id = (now_ms - _NONCE_LIFE_MS - _DISCORD_EPOCH_MS) << 22
        for message_id, known in reversed(self._backend.nonces.items()):
            if message_id < oldest_id:
                break
            if str(known) == str(nonce):
                return self._backend.messages.get(channel_id, {}).get(message_id)
        return None

    def _require(self, channel_id: int, *names: str) -> None:
        try:
            self._backend.require_permissions(
                lounge.GUILD_ID, lounge.BOT_ID, channel_id, "view_channel", *names
            )
        except BackendError as refused:
            raise DiscordError(refused.status, refused.code, refused.message) from None

    def history(self, channel_id: int, params: dict[str, str]) -> list[Payload]:
        """A channel's messages, newest first, as the bot sees them."""
        self._require(channel_id)
        limit = max(1, min(100, int(params.get("limit", "50"))))
        if not channel_accessible(self._backend, channel_id, lounge.BOT_ID, history=True):
            return []
        shown = [m for m in self._backend.messages[channel_id].values() if not m.is_ephemeral]
        shown.sort(key=lambda m: m.id, reverse=True)
        if around := params.get("around"):
            newer = sum(1 for m in shown if m.id > int(around))
            shown = shown[max(0, newer - limit // 2) :]
        if before := params.get("before"):
            shown = [m for m in shown if m.id < int(before)]
        if after := params.get("after"):
            shown = [m for m in shown if m.id > int(after)][-limit:]
        return [self._backend.describe(m, lounge.BOT_ID) for m in shown[:limit]]

    def reaction_users(
        self, channel_id: int, message_id: int, emoji: str, params: dict[str, str]
    ) -> list[Payload]:
        """One page of the users who reacted, ordered by id, after `after`."""
        self._require(channel_id, "read_message_history")
        reaction = self._message(channel_id, message_id).reaction_for(emoji)
        after = int(params.get("after", "0"))
        limit = max(1, min(100, int(params.get("limit", "25"))))
        users = sorted(u for u in (reaction.user_ids if reaction else ()) if u > after)[:limit]
        return [self.user(u) for u in users]

    def _message(self, channel_id: int, message_id: int) -> Message:
        try:
            self._backend.get_channel(channel_id)
            return self._backend.get_message(channel_id, message_id)
        except BackendError as refused:
            raise DiscordError(refused.status, refused.code, refused.message) from None

    def register_commands(self, guild_id: int | None, body: object) -> list[Payload]:
        """Replace the application's commands."""
        return self._backend.register_commands(guild_id, cast("list[Payload]", body))

    def restrict_channel(self, channel_id: int, *, nsfw: bool) -> None:
        """Make a channel age-restricted, or not."""
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
            self._backend.mark_age(channel)
        return payload

    def members(self) -> list[Payload]:
        """Every member of the server."""
        guild = self._backend.guilds[lounge.GUILD_ID]
        return [
            cast("Payload", serializers.member_payload(self._backend, guild, member))
            for member in guild.members.values()
        ]

    def censor(self, message: Payload) -> Payload:
        """The message without the content that the message content intent would show."""
        copy = dict(message)
        censor_message(copy, lounge.BOT_ID, backend=self._backend)
        return copy
