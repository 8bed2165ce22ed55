"""The bot under load over the real wire: acknowledgement, the loop's lag, fairness, start-up.

The real bot with the real model draws while 200 members ask at once. Everything shares two cores:
the local Discord, the bot's loop and its engine. So the rows also report the time of each, and that
of a command that does nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from bot.health import read_pulse
from bot.sandbox.wire.wire import NotPossible
from bot.sandbox.world.interactions import DEADLINE_S, Ticket
from models.report import Row, percentile, unmeasured
from tests.stages.stage import Stage, picture_count, stage
from tests.stages.stamped import read_times

MEMBERS = 200
#: Members who ask for four pictures each: as many pictures as the others in all.
GRID_MEMBERS = 50
REAL_ENGINE = {"ENGINE": "slots", "MODEL": "embedded", "CAP_GUILD": "10000"}


async def acknowledgement(tmp_path: Path, members: int = MEMBERS) -> list[Row]:
    """Everybody asks at the same moment, while pictures are drawn."""
    settings = {**REAL_ENGINE, "STAMPS": str(tmp_path / "stamps")}
    async with stage(tmp_path, settings, start=False, module="tests.stages.stamped") as here:
        began_s = time.perf_counter()
        await here.start()
        start_s = time.perf_counter() - began_s
        await here.accept_terms()
        people = [here.sandbox.add_person(f"fan {n}") for n in range(members)]
        await _accept_all(here, people)
        await here.draw("1girl, while you wait", count=4)
        first = CoreTime.of(here.bot.pid)
        idle_tickets = await _ask_all(here, people, "echo", {})
        second = CoreTime.of(here.bot.pid)
        tickets = await _ask_all(here, people, "waifu", {"prompt": "1girl, blue hair"})
        third = CoreTime.of(here.bot.pid)
        memory_mib = psutil.Process(here.bot.pid).memory_info().rss / 2**20
        lag_ms = await _lag_while_drawing_ms(here)
    what = f"{members} simultaneous /waifu"
    return [
        *_acknowledgement_rows(tickets, what),
        *_inside_and_outside_rows(tickets, read_times(tmp_path / "stamps"), what),
        *_loop_rows(what, second, third, members),
        *_compared_with_idle_rows(tickets, idle_tickets, members),
        *_loop_rows(f"{members} simultaneous commands that do nothing", first, second, members),
        _row("event-loop lag while drawing, p99", lag_ms, "ms", 50),
        _row("from start to connected, model loaded", start_s, "s", None),
        _row("memory of the bot under that load", memory_mib, "MiB", None),
    ]


async def grids(tmp_path: Path, members: int = GRID_MEMBERS) -> list[Row]:
    """The same for members who ask for four pictures each, which come as one post."""
    settings = {**REAL_ENGINE, "STAMPS": str(tmp_path / "stamps")}
    async with stage(tmp_path, settings, module="tests.stages.stamped") as here:
        await here.accept_terms()
        people = [here.sandbox.add_person(f"fan {n}") for n in range(members)]
        await _accept_all(here, people)
        await here.draw("1girl, while you wait", count=4)
        before = CoreTime.of(here.bot.pid)
        tickets = await _ask_all(here, people, "waifu", {"prompt": "1girl, blue hair", "count": 4})
        after = CoreTime.of(here.bot.pid)
        lag_ms = await _lag_while_drawing_ms(here)
    what = f"{members} simultaneous /waifu count: 4"
    return [
        *_acknowledgement_rows(tickets, what),
        *_inside_and_outside_rows(tickets, read_times(tmp_path / "stamps"), what),
        *_loop_rows(what, before, after, members),
        _row("event-loop lag while drawing four pictures a post, p99", lag_ms, "ms", 50),
    ]


async def _lag_while_drawing_ms(here: Stage) -> float:
    """The p99 of the event loop's lag while nothing but drawing and posting goes on."""
    # The pulse covers the last minute: let it fill with drawing only.
    await asyncio.sleep(30)
    pulse = read_pulse(here.data_dir)
    assert pulse is not None
    return pulse.lag_p99_ms


async def _accept_all(here: Stage, people: list[int]) -> None:
    """Accept the licence beforehand, through the bot, as its database requires."""
    for person in people:
        await here.accept_only(person)


async def _ask_all(
    here: Stage, people: list[int], command: str, options: dict[str, Any]
) -> list[Ticket]:
    tickets = [here.sandbox.slash(person, here.channel_name, command, options) for person in people]
    answers = await asyncio.gather(*(t.answer() for t in tickets), return_exceptions=True)
    assert all(isinstance(a, NotPossible) for a in answers if isinstance(a, BaseException))
    return tickets


def _wait_ms(ticket: Ticket) -> float:
    """The wait for an answer; if there was none, the whole time that Discord allows."""
    return DEADLINE_S * 1000 if ticket.wait_ms is None else ticket.wait_ms


def _acknowledgement_rows(tickets: Sequence[Ticket], what: str) -> list[Row]:
    name = f"acknowledgement of {what}, "
    waits_ms = [_wait_ms(ticket) for ticket in tickets]
    return [
        _row(name + "p50", percentile(waits_ms, 0.5), "ms", None),
        _row(name + "p99", percentile(waits_ms, 0.99), "ms", 500),
        _row(name + "max", max(waits_ms), "ms", 3000),
        _row(
            name + "unanswered within 3 s",
            sum(ticket.wait_ms is None for ticket in tickets),
            "requests",
            0,
        ),
    ]


def _compared_with_idle_rows(
    tickets: Sequence[Ticket], idle_tickets: Sequence[Ticket], members: int
) -> list[Row]:
    """The time of a command that does nothing, and how many times longer /waifu takes."""
    p99_ms = percentile([_wait_ms(ticket) for ticket in idle_tickets], 0.99)
    times = percentile([_wait_ms(ticket) for ticket in tickets], 0.99) / p99_ms
    name = f"acknowledgement of {members} simultaneous "
    return [
        _row(name + "commands that do nothing, p99", p99_ms, "ms", None),
        _row(name + "/waifu, p99 beside that", times, "times", None),
    ]


def _inside_and_outside_rows(
    tickets: Sequence[Ticket], at: dict[tuple[str, int], float], what: str
) -> list[Row]:
    """How much of that time the bot took, and how much the way there and back."""
    answered = [ticket for ticket in tickets if ("answers", ticket.id) in at]
    inside_ms = [1000 * (at["answers", t.id] - at["got", t.id]) for t in answered]
    outside_ms = [_wait_ms(t) - ms for t, ms in zip(answered, inside_ms, strict=True)]
    name = f"acknowledgement of {what}, "
    return [
        _row(name + "in the bot, p99", percentile(inside_ms, 0.99), "ms", None),
        _row(name + "there and back, p99", percentile(outside_ms, 0.99), "ms", None),
    ]


@dataclass(frozen=True, slots=True, kw_only=True)
class CoreTime:
    """The time that a process's first thread ran and waited for a core, in ms."""

    ran_ms: float
    waited_ms: float

    @classmethod
    def of(cls, pid: int) -> CoreTime | None:
        """The times so far; None where the kernel does not report them."""
        try:
            fields = Path(f"/proc/{pid}/task/{pid}/schedstat").read_text().split()
        except OSError:
            return None
        return cls(ran_ms=int(fields[0]) / 1e6, waited_ms=int(fields[1]) / 1e6)


def _loop_rows(
    what: str, before: CoreTime | None, after: CoreTime | None, members: int
) -> list[Row]:
    """The work of the bot's loop meanwhile; other processes do not count."""
    name = f"{what}, work of the bot's loop for each"
    if before is None or after is None:
        return [unmeasured("flow", name, "the kernel does not tell")]
    waited_ms = after.waited_ms - before.waited_ms
    return [
        _row(name, (after.ran_ms - before.ran_ms) / members, "ms", None),
        _row(f"{what}, the loop's wait for a core", waited_ms, "ms", None),
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
    """One member queues fifty pictures, then five guests one each: how many come before theirs?"""
    async with stage(tmp_path, {"BATCH_ROWS": "1"}) as here:
        await here.accept_terms()
        guests = [here.sandbox.add_person(f"guest {n}") for n in range(5)]
        await _accept_all(here, guests)
        before = picture_count(here.picture_posts())
        for _ in range(25):
            await here.draw("1girl, flood", steps=50, count=2)
        done = here.rows("SELECT count(*) FROM jobs WHERE state <> 'queued'")[0][0]
        await asyncio.gather(*(here.draw("1girl, guest", who=guest, steps=50) for guest in guests))
        await here.wait_for_pictures(before + 55, limit_s=300)

        async def all_ended() -> bool:
            return not here.rows("SELECT 1 FROM jobs WHERE ended_ms IS NULL")

        await here.until(all_ended)
        order = here.rows("SELECT user_id, ended_ms - created_ms FROM jobs ORDER BY ended_ms, id")
    guest_places = [place - done for place, row in enumerate(order) if row[0] in guests][-5:]
    waits_s = [
        [w / 1000 for user, w in order if (user in guests) is guest] for guest in (True, False)
    ]
    return [
        _row(
            "pictures before the last of five guests behind 50 of one",
            max(guest_places),
            "jobs",
            12,
        ),
        _row("longest wait of those five", max(waits_s[0]), "s", None),
        _row("longest wait of the one with 50", max(waits_s[1]), "s", None),
    ]


async def measure(tmp_path: Path) -> list[Row]:
    """The rows of all three measurements."""
    rows: list[Row] = []
    for part in (acknowledgement, grids, fairness):
        directory = tmp_path / part.__name__
        directory.mkdir()
        rows += await part(directory)
    return rows
