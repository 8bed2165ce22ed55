"""The gateway: the bot's websockets, their sessions, and the events sent to them.

Served by `server.py`; listens to the world. Speaks version 10 in JSON, plain or `zlib-stream`.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import zlib
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import cast

from aiohttp import WSMsgType, web

from bot.sandbox.wire.faults import Weather
from bot.sandbox.wire.wire import Payload, as_object, encode
from bot.sandbox.world import lounge
from bot.sandbox.world.world import World

log = logging.getLogger(__name__)

_HEARTBEAT_MS = 41_250
#: discord.py records a heartbeat's time after sending it. An earlier answer counts for the
#: previous heartbeat, and the bot warns that it is 41 s behind. Discord is never so fast.
_ACK_DELAY_S = 0.05
#: How many events a session can miss and still resume.
_REPLAY_LENGTH = 10_000
#: How long a session can be resumed after its connection closed.
_SESSION_LIFE_S = 300.0

_GUILDS, _MEMBERS, _MESSAGES, _REACTIONS, _TYPING = 1 << 0, 1 << 1, 1 << 9, 1 << 10, 1 << 11
_EXPRESSIONS, _MESSAGE_CONTENT = 1 << 3, 1 << 15
#: The intents that an application must be granted: members, presences, message content.
PRIVILEGED = _MEMBERS | 1 << 8 | _MESSAGE_CONTENT
#: The intent that each event needs (0: always sent); events not listed are never sent.
_INTENT_OF = {
    "INTERACTION_CREATE": 0,
    "USER_UPDATE": 0,
    **dict.fromkeys(
        ("GUILD_CREATE", "GUILD_UPDATE", "GUILD_DELETE", "CHANNEL_CREATE", "CHANNEL_UPDATE",
         "CHANNEL_DELETE", "CHANNEL_PINS_UPDATE", "THREAD_CREATE", "THREAD_UPDATE",
         "THREAD_DELETE", "THREAD_MEMBERS_UPDATE", "GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE",
         "GUILD_ROLE_DELETE"), _GUILDS),
    **dict.fromkeys(("GUILD_MEMBER_ADD", "GUILD_MEMBER_UPDATE", "GUILD_MEMBER_REMOVE"), _MEMBERS),
    "GUILD_EMOJIS_UPDATE": _EXPRESSIONS,
    **dict.fromkeys(("MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "MESSAGE_DELETE_BULK"),
                    _MESSAGES),
    **dict.fromkeys(("MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE",
                     "MESSAGE_REACTION_REMOVE_ALL", "MESSAGE_REACTION_REMOVE_EMOJI"), _REACTIONS),
    "TYPING_START": _TYPING,
}  # fmt: skip


class _Connection:
    """One websocket with its own writer and compression."""

    def __init__(self, ws: web.WebSocketResponse, *, deflate: bool) -> None:
        self.ws = ws
        self._deflate = zlib.compressobj() if deflate else None
        self._queue: asyncio.Queue[str] = asyncio.Queue()
        self.writer = asyncio.create_task(self._write(), name="gateway writer")

    def send(self, text: str) -> None:
        self._queue.put_nowait(text)

    async def _write(self) -> None:
        while True:
            text = await self._queue.get()
            try:
                if self._deflate is None:
                    await self.ws.send_str(text)
                else:
                    compressed = self._deflate.compress(text.encode())
                    await self.ws.send_bytes(compressed + self._deflate.flush(zlib.Z_SYNC_FLUSH))
            except (ConnectionError, RuntimeError):
                return


class _Session:
    """The events sent since the bot identified, so that it can resume."""

    def __init__(self, intents: int, connection: _Connection) -> None:
        self.id = secrets.token_hex(16)
        self.intents = intents
        self.seq = 0
        self.sent_events: deque[tuple[int, str]] = deque(maxlen=_REPLAY_LENGTH)
        self.connection: _Connection | None = connection
        self.disconnected_at_s = 0.0

    def push(self, event: str, body: str) -> None:
        """Send an event whose payload is already JSON, and remember it."""
        self.seq += 1
        text = f'{{"op":0,"s":{self.seq},"t":"{event}","d":{body}}}'
        self.sent_events.append((self.seq, text))
        if self.connection is not None:
            self.connection.send(text)


class Gateway:
    """All sessions. `on_change` is called when the bot comes online or goes offline."""

    def __init__(self, world: World, weather: Weather, token: str, *, privileged: bool) -> None:
        self._world = world
        self._weather = weather
        self._token = token
        self._privileged = privileged
        self._sessions: dict[str, _Session] = {}
        self._closing: set[asyncio.Task[bool]] = set()
        self.url = ""
        self.on_change: Callable[[], None] = lambda: None
        world.listen(self._publish)

    @property
    def online(self) -> bool:
        """Whether the bot has an identified connection."""
        return any(session.connection for session in self._sessions.values())

    # ---- events ---------------------------------------------------------------------------------

    def _publish(self, event: str, payload: Payload, only_user_id: int | None) -> None:
        intent = _INTENT_OF.get(event)
        if intent is None or only_user_id is not None or not self._sessions:
            return
        full: str | None = None
        for session in self._sessions.values():
            if intent and not session.intents & intent:
                continue
            if (
                intent == _MESSAGES
                and not session.intents & _MESSAGE_CONTENT
                and "author" in payload
            ):
                session.push(event, encode(self._world.censor(payload)))
                continue
            full = full or encode(payload)
            session.push(event, full)

    # ---- weather --------------------------------------------------------------------------------

    def drop(self, code: int = 4000) -> None:
        """Close every connection; sessions can be resumed."""
        for session in self._sessions.values():
            if session.connection is not None:
                self._close_connection(session, code)
        self.on_change()

    def _close_connection(self, session: _Session, code: int) -> None:
        assert session.connection is not None, "the caller checks it"
        task = asyncio.create_task(session.connection.ws.close(code=code), name="gateway drop")
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)
        self._detach(session)

    def _detach(self, session: _Session) -> None:
        session.connection = None
        session.disconnected_at_s = asyncio.get_running_loop().time()

    def invalidate_sessions(self) -> None:
        """Invalidate every session: the bot must identify again."""
        for session in self._sessions.values():
            if session.connection is not None:
                session.connection.send(encode({"op": 9, "d": False, "s": None, "t": None}))
        self._sessions.clear()
        self.on_change()

    async def close(self) -> None:
        """Close every connection, and wait for it."""
        self.drop(code=1001)
        await asyncio.gather(*self._closing, return_exceptions=True)

    # ---- one connection -------------------------------------------------------------------------

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """GET /gateway."""
        if self._weather.gateway == "offline":
            if request.transport is not None:
                request.transport.abort()
            raise web.HTTPServiceUnavailable
        ws = web.WebSocketResponse(max_msg_size=0, timeout=1.0)
        await ws.prepare(request)
        if request.query.get("v") != "10" or request.query.get("encoding") != "json":
            await ws.close(code=4012)
            return ws
        connection = _Connection(ws, deflate=request.query.get("compress") == "zlib-stream")
        hello = {"op": 10, "d": {"heartbeat_interval": _HEARTBEAT_MS}, "s": None, "t": None}
        connection.send(encode(hello))
        try:
            await self._receive_frames(connection)
        finally:
            self._end_connection(connection)
            connection.writer.cancel()
        return ws

    async def _receive_frames(self, connection: _Connection) -> None:
        async for message in connection.ws:
            if message.type is not WSMsgType.TEXT:
                await connection.ws.close(code=4002)
                return
            frame = as_object(json.loads(cast("str", message.data)))
            code = self._handle_frame(connection, int(frame.get("op", -1)), frame.get("d"))
            if code is not None:
                await connection.ws.close(code=code)

    def _end_connection(self, connection: _Connection) -> None:
        for session in list(self._sessions.values()):
            if session.connection is connection:
                self._detach(session)
                if connection.ws.close_code in (1000, 1001):
                    del self._sessions[session.id]
        self.on_change()

    def _handle_frame(self, connection: _Connection, op: int, data: object) -> int | None:
        """Handle one frame of the client; return a close code for an invalid one."""
        body = as_object(data)
        match op:
            case 1:
                acknowledge = partial(connection.send, '{"op":11,"d":null,"s":null,"t":null}')
                asyncio.get_running_loop().call_later(_ACK_DELAY_S, acknowledge)
            case 2:
                return self._identify(connection, body)
            case 6:
                return self._resume(connection, body)
            case 8:
                return self._send_members(connection, body)
            case 3 | 4 | 31:
                pass
            case _:
                return 4001
        return None

    def _session_of(self, connection: _Connection) -> _Session | None:
        return next((s for s in self._sessions.values() if s.connection is connection), None)

    def _identify(self, connection: _Connection, body: Payload) -> int | None:
        if self._session_of(connection) is not None:
            return 4005
        if body.get("token") != self._token:
            return 4004
        intents = int(body.get("intents", 0))
        if intents & PRIVILEGED and not self._privileged:
            return 4014
        self._drop_old_sessions()
        session = _Session(intents, connection)
        self._sessions[session.id] = session
        ready = {
            "v": 10,
            "user": self._world.user(lounge.BOT_ID),
            "guilds": [{"id": str(lounge.GUILD_ID), "unavailable": True}],
            "session_id": session.id,
            "resume_gateway_url": self.url,
            "application": {"id": str(lounge.BOT_ID), "flags": 0},
            "session_type": "normal",
            "private_channels": [],
            "relationships": [],
        }
        session.push("READY", encode(ready))
        if intents & _GUILDS:
            guild = self._world.guild()
            bot = str(lounge.BOT_ID)
            guild["members"] = [m for m in guild["members"] if m["user"]["id"] == bot]
            session.push("GUILD_CREATE", encode(guild))
        self.on_change()
        return None

    def _drop_old_sessions(self) -> None:
        oldest_s = asyncio.get_running_loop().time() - _SESSION_LIFE_S
        for session in list(self._sessions.values()):
            if session.connection is None and session.disconnected_at_s < oldest_s:
                del self._sessions[session.id]

    def _resume(self, connection: _Connection, body: Payload) -> int | None:
        if body.get("token") != self._token:
            return 4004
        session = self._sessions.get(str(body.get("session_id")))
        seen = int(body.get("seq") or 0)
        if session is None or (session.sent_events and session.sent_events[0][0] > seen + 1):
            connection.send('{"op":9,"d":false,"s":null,"t":null}')
            return None
        if session.connection is not None:
            self._close_connection(session, 4000)
        session.connection = connection
        for seq, text in session.sent_events:
            if seq > seen:
                connection.send(text)
        session.push("RESUMED", "{}")
        self.on_change()
        return None

    def _send_members(self, connection: _Connection, body: Payload) -> int | None:
        session = self._session_of(connection)
        if session is None:
            return 4003
        members = self._world.members()
        wanted = body.get("user_ids")
        if wanted is not None:
            listed = cast("list[object]", wanted if isinstance(wanted, list) else [wanted])
            ids = {str(user_id) for user_id in listed}
            members = [m for m in members if m["user"]["id"] in ids]
        elif query := str(body.get("query") or "").casefold():
            members = [m for m in members if m["user"]["username"].casefold().startswith(query)]
        limit = int(body.get("limit") or 0)
        members = members[:limit] if limit else members
        chunks = [members[start : start + 1000] for start in range(0, len(members), 1000)] or [[]]
        for index, chunk in enumerate(chunks):
            answer: Payload = {
                "guild_id": str(lounge.GUILD_ID),
                "members": chunk,
                "chunk_index": index,
                "chunk_count": len(chunks),
                "nonce": body.get("nonce"),
            }
            session.push("GUILD_MEMBERS_CHUNK", encode(answer))
        return None
