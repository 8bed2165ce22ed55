"""A simulated Discord around real cogs and real stores, for tests of background work.

The cogs' loops do not run by themselves here. A test runs their rounds, so that its results do not
depend on timing. The simulation sets the time.
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
#: SimCord's own five seconds are too short on a busy machine whose thread reads many terms.
#: The simulation waits for timers that end sooner, so this is less than the minute of *Undo*.
SETTLE_S = 30.0


async def run_until_idle(run_round: Callable[[asyncio.TaskGroup], Awaitable[bool]]) -> None:
    """Run rounds until one begins nothing; wait for the lanes of each."""
    begun = True
    while begun:
        async with asyncio.TaskGroup() as tasks:
            begun = await run_round(tasks)


def _has_checks(extension: str) -> bool:
    """Whether a command has checks: a new bot must not inherit the cooldowns of the last."""
    return any(
        command.checks
        for cog in vars(importlib.import_module(extension)).values()
        if isinstance(cog, commands.CogMeta)
        for top in cog.__cog_app_commands__
        for command in (top, *(top.walk_commands() if isinstance(top, app_commands.Group) else ()))
        if isinstance(command, app_commands.Command)
    )


class ParkedBot(WaifuBot):
    """Loads the cogs of one test. Their loops do not run, unless the bot is `live`."""

    def __init__(self, services: Services, extensions: Sequence[str], *, live: bool) -> None:
        super().__init__(services)
        self._extensions = extensions
        self._live = live

    async def setup_hook(self) -> None:
        for name in self._extensions:
            if _has_checks(name):
                await self.load_extension(name)
            else:
                # To load and unload an extension takes a quarter of the time of a test:
                # discord.py executes it for each bot, and later searches all modules.
                await importlib.import_module(name).setup(self)
        await self.tree.sync()

    def spawn(self, work: Coroutine[None, None, None], *, name: str) -> None:
        if self._live:
            # In another context than the simulation's, which would wait until the loops end.
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
        """The cog with this name, whose class may be a reloaded one and not the imported one."""
        assert isinstance(self.env.bot, WaifuBot)
        cog = self.env.bot.get_cog(name)
        assert cog is not None, name
        return cog

    async def run_rounds(self, name: str, rounds: int = 1) -> None:
        """Run a cog that works in lanes until it is idle, `rounds` times."""
        for _ in range(rounds):
            await run_until_idle(self.cog(name).look)

    async def restart(self) -> None:
        """Kill and restart the process, which remembers only the database."""
        await self.env.restart_bot(ParkedBot(self.services, self.extensions, live=False))

    async def queue_jobs(
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

    async def accept_licence(self, who: MemberActor) -> None:
        """Record that somebody has accepted the licence of the model in use."""
        info = self.services.model()
        await self.services.consent.accept(UserId(who.id), info.licence_sha256, info.card_id, 1)

    def snowflake(self) -> int:
        """An id older than every message sent from now on, like an interaction's."""
        return discord.utils.time_snowflake(self.env.now())

    async def deny_to_bot(self, *permissions: str, channel: ChannelHandle | None = None) -> None:
        """Deny the bot these permissions in a channel, and no others."""
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

    def lose_next_answer(self, monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
        """Let Discord create the next message, and lose its answer to the bot."""
        http = self.env.bot.http
        request = http.request

        async def lossy(route: Route, **options: Any) -> Any:
            answer = await request(route, **options)
            if route.method == "POST" and route.path.endswith("/messages"):
                monkeypatch.setattr(http, "request", request)
                raise error
            return answer

        monkeypatch.setattr(http, "request", lossy)

    def message_ref(self, message: discord.Message) -> MessageRef:
        return MessageRef(
            message_id=MessageId(message.id),
            channel_id=ChannelId(message.channel.id),
            guild_id=GuildId(self.guild.id),
        )

    async def draw_jobs(self, jobs: Sequence[Job]) -> None:
        """Let the worker draw these jobs, which must be the next in the queue."""
        for job in jobs:
            claimed = await self.services.queue.claim(OWNER, 60_000, self.services.clock())
            assert claimed is not None
            assert claimed.id == job.id
            await self.keep_picture(job)

    async def keep_picture(
        self, job: Job, verdict: Released | Held | None = None, data: bytes | None = None
    ) -> None:
        """Keep the picture of a running job in the gallery."""
        picture = await self.services.gallery.keep(
            verdict or make_released(job),
            data or make_png(job),
            card_id=self.services.model().card_id,
            owner=OWNER,
            now_ms=self.services.clock(),
        )
        assert picture is not None

    async def deliver_job(
        self, job: Job, message: discord.Message | None = None, *, others: Sequence[Job] = ()
    ) -> Post:
        """Deliver a job by hand: send a message as the bot, and record its post.

        `others` are jobs of the same request, whose pictures stand in the following places.
        """
        channel = self.env.bot.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
        message = message or await channel.send(f"a picture {job.id}")
        post = Post(
            message_id=MessageId(message.id),
            channel_id=job.channel_id,
            guild_id=job.guild_id,
            posted_ms=self.services.clock(),
            pictures={place: each.id for place, each in enumerate((job, *others), 1)},
        )
        assert await self.services.outbox.record_delivery(
            job.owed_post_id, post, self.services.clock()
        )
        return post


SceneT = TypeVar("SceneT", bound=Scene)


def _learning_desk(db: Database, directory: Path, signals: Signals) -> LearningDesk:
    """A desk whose engine serves every card that it is asked for."""
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
    # Compiles the rules before any command runs, once for the process.
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
        learning=_learning_desk(db, directory, signals),
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
        built = kind(
            env=env,
            services=services,
            guild=guild,
            channel=channel,
            member=member,
            extensions=extensions,
        )
        await built.accept_licence(member)
        yield built
    finally:
        await env.bot.close()
        await env.shutdown()
        await db.close()
    env.raise_errors()
