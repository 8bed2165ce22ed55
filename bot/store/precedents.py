"""Moderators' rulings on a picture, applied when somebody asks for it again.

The same words and seed draw the same picture, so an unrecorded removal would be undone by the next
request. Only a keyed hash per server is kept, without words or names, so it outlives requests to be
forgotten. `consequences.py` and `removal.py` write; accepting a request and keeping a picture read.
Must not know the words of messages.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from bot.domain import GuildId, JobId, Ruling
from bot.store.db import Database, Transaction
from bot.store.job_rows import draw_of
from bot.store.nameless import keyed_hash, read_key
from models.contract import Draw

#: Blanks around punctuation make no difference to a text encoder.
_BLANKS_AROUND_PUNCTUATION = re.compile(r"\s*([^\w\s])\s*")


async def set_precedents(tx: Transaction, job_ids: Sequence[JobId], ruling: Ruling) -> None:
    """Record moderators' ruling on the pictures of these jobs; a stricter one stays."""
    rows = await tx.fetch_all(
        "SELECT jobs.draw, pictures.guild_id, card_id FROM pictures"
        " JOIN jobs ON jobs.id = pictures.job_id"
        " WHERE job_id IN (SELECT value FROM json_each(:jobs))",
        {"jobs": json.dumps(job_ids)},
    )
    key = await read_key(tx)
    await tx.execute_many(
        "INSERT INTO precedents (guild_id, mark, ruling) VALUES (:guild, :mark, :ruling)"
        " ON CONFLICT DO UPDATE SET ruling = max(ruling, excluded.ruling)",
        [
            {
                "guild": row["guild_id"],
                "mark": _mark(key, draw_of(row["draw"], []), row["card_id"]),
                "ruling": ruling,
            }
            for row in rows
        ],
    )


async def precedent_of(
    db: Database | Transaction, guild_id: GuildId, draws: Iterable[Draw], card_id: str
) -> Ruling | None:
    """The server's strictest ruling on any of these pictures; None if there is none.

    A ruling on a picture also applies to enlarged copies; variations of a picture with a ruling get
    a spoiler. `card_id` is the model of draws that name none.
    """
    draws = [*draws]
    enlarged = await _sources_of(db, [draw for draw in draws if draw.enlarged])
    varied = await _sources_of(db, [draw for draw in draws if not draw.enlarged])
    ruling = await _strictest_ruling(db, guild_id, [*draws, *enlarged], card_id)
    if varied and await _strictest_ruling(db, guild_id, varied, card_id) is not None:
        return max(ruling or Ruling.SPOILER, Ruling.SPOILER)
    return ruling


async def _strictest_ruling(
    db: Database | Transaction, guild_id: GuildId, draws: Sequence[Draw], card_id: str
) -> Ruling | None:
    row = await db.fetch_one(
        "SELECT max(ruling) AS ruling FROM precedents"
        " WHERE guild_id = :guild AND mark IN (SELECT value FROM json_each(:marks))",
        {"guild": guild_id, "marks": await _marks(db, draws, card_id)},
    )
    return None if row is None or row["ruling"] is None else Ruling(row["ruling"])


async def with_enlarged(tx: Transaction, job_ids: Sequence[JobId]) -> list[JobId]:
    """These jobs and the jobs of anybody that enlarge their pictures."""
    rows = await tx.fetch_all(
        "SELECT jobs.id FROM requests JOIN jobs ON jobs.request_id = requests.id"
        " WHERE requests.kind = 'upscale'"
        " AND requests.parent_job_id IN (SELECT value FROM json_each(:jobs))",
        {"jobs": json.dumps(job_ids)},
    )
    return list(dict.fromkeys([*job_ids, *(JobId(row["id"]) for row in rows)]))


async def lift_removals(
    tx: Transaction, guild_id: GuildId, draws: Iterable[Draw], card_id: str
) -> None:
    """Lift the removals of these draws, because moderators now allow them. Spoilers stay."""
    await tx.execute(
        "DELETE FROM precedents WHERE guild_id = :guild AND ruling = :removed"
        " AND mark IN (SELECT value FROM json_each(:marks))",
        {
            "guild": guild_id,
            "removed": Ruling.REFUSE,
            "marks": await _marks(tx, draws, card_id),
        },
    )


async def _sources_of(db: Database | Transaction, draws: Iterable[Draw]) -> list[Draw]:
    """The draws of the source pictures, for those that have one."""
    sources = [draw.source for draw in draws if draw.source]
    if not sources:
        return []
    rows = await db.fetch_all(
        "SELECT draw FROM jobs WHERE id IN (SELECT value FROM json_each(:sources))",
        {"sources": json.dumps(sources)},
    )
    return [draw_of(row["draw"], []) for row in rows]


async def _marks(db: Database | Transaction, draws: Iterable[Draw], card_id: str) -> str:
    key = await read_key(db)
    return json.dumps([_mark(key, draw, draw.model or card_id) for draw in draws])


def _mark(key: bytes, draw: Draw, card_id: str) -> str:
    """The hash that identifies a picture.

    Steps and guidance scale are left out, because one step more draws nearly the same picture.
    """
    parts: tuple[str | float, ...] = (
        _normalised(draw.words), _normalised(draw.negative), draw.seed, draw.width_px,
        draw.height_px, card_id,
    )  # fmt: skip
    if draw.source is not None:
        parts += (draw.source, draw.strength or 0)
    return keyed_hash(key, f"draw {json.dumps(parts)}").hex()


def _normalised(text: str) -> str:
    """A prompt as a text encoder reads it: case and repeated blanks do not matter."""
    return _BLANKS_AROUND_PUNCTUATION.sub(r"\1", " ".join(text.casefold().split()))
