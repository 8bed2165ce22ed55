"""`python -m bot serve`: the composition root.

Builds settings, database, stores, engine and client in one `AsyncExitStack` and hands them out;
nothing is built anywhere else. Every set-up fault is one clear line and exit code 2.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import importlib
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from types import ModuleType

from bot import client, rulebooks
from bot.clock import elapsed_s, now_ms
from bot.data_lock import lock_data
from bot.domain import BotError, SettingsError
from bot.drawing.handle import EngineHandle, LocalThread
from bot.drawing.roster import Roster
from bot.drawing.shelf import Shelf
from bot.drawing.signals import Signals
from bot.drawing.worker import Worker, WorkerLimits
from bot.erasing import Eraser
from bot.glossaries import Glossaries
from bot.health import beat
from bot.learning.desk import build_desk
from bot.learning.starting import load_active
from bot.log import log_transition
from bot.services import Services
from bot.settings import Settings, broken_lines, token_fault
from bot.stopping import Stop, exit_now
from bot.store.caps import Caps
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.licence_texts import LicenceTexts
from bot.store.queue import Jobs
from bot.tidying import Tidier
from bot.transitions import Subject, Transition
from models.catalogue.hub import read_info
from models.catalogue.registry import Registry
from models.contract import Engine, Scorer

log = logging.getLogger(__name__)

#: How long a stop lets running pictures finish before they go back into the queue.
_GRACE_MS = 8_000
#: How long pictures of another model wait while the loaded one has work: a few swaps' time.
_PATIENCE_MS = 15_000
_OUR_ENGINE = "slots"
_OURS = "Take ENGINE out of .env for the bot's own engine."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare no options: everything is a setting."""
    del parser


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Serve until stopped. Returns 0, or exits the process with the signal's exit code."""
    del args
    for line in broken_lines():
        log.warning("line %s of .env sets nothing: it is neither NAME=value nor a comment", line)
    code = asyncio.run(_serve(settings))
    if code:
        exit_now(code)
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Program:
    """What `serve` runs: built by `_build`, torn down by its exit stack."""

    services: Services
    jobs: Jobs
    shelf: Shelf
    handle: LocalThread
    worker: Worker


def engine_rooms(settings: Settings) -> tuple[ModuleType, ModuleType]:
    """The modules that define `open_engine` and `open_scorer`.

    `ENGINE=slots` is ours; anything else names a module with functions of the same form (the tests'
    fake engine is one). They are imported when the model opens, so that the rest stays free of
    torch.

    Raises `SettingsError` if the module does not exist or lacks one of the two.
    """
    ours = settings.engine == _OUR_ENGINE
    try:
        module = importlib.import_module("models.engine.slots" if ours else settings.engine)
    except ImportError as problem:
        raise SettingsError(
            f"ENGINE={settings.engine} cannot be loaded: {problem}. {_OURS}"
        ) from None
    scorers = importlib.import_module("models.engine.safety") if ours else module
    for room, name in ((module, "open_engine"), (scorers, "open_scorer")):
        if not callable(getattr(room, name, None)):
            raise SettingsError(
                f"ENGINE={settings.engine} is no picture engine: it has no {name}. {_OURS}"
            )
    return module, scorers


def _engine_thread(settings: Settings) -> LocalThread:
    """The thread that imports and opens the engine while the event loop runs on."""

    def open_engine(model: str) -> Engine:
        module, _ = engine_rooms(settings)
        return module.open_engine(
            model,
            device=settings.device,
            threads=settings.threads,
            capacity=settings.batch_rows,
            upscaler=settings.upscaler_file,
        )

    def open_scorer(model: str) -> Scorer:
        _, scorers = engine_rooms(settings)
        return scorers.open_scorer(model, tagger=settings.wd_tagger)

    return LocalThread(
        settings.model, open_engine, open_scorer, score_timeout_s=settings.score_timeout_s
    )


@asynccontextmanager
async def _build(settings: Settings) -> AsyncGenerator[_Program]:
    """Build everything the bot needs, in order of dependency; close it in reverse. No model yet."""
    async with AsyncExitStack() as stack:
        db = await Database.open(settings.database_path, log_transition)
        stack.push_async_callback(db.close)
        jobs, catalogue = Jobs(db), Registry(settings.models_dir)
        shelf, signals = Shelf(catalogue), Signals()

        async def swap(card_id: str) -> None:
            await worker.swap(card_id)

        services = Services.over(
            db,
            settings=settings,
            queue=jobs,
            rulebook=rulebooks.load(),
            signals=signals,
            caps=Caps(per_user=settings.cap_user, per_guild=settings.cap_guild),
            learning=build_desk(
                db,
                data_dir=settings.data_dir,
                licences=LicenceTexts(settings.licences_dir),
                catalogue=catalogue,
                shelf=shelf,
                signals=signals,
                swap=swap,
                clock=now_ms,
                tagger=settings.wd_tagger,
                named=settings.model,
            ),
            glossaries=Glossaries(settings.tags_file),
            model=lambda: shelf.active,
            clock=now_ms,
            elapsed_s=elapsed_s,
        )
        stack.push_async_callback(services.close)
        await _sweep(services.gallery)
        handle = _engine_thread(settings)
        stack.push_async_callback(handle.close)
        worker = _worker(services, jobs, shelf, handle)
        yield _Program(services=services, jobs=jobs, shelf=shelf, handle=handle, worker=worker)


async def _sweep(gallery: Gallery) -> None:
    """Tidy the picture files; a disk that refuses must not stop the start."""
    try:
        await gallery.sweep()
    except BotError as problem:
        log.error("the picture files are not tidied up at this start: %s", problem)  # noqa: TRY400  the sentence says it all


def _worker(services: Services, jobs: Jobs, shelf: Shelf, handle: EngineHandle) -> Worker:
    settings = services.settings
    return Worker(
        process=f"worker-{secrets.token_hex(4)}",
        handle=handle,
        roster=Roster([handle]),
        shelf=shelf,
        jobs=jobs,
        gallery=services.gallery,
        rulebook=services.rulebook,
        signals=services.signals,
        progress=services.progress,
        limits=WorkerLimits(
            lease_ms=settings.lease_s * 1000,
            max_attempts=settings.max_attempts,
            preview_every=settings.preview_every,
            grace_ms=_GRACE_MS,
            patience_ms=_PATIENCE_MS,
        ),
        clock=services.clock,
        tell=log_transition,
    )


async def _serve(settings: Settings) -> int:
    """Run until SIGTERM or Ctrl-C, then drain: finish or put back, and lose nothing.

    Returns 0; or, if stopped while the model loads, the exit code to end the process with at once,
    because the loading thread cannot be stopped.
    """
    fault = token_fault(settings.discord_token)
    if fault:
        raise SettingsError(fault)
    stop = Stop()
    stop.listen()
    client.point_at(settings)
    with ExitStack() as stack:
        lock_data(stack, settings)
        async with asyncio.TaskGroup() as tasks:
            # First, because downloading a model can take long and the bot must count as alive
            # meanwhile.
            beating = tasks.create_task(beat(settings.data_dir), name="heartbeat")
            async with (
                _build(settings) as program,
                _erasing(program.services),
                _tidying(program.services),
            ):
                if await _load_model(program, settings, stop):
                    await program.services.glossaries.of(program.shelf.active)
                    _freeze_long_lived()
                    await _work(program, settings, stop)
            beating.cancel()
    return stop.exit_code if program.handle.abandoned else 0


def _freeze_long_lived() -> None:
    """Move objects that live as long as the program out of the garbage collector's sight.

    The rulebook's terms alone are hundreds of thousands of objects: scanning them repeatedly held
    up the event loop, and every answer, for a tenth of a second and more.
    """
    gc.collect()
    gc.freeze()


async def register_commands(settings: Settings) -> bool:
    """Register the bot's commands with Discord as the model's card describes them.

    Opens no model. Returns False, and registers nothing, if the engine is not ours: then only the
    open engine knows its model.
    """
    if settings.engine != _OUR_ENGINE:
        return False
    client.point_at(settings)
    info = await asyncio.to_thread(read_info, settings.model)
    async with _build(settings) as program:
        program.shelf.activate(info)
        await client.register_commands(program.services, settings.discord_token)
    return True


@asynccontextmanager
async def _erasing(services: Services) -> AsyncGenerator[None]:
    """Carry out requests to be forgotten meanwhile; they need no model."""
    async with asyncio.TaskGroup() as tasks:
        erasing = tasks.create_task(
            Eraser(services.privacy, services.signals, services.forget_in_memory).run(),
            name="erasing",
        )
        try:
            yield
        finally:
            erasing.cancel()


@asynccontextmanager
async def _tidying(services: Services) -> AsyncGenerator[None]:
    """Drop expired records meanwhile."""
    tidier = Tidier(
        reviews=services.reviews,
        members=services.members,
        decisions=services.decisions,
        drafts=services.drafts,
        signals=services.signals,
        clock=services.clock,
    )
    async with asyncio.TaskGroup() as tasks:
        tidying = tasks.create_task(tidier.run(), name="tidying")
        try:
            yield
        finally:
            tidying.cancel()


async def _load_model(program: _Program, settings: Settings, stop: Stop) -> bool:
    """Load the model; return False if the stop came first."""
    handle = program.handle
    opening = load_active(
        handle,
        lineage=program.services.learning.lineage,
        catalogue=program.services.learning.catalogue,
        shelf=program.shelf,
        named=settings.model,
        now_ms=program.services.clock(),
    )
    loading = asyncio.create_task(opening, name="load")
    stopping = asyncio.create_task(stop.wait(), name="stop while loading")
    try:
        await asyncio.wait({loading, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not loading.done():
            log.warning("stopped while the model was loading")
            return False
        await loading
    finally:
        loading.cancel()
        stopping.cancel()
        await asyncio.wait({loading, stopping})
    card, rows = handle.info.card_id, f"{handle.capacity} rows at once"
    log_transition(
        Transition(subject=Subject.CARD, id=card, before=None, after="serving", why=rows)
    )
    return True


async def _work(program: _Program, settings: Settings, stop: Stop) -> None:
    """Draw and talk to Discord until stopped."""
    await _settle_licence(program)
    async with asyncio.TaskGroup() as tasks:
        drawing = tasks.create_task(program.worker.run(), name="worker")
        online = tasks.create_task(
            client.serve(program.services, settings.discord_token), name="discord"
        )
        desk = program.services.learning
        learning = [
            tasks.create_task(desk.shadow.run(), name="trial"),
            tasks.create_task(desk.schooling.run(), name="training"),
        ]
        await stop.wait()
        for task in learning:
            task.cancel()
        log.info("stopping: pictures in the engine are finished or put back")
        program.worker.stop()
        await drawing
        online.cancel()


async def _settle_licence(program: _Program) -> None:
    """End waiting pictures whose members have not accepted their model's licence.

    Runs before anything is drawn: licences may have changed since the last run.
    """
    services, info = program.services, program.handle.info
    LicenceTexts(services.settings.licences_dir).save(info)
    licences = {info.card_id: info.licence_sha256}
    for card_id in await services.consent.undrawn_cards() - {info.card_id}:
        if (found := await asyncio.to_thread(program.shelf.licence_sha256, card_id)) is not None:
            licences[card_id] = found
    await services.consent.fail_unlicensed_jobs(licences, info.card_id, services.clock())
