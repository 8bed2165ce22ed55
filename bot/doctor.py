"""`python -m bot doctor`: checks settings, token, Discord, model, disk and database.

Each check prints one line: what was checked, whether it is well, and what to do if not. `report`
only reads; it never migrates, posts or repairs. Exit code 0 when nothing stops the bot from
starting, else 1. Repairs happen in `fix`, and only on request.
"""

from __future__ import annotations

import argparse
import asyncio
import importlib
import shutil
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from bot import client
from bot.data_lock import lock_data, unusable
from bot.domain import BotError
from bot.log import set_up
from bot.serving import engine_rooms
from bot.settings import Settings, broken_lines, token_fault, unknown_names
from bot.store.db import describe_version, open_read_only
from bot.store.gallery import known_files
from bot.store.picture_files import PictureFiles
from models.catalogue.hub import HUB_ID
from models.catalogue.tags import files
from models.catalogue.tags.files import TagsError
from models.contract import EngineError

#: With less free disk than this, the gallery will soon be full.
_ROOM_BYTES = 1 << 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """The result of one check. `advice` is empty when all is well."""

    name: str
    said: str
    advice: str = ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `python -m bot doctor`."""
    parser.add_argument(
        "--fix",
        action="store_true",
        help="first bring back set-aside pictures that the database knows",
    )
    # The name of --fix in earlier versions.
    parser.add_argument("--mend", action="store_true", dest="fix", help=argparse.SUPPRESS)


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Print the report; return 0 when nothing stops the bot, else 1."""
    # Log lines would interrupt the report.
    set_up("ERROR")
    if args.fix:
        sys.stdout.write(f"{asyncio.run(_fix_locked(settings))}\n")
    return asyncio.run(report(settings, partial(_check_model, settings)))


def _check_model(settings: Settings) -> str:
    """Load and try the model; imported late so that the doctor stays free of torch."""
    if settings.engine != "slots":
        engine_rooms(settings)
        return f"engine {settings.engine} is there; it is not ours and was not tried"
    room = importlib.import_module("models.engine.check")
    return room.check(settings.model, settings.device, settings.wd_tagger, settings.upscaler_file)


async def _fix_locked(settings: Settings) -> str:
    with ExitStack() as stack:
        lock_data(stack, settings)
        return await fix(settings)


async def report(settings: Settings, check_model: Callable[[], str]) -> int:
    """Print each diagnosis as it comes; return the exit code.

    `check_model` loads the model, tries it and says what it is, or raises `EngineError` or
    `BotError`; it is an argument so that this file stays free of torch.
    """
    faults = 0
    async for diagnosis in _examine(settings, check_model):
        mark = "ok  " if not diagnosis.advice else "FIX "
        sys.stdout.write(f"{mark}  {diagnosis.name:<10} {diagnosis.said}\n")
        if diagnosis.advice:
            faults += 1
            sys.stdout.write(f"      {'':<10} {diagnosis.advice}\n")
        sys.stdout.flush()
    sys.stdout.write("\nAll is well.\n" if not faults else f"\n{faults} to fix.\n")
    return 1 if faults else 0


async def _examine(settings: Settings, check_model: Callable[[], str]) -> AsyncGenerator[Diagnosis]:
    yield Diagnosis(name="settings", said=f"read; model {settings.model}, data {settings.data_dir}")
    for line in broken_lines():
        yield Diagnosis(
            name="settings",
            said=f"line {line} of .env sets nothing",
            advice="Write it as NAME=value, or begin it with # if it is a comment.",
        )
    for name, meant in unknown_names().items():
        hint = f": rename it to {meant}, if that was meant" if meant else ""
        yield Diagnosis(
            name="settings",
            said=f".env sets {name}, which I do not know",
            advice=f"Take it out of .env{hint}.",
        )
    if settings.discord_openapi is not None:
        yield _description(settings.discord_openapi)
    for diagnosis in await asyncio.to_thread(_missing, settings):
        yield diagnosis
    yield _disk(settings)
    yield await _database(settings)
    async for diagnosis in _quarantine(settings):
        yield diagnosis
    yield await asyncio.to_thread(_model, settings, check_model)
    fault = token_fault(settings.discord_token)
    if fault:
        yield Diagnosis(name="token", said="no usable token", advice=fault)
        return
    yield Diagnosis(name="token", said="has the shape of a bot token")
    async for diagnosis in _discord(settings):
        yield diagnosis


def _missing(settings: Settings) -> list[Diagnosis]:
    """Paths in the settings that do not exist or are of the wrong kind."""
    found: list[Diagnosis] = []
    if settings.tags_file is not None:
        try:
            files.read(settings.tags_file)
        except TagsError as problem:
            found.append(_unusable("tags", "TAGS_FILE", str(problem)))
    upscaler, tagger = settings.upscaler_file, settings.wd_tagger
    if upscaler is not None and not upscaler.is_file():
        found.append(_unusable("upscaler", "UPSCALER_FILE", f"There is no file {upscaler}."))
    is_folder = tagger is not None and Path(tagger).expanduser().is_dir()
    if tagger is not None and not is_folder and not HUB_ID.fullmatch(tagger):
        why = f"There is no folder {tagger}, and it is no hub id such as owner/name."
        found.append(_unusable("tagger", "WD_TAGGER", why))
    return found


def _unusable(name: str, setting: str, why: str) -> Diagnosis:
    advice = f"{why} Fix that, or take {setting} out of .env."
    return Diagnosis(name=name, said=f"{setting} names nothing that I can use", advice=advice)


def _description(path: Path) -> Diagnosis:
    """Whether this file lets the local Discord check the bot's requests."""
    try:
        from bot.sandbox.wire.openapi import DescriptionError, load_description
    except ImportError:
        return Diagnosis(name="openapi", said=f"{path} was not looked at: no local Discord here")
    try:
        load_description(path)
    except DescriptionError as problem:
        return Diagnosis(name="openapi", said="cannot be used", advice=str(problem))
    return Diagnosis(name="openapi", said=f"{path} describes Discord's API")


def _disk(settings: Settings) -> Diagnosis:
    """Whether the data directory is writable and has room for pictures."""
    directory = settings.data_dir
    try:
        directory.mkdir(parents=True, exist_ok=True)
        probe = directory / ".doctor"
        probe.write_bytes(b"")
        probe.unlink()
    except OSError as problem:
        said, advice = unusable(directory, problem)
        return Diagnosis(name="disk", said=said, advice=advice)
    free = shutil.disk_usage(directory).free
    said = f"{directory} is writable, {free / 1e9:.1f} GB free"
    short = free < _ROOM_BYTES
    return Diagnosis(name="disk", said=said, advice="Free at least 1 GB." if short else "")


async def _database(settings: Settings) -> Diagnosis:
    path = settings.database_path
    if not path.exists():
        if not settings.data_dir.is_dir():
            return Diagnosis(name="database", said="has no place yet", advice="Fix the disk first.")
        return Diagnosis(name="database", said=f"{path} will be made at the first start")
    try:
        said = await describe_version(path)
    except BotError as problem:
        return Diagnosis(name="database", said=f"{path} cannot be used", advice=str(problem))
    return Diagnosis(name="database", said=f"{path}: {said}")


async def _quarantine(settings: Settings) -> AsyncGenerator[Diagnosis]:
    """Picture files that were set aside; yields nothing if there are none."""
    pictures = PictureFiles(settings.pictures_dir)
    try:
        count, _ = await asyncio.to_thread(pictures.count_quarantined, set())
        if not count:
            return
        known = await _known(settings)
    except BotError as problem:
        yield Diagnosis(name="quarantine", said="cannot be compared", advice=str(problem))
        return
    _, ours = await asyncio.to_thread(pictures.count_quarantined, known)
    back = "They come back at the next start, or by `python -m bot doctor --fix`. " if ours else ""
    yield Diagnosis(
        name="quarantine",
        said=f"{_files(count)} in {pictures.quarantine}, {ours} of them known to the database",
        advice=f"{back}To delete the rest, remove that folder; if the database is the wrong one, "
        "put the right one in its place first.",
    )


async def _known(settings: Settings) -> set[str]:
    """The hashes of the pictures in the database, whatever its version."""
    if not settings.database_path.is_file():
        return set()
    async with open_read_only(settings.database_path) as db:
        return await known_files(db) if db.version else set()


async def fix(settings: Settings) -> str:
    """Bring back the set-aside pictures that the database knows; return a line with their number.

    The caller holds the data directory's lock, so no bot is running.
    """
    pictures = PictureFiles(settings.pictures_dir)
    back = await asyncio.to_thread(pictures.restore_known, await _known(settings))
    return f"{_files(back)} came back from {pictures.quarantine}."


def _files(count: int) -> str:
    return "1 picture file" if count == 1 else f"{count} picture files"


def _model(settings: Settings, check_model: Callable[[], str]) -> Diagnosis:
    """Load the model and try it, as the first request would."""
    try:
        return Diagnosis(name="model", said=check_model())
    except (EngineError, BotError) as problem:
        return Diagnosis(name="model", said=f"{settings.model} cannot draw", advice=str(problem))


async def _discord(settings: Settings) -> AsyncGenerator[Diagnosis]:
    """Log in and check what each server lets the bot do."""
    client.point_at(settings)
    try:
        report = await client.probe(settings.discord_token)
    except BotError as problem:
        yield Diagnosis(name="discord", said="cannot log in", advice=str(problem))
        return
    yield Diagnosis(
        name="discord",
        said=f"logged in as {report.name}, in {len(report.lacking)} servers",
        advice="" if report.lacking else f"Invite the bot: {report.invite}",
    )
    for server, missing in report.lacking.items():
        yield Diagnosis(
            name="server",
            said=f"{server}: " + ("every permission it needs" if not missing else "lacks some"),
            advice="" if not missing else f"Give its role: {', '.join(missing)}.",
        )
