"""`python -m bot export DIRECTORY`: writes what a model may learn from, as a manifest.

`write_manifest` serves callers that already have the stores open. The output names nobody: a
picture leaves with its numbers, with its prompt only if its member shares prompts, and with
pseudonyms for its voters.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterable, Mapping, Sequence, Sized
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bot import rulebooks
from bot.clock import now_ms
from bot.curating.harvest import Harvest, Scan
from bot.curating.likeness import Embed, colours_of
from bot.curating.selecting import LeftOut, TrustOf, select, why_left_out
from bot.domain import GuildId, JobId, SettingsError
from bot.policy.layers import Ground, ground_of
from bot.policy.showing import may_be_learned_from
from bot.settings import Settings
from bot.store.curation import Curation
from bot.store.db import Database
from bot.store.gallery import Gallery
from bot.store.licence_texts import LicenceTexts
from bot.store.manifest_files import ManifestFolder, build_manifest_folder
from bot.store.trust import Trust, stranger_weight
from models.catalogue.card import CardError
from models.catalogue.registry import EMBEDDED, card_of
from models.manifest import Manifest, Split, base_of


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportWish:
    """What to export, and where."""

    directory: Path
    #: Export only this server's votes; None: every server's.
    guild_id: GuildId | None = None
    #: Export only pictures that a curator approved.
    approved_only: bool = False
    #: Decides, with the perceptual hash, whether two pictures look alike.
    embed: Embed = colours_of
    #: The manifests that each model was trained on, by card.
    lineage: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare where to write, and which pictures."""
    parser.add_argument("directory", type=Path)
    parser.add_argument(
        "--server", type=int, metavar="ID", help="the pictures and votes of one server alone"
    )
    parser.add_argument(
        "--approved",
        action="store_true",
        help="only pictures that were approved in `python -m bot curate`",
    )


def run(settings: Settings, args: argparse.Namespace) -> int:
    """Write the manifest and print how much; SettingsError if there is no database to read."""
    wish = ExportWish(
        directory=args.directory,
        guild_id=None if args.server is None else GuildId(args.server),
        approved_only=args.approved,
        lineage=_lineage(settings.model),
    )
    written = asyncio.run(_export(settings, wish))
    sys.stdout.write(f"{summary(written)}\n")
    return 0


def _lineage(model: str) -> Mapping[str, tuple[str, ...]]:
    """The ancestry of the model in use, if it has a card here."""
    try:
        card = card_of(EMBEDDED if model == "embedded" else Path(model))
    except CardError:
        return {}
    return {card.id: card.manifests or ()}


async def _export(settings: Settings, wish: ExportWish) -> Manifest:
    if not settings.database_path.is_file():
        raise SettingsError(
            f"there is no database at {settings.database_path}, so there are no votes to read: is "
            f"DATA_DIR={settings.data_dir} the bot's? (The demo's is sandbox/bot in its own, so "
            "data/sandbox/bot as it comes.)"
        )
    db = await Database.open(settings.database_path)
    try:
        gallery, licences = Gallery(db, settings.pictures_dir), LicenceTexts(settings.licences_dir)
        return await write_manifest(db, gallery, licences, ground_of(rulebooks.load()), wish)
    finally:
        await db.close()


async def write_manifest(
    db: Database, gallery: Gallery, licences: LicenceTexts, ground: Ground, wish: ExportWish
) -> Manifest:
    """Write what models may learn from under today's rules into a folder, all or nothing.

    Replaces an earlier manifest there. Raises StorageError if the folder holds anything else, or if
    the disk fails.
    """
    harvest = await Curation(db).read(wish.guild_id)
    trust = await _trust(Trust(db), {opinion.guild_id for opinion in harvest.opinions})
    folder = build_manifest_folder(wish.directory, gallery, licences)
    return await asyncio.to_thread(_write, harvest, trust, folder, ground, wish)


async def _trust(known: Trust, guild_ids: Iterable[GuildId]) -> TrustOf:
    """How far each voter is trusted in the server where they judged."""
    now = now_ms()
    weights = {guild_id: await known.weights(guild_id, now) for guild_id in guild_ids}
    unknown = stranger_weight()
    return lambda opinion: weights[opinion.guild_id].get(opinion.voter_id, unknown)


def _write(
    harvest: Harvest,
    trust: TrustOf,
    built: AbstractContextManager[ManifestFolder],
    ground: Ground,
    wish: ExportWish,
) -> Manifest:
    with built as folder:
        scans, left_out = _scan(harvest, folder, ground, wish)
        selection = select(harvest, scans, left_out, trust)
        parents = wish.lineage.get(base_of(selection.pictures), ())
        written = folder.finish(selection, created_ms=now_ms(), parents=parents)
    return replace(written, folder=wish.directory)


def _scan(
    harvest: Harvest, folder: ManifestFolder, ground: Ground, wish: ExportWish
) -> tuple[Mapping[JobId, Scan], Sequence[LeftOut]]:
    """Scans of the pictures that may leave, and why the others may not."""
    may = partial(may_be_learned_from, ground=ground)
    scans: dict[JobId, Scan] = {}
    left_out: list[LeftOut] = []
    for entry in harvest.entries:
        why = why_left_out(entry, may, approved_only=wish.approved_only)
        if why is None and (scan := folder.scan(entry, wish.embed)):
            scans[entry.picture.job_id] = scan
        else:
            left_out.append(why or LeftOut.MISSING)
    return scans, left_out


def summary(written: Manifest) -> str:
    """A sentence about what was written."""
    pictures, judgements = written.pictures, written.judgements
    prompts = {picture.prompt_key: picture.split for picture in pictures}
    held_out = sum(split is Split.HELD_OUT for split in prompts.values())
    worded = sum(picture.text is not None for picture in pictures)
    voters = {judgement.voter for judgement in judgements}
    lines = [
        f"{_count(pictures, 'picture')}, {worded} with words to train on",
        f"{_count(judgements, 'judgement')} of {_count(voters, 'voter')}",
        f"{_count(prompts, 'prompt')}, {held_out} held out",
        *(f"left out: {count} {reason}" for reason, count in written.left_out.items()),
    ]
    if not pictures:
        lines.append("Nobody has judged a picture that may leave: let members vote first.")
    elif held_out in {0, len(prompts)}:
        lines.append(
            "A training needs prompts to learn from and others to be tested on, and the split, "
            "which never changes, put all of these on one side: let members judge pictures of "
            "more prompts."
        )
    return "\n".join([*lines, f"{written.folder}: manifest {written.sha256}"])


def _count(things: Sized, noun: str) -> str:
    return f"{len(things)} {noun}" if len(things) == 1 else f"{len(things)} {noun}s"
