"""`python -m bot sandbox --once '/waifu prompt: ...'`: the whole flow without a browser.

Plays a newcomer who types the command and reads the answer; for a request for pictures it also
accepts the licence, waits for the pictures, votes and reads the votes. Prints each step. Knows only
what Discord shows of the bot.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.sandbox.readable import readable
from bot.sandbox.typed import parse
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.wire.wire import NotPossible, Payload

T = TypeVar("T")

_WHO = "newcomer"
_WHERE = "general"
#: The command whose answer is followed by pictures.
_DRAWS = "waifu"
_LOADING = 1 << 7
#: A bot that is not online by then (a first model download aside) never will be.
_ONLINE_S = 120.0
_PICTURE_S = 300.0
_ANSWER_S = 60.0
_VOTE_S = 20.0
_POLL_S = 0.05
#: The most time the bot takes to record a reaction or to fill in an answer.
_LEDGER_S = 1.0


async def play(sandbox: Sandbox, command: str, out: Path) -> int:
    """Run the flow. Returns the exit code: 0 when the command was answered.

    For a request for pictures, every one must also be posted and voted on.
    """
    try:
        return await _Play(sandbox, out).run(command)
    except (NotPossible, OSError) as fault:
        _say("stopped", str(fault) or "nothing happened for too long; see the log above")
        return 1


class _Play:
    def __init__(self, sandbox: Sandbox, out: Path) -> None:
        self._sandbox = sandbox
        self._out = out

    async def run(self, command: str) -> int:
        await _until(_ONLINE_S, self._ready, "the bot did not come online")
        _say("online", f"the bot is on the local Discord at {self._sandbox.page_url}")
        persona = self._sandbox.persona(_WHO)
        name, options = parse(command, self._sandbox.people.commands(persona), _WHO)
        _say("asked", command)
        began_s = time.perf_counter()
        answer = await self._answer(name, options)
        accept = _button(answer, "accept")
        if accept is not None:
            await self._sandbox.click(_WHO, answer["id"], accept).answer()
            _say("accepted", "the licence's use restrictions; a request that waited runs by itself")
            if name != _DRAWS:
                answer = await self._answer(name, options)
        if name != _DRAWS or (accept is None and _button(answer, "cancel") is None):
            self._save(answer)
            return int(name == _DRAWS)
        posts = await self._watch(int(options.get("count", 1)), answer)
        drawn = sum(len(post["attachments"]) for post in posts)
        _say("drawn", f"{drawn} in {time.perf_counter() - began_s:.1f} s")
        for post in posts:
            _say("posted", self._read(_first_line(post)))
            self._save(post)
            if len(post["attachments"]) == 1:
                await self._vote(post)
        return 0

    async def _answer(self, name: str, options: Payload) -> Payload:
        """Call the command and print its complete answer."""
        ticket = self._sandbox.slash(_WHO, _WHERE, name, options)
        first = (await ticket.answer()).message
        assert first is not None, "a command is answered with a message"
        message_id = int(first["id"])

        async def whole() -> Payload:
            message = self._sandbox.people.message(message_id)
            return {} if message["flags"] & _LOADING else message

        answer = await _until(_ANSWER_S, whole, "the answer was not finished")
        _say("answered", f"after {ticket.wait_ms:.0f} ms: {self._read(words_of(answer))}")
        return answer

    async def _ready(self) -> bool:
        commands = self._sandbox.people.commands(self._sandbox.persona(_WHO))
        return self._sandbox.online and bool(commands)

    async def _watch(self, count: int, answer: Payload) -> list[Payload]:
        """Print the status message as it changes, until `count` pictures are posted.

        Raises `NotPossible` with the bot's own words once it says that they will not come.
        """
        shown: set[str] = set()

        async def posted() -> list[Payload]:
            messages = [
                m for m in self._sandbox.messages(_WHERE, _WHO) if int(m["id"]) >= int(answer["id"])
            ]
            for message in messages:
                line = _first_line(message)
                if _button(message, "cancel") and line not in shown:
                    _say("status" if shown else "acknowledged", self._read(line))
                    shown.add(line)
            posts = [m for m in messages if m["attachments"] and _is_post(m)]
            if sum(len(post["attachments"]) for post in posts) < count:
                self._stop_at_last_words(messages, answer)
                return []
            return posts

        return await _until(_PICTURE_S, posted, "the pictures did not come")

    def _stop_at_last_words(self, messages: list[Payload], answer: Payload) -> None:
        """Raise `NotPossible` if a message of the bot is final: it has no *Cancel* button.

        That is a refusal after the licence, or the status message of a finished request. The
        licence message itself, once accepted, is not final.
        """
        licence = answer["id"] if _button(answer, "accept") else None
        for message in messages:
            promises = (
                _button(message, "cancel") or message["attachments"] or message["id"] == licence
            )
            if not promises and not message["flags"] & _LOADING:
                raise NotPossible(self._read(str(message["content"])))

    def _read(self, text: str) -> str:
        """A message's text, with people and channels by name."""
        people = self._sandbox.people
        channels = {int(channel["id"]): str(channel["name"]) for channel in people.channels()}
        return readable(text, {id_: p.name for id_, p in people.personas.items()} | channels)

    def _save(self, message: Payload) -> None:
        """Save the message's files, pictures and others."""
        for attachment in message["attachments"]:
            self._out.mkdir(parents=True, exist_ok=True)
            path = self._out / attachment["filename"]
            path.write_bytes(self._sandbox.attachment(attachment))
            width, height = attachment.get("width"), attachment.get("height")
            size = f"{width}x{height} px" if width else f"{attachment['size']} bytes"
            _say("saved", f"{path} ({size})")

    async def _vote(self, post: Payload) -> None:
        """React as the page would, and ask the bot whether it counted."""

        async def seeded() -> bool:
            return len(self._sandbox.reactions(post["id"])) >= 2

        await _until(_VOTE_S, seeded, "the vote reactions did not come")
        emoji = next(iter(self._sandbox.reactions(post["id"])))
        self._sandbox.react("member", post["id"], emoji)
        await asyncio.sleep(_LEDGER_S)

        async def counted() -> bool:
            # Whoever asked must have accepted the licence to see pictures.
            ticket = self._sandbox.slash(_WHO, _WHERE, "votes top")
            answer = (await ticket.answer()).message
            assert answer is not None, "a command is answered with a message"
            await asyncio.sleep(_LEDGER_S)
            content = self._sandbox.people.message(int(answer["id"]))["content"]
            return str(post["id"]) in content

        await _until(_VOTE_S, counted, "the vote was not counted")
        _say("voted", f"{emoji} by a member, and /votes top shows it")


async def _until(limit_s: float, look: Callable[[], Awaitable[T]], otherwise: str) -> T:
    """Poll until `look` returns something; after `limit_s` raise `NotPossible(otherwise)`."""
    try:
        async with asyncio.timeout(limit_s):
            while True:
                if seen := await look():
                    return seen
                await asyncio.sleep(_POLL_S)
    except TimeoutError:
        raise NotPossible(f"{otherwise} within {limit_s:.0f} s.") from None


def _button(message: Payload, action: str) -> str | None:
    """The custom id of the button `wd:<action>:...` under a message."""
    ids = (c.get("custom_id") or "" for row in message["components"] for c in row["components"])
    return next((i for i in ids if i.startswith(f"wd:{action}:")), None)


def _is_post(message: Payload) -> bool:
    return bool(_button(message, "vary") or _button(message, "which"))


def words_of(message: Payload) -> str:
    """All text of a message: its own, and that of its embeds."""
    parts = [message["content"]]
    for embed in message["embeds"]:
        parts += [embed.get("title"), embed.get("description")]
        parts += [f"**{field['name']}**\n{field['value']}" for field in embed.get("fields", [])]
    return "\n".join(filter(None, parts))


def _first_line(message: Payload) -> str:
    return str(message["content"]).partition("\n")[0]


def _say(step: str, what: str) -> None:
    lines = what.strip().replace("\n", "\n" + " " * 15)
    print(f"{step:>13}  {lines}", flush=True)  # noqa: T201  the command line's own voice
