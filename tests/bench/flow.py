"""The bot under load over the real wire: acknowledgement, the loop's lag, fairness, start-up.

The real bot with the real model draws while 200 members ask at once. Everything shares two cores:
the local Discord, the bot's loop and its engine.
"""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import psutil

from bot.health import read_pulse
from bot.sandbox.wire.wire import NotPossible
from bot.sandbox.world.interactions import DEADLINE_S
from models.report import Row, percentile
from tests.stages.stage import Stage, pictures, stage

MEMBERS = 200
REAL_ENGINE = {"ENGINE": "slots", "MODEL": "embedded", "CAP_GUILD": "10000"}


async def acknowledgement(tmp_path: Path, members: int = MEMBERS) -> list[Row]:
    """Everybody asks in the same moment, while pictures are drawn."""
    async with stage(tmp_path, REAL_ENGINE, start=False) as here:
        began_s = time.perf_counter()
        await here.up()
        start_s = time.perf_counter() - began_s
        await here.accept_terms()
        people = [here.sandbox.add_person(f"fan {n}") for n in range(members)]
        await _accept_all(here, people)
        await here.draw("1girl, while you wait", count=4)
        waits_ms, silent = await _ask_all(here, people)
        memory_mib = psutil.Process(here.bot.pid).memory_info().rss / 2**20
        # The pulse covers the last minute: let it fill with drawing alone.
        await asyncio.sleep(30)
        pulse = read_pulse(here.data_dir)
        assert pulse is not None
    return [
        *_acknowledged(waits_ms, silent, members),
        _row("event-loop lag while drawing, p99", pulse.lag_p99_ms, "ms", 50),
        _row("from start to connected, model loaded", start_s, "s", None),
        _row("memory of the bot under that load", memory_mib, "MiB", None),
    ]


async def _accept_all(here: Stage, people: list[int]) -> None:
    """The licence is accepted beforehand, in the database's own way: through the bot."""
    for person in people:
        await here.accept_only(person)


async def _ask_all(here: Stage, people: list[int]) -> tuple[list[float], int]:
    tickets = [
        here.sandbox.slash(person, here.where, "waifu", {"prompt": "1girl, blue hair"})
        for person in people
    ]
    answers = await asyncio.gather(*(t.answer() for t in tickets), return_exceptions=True)
    silent = sum(isinstance(answer, NotPossible) for answer in answers)
    # Who was not answered waited for the whole of Discord's patience: it belongs in the figures.
    return [DEADLINE_S * 1000 if t.wait_ms is None else t.wait_ms for t in tickets], silent


def _acknowledged(waits_ms: list[float], silent: int, members: int) -> list[Row]:
    name = f"acknowledgement of {members} simultaneous /waifu, "
    return [
        _row(name + "p50", percentile(waits_ms, 0.5), "ms", None),
        _row(name + "p99", percentile(waits_ms, 0.99), "ms", 500),
        _row(name + "max", max(waits_ms), "ms", 3000),
        _row(name + "unanswered within 3 s", silent, "requests", 0),
    ]


def _row(name: str, value: float, unit: str, limit: float | None) -> Row:
    return Row(
        area="flow",
        name=name,
        value=value,
        unit=unit,
        goal="" if limit is None else f"<= {limit:g}",
        holds=None if limit is None else value <= limit,
    )


async def fairness(tmp_path: Path) -> list[Row]:
    """One member queues fifty pictures, then five queue one each: how many come before theirs?"""
    async with stage(tmp_path, {"BATCH_ROWS": "1"}) as here:
        await here.accept_terms()
        five = [here.sandbox.add_person(f"guest {n}") for n in range(5)]
        await _accept_all(here, five)
        before = pictures(here.posted())
        for _ in range(25):
            await here.draw("1girl, flood", steps=50, count=2)
        done = here.rows("SELECT count(*) FROM jobs WHERE state <> 'queued'")[0][0]
        await asyncio.gather(*(here.draw("1girl, guest", who=guest, steps=50) for guest in five))
        await here.posts(before + 55, limit_s=300)

        async def noted() -> bool:
            return not here.rows("SELECT 1 FROM jobs WHERE ended_ms IS NULL")

        await here.until(noted)
        order = here.rows("SELECT user_id, ended_ms - created_ms FROM jobs ORDER BY ended_ms, id")
    places = [place - done for place, row in enumerate(order) if row[0] in five][-5:]
    waits_s = [
        [w / 1000 for user, w in order if (user in five) is guest] for guest in (True, False)
    ]
    return [
        _row("pictures before the last of five guests behind 50 of one", max(places), "jobs", 12),
        _row("longest wait of those five", max(waits_s[0]), "s", None),
        _row("longest wait of the one with 50", max(waits_s[1]), "s", None),
    ]


async def measure(tmp_path: Path) -> list[Row]:
    """Both."""
    rows: list[Row] = []
    for part in (acknowledgement, fairness):
        directory = tmp_path / part.__name__
        directory.mkdir()
        rows += await part(directory)
    return rows
