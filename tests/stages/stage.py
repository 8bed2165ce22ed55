"""The stage of the harnesses: a local Discord in this process and the real bot as its child.

The bot is `python -m bot` with the fake engine at the `Engine` seam. A warm process forks it, so
that a restart is quick. Everything else about it is real.
"""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Generator, Mapping
from contextlib import asynccontextmanager, closing, contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bot.sandbox.demo import BotProcess, spawn
from bot.sandbox.wire.server import Sandbox
from bot.sandbox.wire.wire import Payload
from tests.stages.forking import nursery

T = TypeVar("T")

OPENAPI = Path(os.environ["DISCORD_OPENAPI"]) if os.environ.get("DISCORD_OPENAPI") else None

FAKE_ENGINE: Mapping[str, str] = {
    "ENGINE": "tests.stages.fake_engine",
    "LOG_LEVEL": "WARNING",
    # The harness kills the process more often than an operator would accept.
    "MAX_ATTEMPTS": "100",
    "CAP_USER": "1000",
    "CAP_GUILD": "10000",
}


class Stage:
    """A sandbox and its bot. The methods act in the channel `channel_name`."""

    def __init__(self, sandbox: Sandbox, data_dir: Path, bot: BotProcess) -> None:
        self.sandbox = sandbox
        self.data_dir = data_dir
        self.bot = bot
        self.channel_name = "general"
        self._reader: sqlite3.Connection | None = None

    async def start(self) -> None:
        """Start the bot and wait until it is connected and its commands are registered."""
        await self.bot.start()
        await self.until(self.is_up, 180)

    async def is_up(self) -> bool:
        """Whether the bot is connected, with its commands registered."""
        assert self.bot.running, "the bot ended by itself"
        return self.sandbox.online and bool(
            self.sandbox.people.commands(self.sandbox.persona("member"))
        )

    async def until(self, condition: Callable[[], Awaitable[T]], limit_s: float = 60) -> T:
        """Poll until the condition returns something true.

        A condition that reads thousands of messages takes a second, and the local Discord runs in
        this loop. So each pause is twice as long as the last check: the bot must make progress.
        """
        clock = asyncio.get_running_loop().time
        async with asyncio.timeout(limit_s):
            while True:
                began_s = clock()
                if result := await condition():
                    return result
                await asyncio.sleep(max(0.02, 2 * (clock() - began_s)))

    async def accept_terms(self, who: str | int = "member") -> None:
        """Ask for a picture and accept the licence, so that later requests run at once."""
        ticket = self.sandbox.slash(who, self.channel_name, "waifu", {"prompt": "1girl"})
        message = (await ticket.answer()).message
        assert message is not None
        await self.sandbox.click(who, message["id"], button(message, "accept")).answer()
        await self.wait_for_pictures(1)

    async def accept_only(self, who: str | int) -> None:
        """Accept the licence and cancel the request that waited for it."""
        ticket = self.sandbox.slash(who, self.channel_name, "waifu", {"prompt": "1girl"})
        terms = (await ticket.answer()).message
        assert terms is not None
        await self.sandbox.click(who, terms["id"], button(terms, "accept")).answer()
        person = self.sandbox.persona(who)

        async def has_ended() -> bool:
            unfinished = f"SELECT 1 FROM jobs WHERE user_id = {person} AND ended_ms IS NULL"  # noqa: S608
            return not self.rows(unfinished)

        # The bot queues the request before it answers the press, so the request can be cancelled.
        await self.sandbox.slash(who, self.channel_name, "cancel").answer()
        await self.until(has_ended)

    async def draw(self, prompt: str, who: str | int = "member", **options: Any) -> dict[str, Any]:
        """Ask for pictures; return the acknowledgement."""
        ticket = self.sandbox.slash(who, self.channel_name, "waifu", {"prompt": prompt, **options})
        message = (await ticket.answer()).message
        assert message is not None
        return message

    def picture_posts(self) -> list[dict[str, Any]]:
        """Every message that shows a finished picture."""
        return [
            m
            for m in self.sandbox.messages(self.channel_name)
            if m["attachments"]
            and (button(m, "vary", missing="") or button(m, "which", missing=""))
        ]

    async def wait_for_pictures(self, count: int, limit_s: float = 120) -> list[dict[str, Any]]:
        """Wait until `count` pictures are posted; return the messages that show them."""

        async def enough_posts() -> list[dict[str, Any]]:
            posts = self.picture_posts()
            return posts if picture_count(posts) >= count else []

        return await self.until(enough_posts, limit_s)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the bot's database, read-only."""
        with self.sharing_connection() as reader:
            return reader.execute(sql).fetchall()

    @contextmanager
    def sharing_connection(self) -> Generator[sqlite3.Connection]:
        """Let all calls of `rows` share one connection: each new one would read the schema again.

        Only for a short time, because SQLite does not recover a file that is open here.
        """
        if self._reader is not None:
            yield self._reader
            return
        uri = f"{(self.data_dir / 'bot.sqlite3').as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=10)) as reader:
            self._reader = reader
            try:
                yield reader
            finally:
                self._reader = None

    def messages(self, where: str) -> list[Payload]:
        """A channel's messages, the oldest first."""
        return self.sandbox.messages(where)

    def reactions(self, message_id: str) -> Mapping[str, Collection[int]]:
        """Who reacts under a message, by emoji."""
        return self.sandbox.reactions(message_id)


def picture_count(posts: list[dict[str, Any]]) -> int:
    """The number of pictures in these messages, without the tiles of missing ones."""
    files = [file["filename"] for post in posts for file in post["attachments"]]
    return sum(not name.startswith("missing-") for name in files)


def button(message: dict[str, Any], action: str, missing: str | None = None) -> str:
    """The custom id of a message's button `wd:<action>:...`."""
    for row in message["components"]:
        for item in row["components"]:
            if str(item.get("custom_id", "")).startswith(f"wd:{action}:"):
                return str(item["custom_id"])
    if missing is None:
        raise AssertionError(f"no {action} button under {message['content']!r}")
    return missing


@asynccontextmanager
async def stage(
    tmp_path: Path,
    settings: Mapping[str, str] | None = None,
    *,
    start: bool = True,
    module: str = "bot",
    cold: bool = False,
) -> AsyncIterator[Stage]:
    """A stage with a running bot. At the end no request may have broken Discord's rules.

    `module` runs in place of the bot. A warm process forks the bot, unless the test is about its
    start (`cold`).
    """
    async with Sandbox(openapi=OPENAPI) as sandbox:
        data_dir = tmp_path / "bot"
        spawn_bot = spawn if cold else nursery().spawn
        bot = BotProcess(sandbox, data_dir, {**FAKE_ENGINE, **(settings or {})}, module, spawn_bot)
        here = Stage(sandbox, data_dir, bot)
        try:
            if start:
                await here.start()
            yield here
        finally:
            await here.bot.stop()
        assert not sandbox.violations()
