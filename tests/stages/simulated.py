"""A simulated Discord around real cogs and real stores, for tests of background work.

The cogs' loops do not run by themselves here: a test calls their rounds, so that its results do not
depend on timing. Time is the simulation's.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import discord
import pytest
from discord import app_commands
from discord.ext import commands
from discord.http import Route
from simcord.actors import MemberActor
from simcord.backend.models import Overwrite
from simcord.builders import ChannelHandle, GuildHandle
from simcord.enums import OverwriteType
from simcord.env import Env

from bot import rulebooks
from bot.client import WaifuBot
from bot.domain import (
    ChannelId,
    GuildId,
    Job,
    MessageId,
    MessageRef,
    Post,
    Rating,
    Refused,
    UserId,
)
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.finished import Held, Released
from bot.glossaries import Glossaries
from bot.learning.desk import LearningDesk, build_desk
from bot.policy.layers import ground_of
from bot.services import Services
from bot.settings import load
from bot.store.caps import Caps
from bot.store.db import Database
from bot.store.licence_texts import LicenceTexts
from bot.store.queue import Jobs
from models.catalogue.registry import Registry
from tests.stages.databases import open_database
from tests.stages.factories import make_admitted, make_ask, make_place, make_png, make_released
from tests.stages.fake_engine import INFO

CAPS = Caps(per_user=1000, per_guild=1000)
OWNER = "worker"
#: SimCord's own five seconds pass on a busy machine while a thread reads a long list of terms.
#: It waits for timers that end sooner, so this is less than the minute of *Undo*.
SETTLE_S = 30.0


async def works_off(look: Callable[[asyncio.TaskGroup], Awaitable[bool]]) -> None:
    """Look until nothing more is begun, each time waiting for the lanes to end."""
    begun = True
    while begun:
        async with asyncio.TaskGroup() as tasks:
            begun = await look(tasks)


def _counts(extension: str) -> bool:
    """Whether a command has checks: a cooldown must not outlive the bot that counted it."""
    return any(
        command.checks
        for cog in vars(importlib.import_module(extension)).values()
        if isinstance(cog, commands.CogMeta)
        for top in cog.__cog_app_commands__
        for command in (top, *(top.walk_commands() if isinstance(top, app_commands.Group) else ()))
        if isinstance(command, app_commands.Command)
    )


class ParkedBot(WaifuBot):
    """Loads the cogs of one test; their loops stay parked, unless it is `live`."""

    def __init__(self, services: Services, extensions: Sequence[str], *, live: bool) -> None:
        super().__init__(services)
        self._extensions = extensions
        self._live = live

    async def setup_hook(self) -> None:
        for name in self._extensions:
            if _counts(name):
                await self.load_extension(name)
            else:
                # An extension is executed again for each bot, and all modules are searched
                # when it goes: a quarter of the time of a test.
                await importlib.import_module(name).setup(self)
        await self.tree.sync()

    def spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        if self._live:
            # Outside the simulation's context, which would wait for the loops to end.
            contextvars.Context().run(super().spawn, work, name=name)
        else:
            work.close()


@dataclass(kw_only=True)
class Scene:
    """One server with one channel, one member who has accepted the licence, and the bot."""

    env: Env
    services: Services
    guild: GuildHandle
    channel: ChannelHandle
    member: MemberActor
    extensions: Sequence[str]

    def cog(self, name: str) -> Any:
        """The cog with this name; it was reloaded, so its class differs from an imported one."""
        assert isinstance(self.env.bot, WaifuBot)
        cog = self.env.bot.get_cog(name)
        assert cog is not None, name
        return cog

    async def looks(self, name: str, rounds: int = 1) -> None:
        """Run rounds of a cog that works in lanes, each until nothing more is begun."""
        for _ in range(rounds):
            await works_off(self.cog(name).look)

    async def restart(self) -> None:
        """Kill and restart the process; the database is all it remembers."""
        await self.env.restart_bot(ParkedBot(self.services, self.extensions, live=False))

    async def queued(
        self,
        *,
        count: int = 1,
        channel: ChannelHandle | None = None,
        prompt: str = "1girl, blue hair",
        seed: int = 7,
        rating: Rating = Rating.GENERAL,
    ) -> list[Job]:
        """Queue jobs of one request of the member's."""
        place = make_place(guild=self.guild.id, channel=(channel or self.channel).id)
        ask = make_ask(prompt, user=self.member.id, place=place, count=count, seed=seed)
        request = await self.services.queue.enqueue(
            make_admitted(ask, rating=rating),
            CAPS,
            self.services.clock(),
            since_id=self.snowflake(),
        )
        assert not isinstance(request, Refused)
        return list(request.jobs)

    async def accepts(self, who: MemberActor) -> None:
        """Record an earlier acceptance of the licence of the model in use."""
        info = self.services.model()
        await self.services.consent.accept(UserId(who.id), info.licence_sha256, info.card_id, 1)

    def snowflake(self) -> int:
        """An id older than every message sent from now on, like an interaction's."""
        return discord.utils.time_snowflake(self.env.now())

    async def bot_may_not(self, *permissions: str, channel: ChannelHandle | None = None) -> None:
        """Take these permissions from the bot in a channel, and restore all others."""
        me = self.guild.me
        assert me is not None
        overwrite = discord.PermissionOverwrite(**dict.fromkeys(permissions, False))
        self.env.backend.set_overwrite(
            (channel or self.channel).id,
            Overwrite(me.id, OverwriteType.MEMBER, deny=overwrite.pair()[1].value),
        )
        await self.env.settle()

    def channel_of(self, job: Job) -> discord.PartialMessageable:
        return self.env.bot.get_partial_messageable(job.channel_id, guild_id=job.guild_id)

    def loses_answers(self, monkeypatch: pytest.MonkeyPatch, problem: BaseException) -> None:
        """Create the next message, but lose Discord's answer to the bot."""
        http = self.env.bot.http
        request = http.request

        async def lossy(route: Route, **options: Any) -> Any:
            answer = await request(route, **options)
            if route.method == "POST" and route.path.endswith("/messages"):
                monkeypatch.setattr(http, "request", request)
                raise problem
            return answer

        monkeypatch.setattr(http, "request", lossy)

    def message_ref(self, message: discord.Message) -> MessageRef:
        return MessageRef(
            message_id=MessageId(message.id),
            channel_id=ChannelId(message.channel.id),
            guild_id=GuildId(self.guild.id),
        )

    async def drawn(self, jobs: Sequence[Job]) -> None:
        """Have the worker draw these jobs, which must be the next in the queue."""
        for job in jobs:
            claimed = await self.services.queue.claim(OWNER, 60_000, self.services.clock())
            assert claimed is not None
            assert claimed.id == job.id
            await self.kept(job)

    async def kept(
        self, job: Job, verdict: Released | Held | None = None, data: bytes | None = None
    ) -> None:
        """Bring the picture of a running job to the gallery."""
        picture = await self.services.gallery.keep(
            verdict or make_released(job),
            data or make_png(job),
            card_id=self.services.model().card_id,
            owner=OWNER,
            now_ms=self.services.clock(),
        )
        assert picture is not None

    async def posted(
        self, job: Job, message: discord.Message | None = None, *, beside: Sequence[Job] = ()
    ) -> Post:
        """Make a delivery by hand: a message of the bot's, and its row.

        `beside` are further jobs of its request that it shows, in the following places.
        """
        channel = self.env.bot.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
        message = message or await channel.send(f"a picture {job.id}")
        post = Post(
            message_id=MessageId(message.id),
            channel_id=job.channel_id,
            guild_id=job.guild_id,
            posted_ms=self.services.clock(),
            pictures={place: each.id for place, each in enumerate((job, *beside), 1)},
        )
        assert await self.services.outbox.record_delivery(
            job.owed_post_id, post, self.services.clock()
        )
        return post


SceneT = TypeVar("SceneT", bound=Scene)


def _desk(db: Database, directory: Path, signals: Signals) -> LearningDesk:
    """A desk whose engine serves whatever it is asked to."""
    catalogue = Registry(directory / "models")
    shelf = Shelf(catalogue, {INFO.card_id: "embedded"})
    shelf.activate(INFO)

    async def swap(card_id: str) -> None:
        shelf.activate(INFO if card_id == INFO.card_id else catalogue.info(card_id))

    return build_desk(
        db, data_dir=directory, licences=LicenceTexts(directory / "licences"), catalogue=catalogue,
        shelf=shelf, signals=signals, swap=swap, clock=lambda: 1_700_000_000_000,
    )  # fmt: skip


@asynccontextmanager
async def scene(
    directory: Path, *extensions: str, kind: type[SceneT], live: bool = False
) -> AsyncIterator[SceneT]:
    """A running simulation with real stores below `directory` and these cogs."""
    # Compiled once per process, and here, so that no command's time includes it.
    ground_of(rulebooks.load())
    db = await open_database(directory / "bot.sqlite3")
    envs: list[Env] = []
    signals = Signals()
    services = Services.over(
        db,
        settings=load({"DATA_DIR": str(directory)}, None),
        queue=Jobs(db),
        rulebook=rulebooks.load(),
        signals=signals,
        caps=CAPS,
        learning=_desk(db, directory, signals),
        glossaries=Glossaries(),
        model=lambda: INFO,
        clock=lambda: round(envs[0].now().timestamp() * 1000),
        elapsed_s=lambda: envs[0].now().timestamp(),
    )
    env = Env(ParkedBot(services, extensions, live=live), settle_timeout=SETTLE_S)
    envs.append(env)
    try:
        await env.start()
        guild = env.create_guild()
        channel = guild.create_text_channel("general")
        member = guild.add_member(env.create_user("mia"))
        await env.settle()
        ready = kind(
            env=env,
            services=services,
            guild=guild,
            channel=channel,
            member=member,
            extensions=extensions,
        )
        await ready.accepts(member)
        yield ready
    finally:
        await env.bot.close()
        await env.shutdown()
        await db.close()
    env.raise_errors()
