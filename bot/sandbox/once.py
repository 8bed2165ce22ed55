"""`python -m bot sandbox --once '/waifu prompt: ...'`: the whole flow without a browser.

Plays a newcomer who types the command, accepts the licence, waits for the pictures, votes and looks
at the votes; prints each step. Knows the bot only by what Discord shows of it.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from bot.sandbox.server import Sandbox
from bot.sandbox.wire import NotPossible, Payload

T = TypeVar("T")

_WHO = "newcomer"
_WHERE = "general"
_EPHEMERAL = 1 << 6
#: A bot that is not there by then (a first model download aside) will not come.
_ONLINE_S = 120.0
_PICTURE_S = 300.0
_VOTE_S = 20.0
_POLL_S = 0.05
#: What the bot takes at most to write a reaction down, and to fill in an answer.
_LEDGER_S = 1.0


async def play(sandbox: Sandbox, command: str, out: Path) -> int:
    """Run the flow. Returns the exit code: 0 when every picture was posted and voted on."""
    try:
        return await _Play(sandbox, out).run(command)
    except (NotPossible, TimeoutError) as fault:
        _say("stopped", str(fault) or "nothing happened for too long; see the log above")
        return 1


def parse(command: str, registered: list[Payload]) -> tuple[str, Payload]:
    """`/name option: value option: value` by what the bot registered: the name and the options.

    A value runs until the next known `option:`; numbers are made of the options that want them.
    Raises `NotPossible` for a command that is not there.
    """
    name, _, rest = command.strip().removeprefix("/").partition(" ")
    known = {c["name"]: c for c in registered}
    if name not in known:
        offered = ", ".join(f"/{n}" for n in sorted(known))
        raise NotPossible(f"There is no command /{name}. The bot offers {offered}.")
    kinds = {o["name"]: o["type"] for o in known[name].get("options", [])}
    if not kinds:
        return name, {}
    marks = re.compile(rf"(?:^|\s)({'|'.join(map(re.escape, kinds))}):\s*")
    parts = marks.split(rest)
    return name, {
        option: _value(kinds[option], text.strip())
        for option, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def _value(kind: int, text: str) -> object:
    try:
        return {4: int, 10: float}.get(kind, str)(text)
    except ValueError:
        raise NotPossible(f"{text!r} is no number.") from None


class _Play:
    def __init__(self, sandbox: Sandbox, out: Path) -> None:
        self._sandbox = sandbox
        self._out = out

    async def run(self, command: str) -> int:
        await _until(_ONLINE_S, self._ready, "the bot did not come online")
        _say("online", f"the bot is on the local Discord at {self._sandbox.page_url}")
        persona = self._sandbox.persona(_WHO)
        name, options = parse(command, self._sandbox.people.commands(persona))
        _say("asked", command)
        began_s = time.perf_counter()
        ticket = self._sandbox.slash(_WHO, _WHERE, name, options)
        answer = (await ticket.answer()).message
        assert answer is not None, "a command is answered with a message"
        _say("answered", f"after {ticket.wait_ms:.0f} ms: {_first_line(answer)}")
        accept = _button(answer, "accept")
        if accept is not None:
            await self._sandbox.click(_WHO, answer["id"], accept).answer()
            _say("accepted", "the licence's use restrictions; the waiting request runs by itself")
        elif answer["flags"] & _EPHEMERAL:
            return 1
        posts = await self._watch(int(options.get("count", 1)))
        _say("drawn", f"{len(posts)} in {time.perf_counter() - began_s:.1f} s")
        for post in posts:
            self._keep(post)
            await self._vote(post)
        return 0

    async def _ready(self) -> bool:
        commands = self._sandbox.people.commands(self._sandbox.persona(_WHO))
        return self._sandbox.online and bool(commands)

    async def _watch(self, count: int) -> list[Payload]:
        """Print the status message as it changes, until `count` pictures are posted."""
        shown: set[str] = set()

        async def posted() -> list[Payload]:
            messages = self._sandbox.messages(_WHERE, _WHO)
            for message in messages:
                line = _first_line(message)
                if _button(message, "cancel") and line not in shown:
                    _say("status" if shown else "acknowledged", line)
                    shown.add(line)
            posts = [m for m in messages if m["attachments"] and _button(m, "vary")]
            return posts if len(posts) >= count else []

        return await _until(_PICTURE_S, posted, "the pictures did not come")

    def _keep(self, post: Payload) -> None:
        self._out.mkdir(parents=True, exist_ok=True)
        for attachment in post["attachments"]:
            path = self._out / attachment["filename"]
            path.write_bytes(self._sandbox.attachment(attachment))
            size = f"{attachment['width']}x{attachment['height']} px"
            _say("posted", f"{_first_line(post)}")
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
            ticket = self._sandbox.slash("member", _WHERE, "votes top")
            answer = (await ticket.answer()).message
            assert answer is not None, "a command is answered with a message"
            await asyncio.sleep(_LEDGER_S)
            content = self._sandbox.people.message(int(answer["id"]))["content"]
            return str(post["id"]) in content

        await _until(_VOTE_S, counted, "the vote was not counted")
        _say("voted", f"{emoji} by a member, and /votes top shows it")


async def _until(limit_s: float, look: Callable[[], Awaitable[T]], otherwise: str) -> T:
    """Look until there is something true to see; `NotPossible` with `otherwise` after `limit_s`."""
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


def _first_line(message: Payload) -> str:
    return str(message["content"]).partition("\n")[0]


def _say(step: str, what: str) -> None:
    print(f"{step:>13}  {what}", flush=True)  # noqa: T201  the command line's own voice
