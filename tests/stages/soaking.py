"""A soak: the real bot lives through hours of requests and failures in minutes, and nothing grows.

`tests/bench/soak.py` runs it for a day, `tests/test_soak.py` for some minutes. `hurried.py` makes
the bot's time pass fast; the local Discord keeps to the wall clock.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

from bot.sandbox.wire.wire import NotPossible, Payload
from tests.stages.gauging import Gauge, read_gauge
from tests.stages.looks import Forgotten
from tests.stages.promises import Expected, Faults, faults
from tests.stages.stage import Stage, button, stage

#: How many times as fast idle time passes.
HURRY = 240
#: The deeds by name, each with its relative frequency.
_DEEDS: Mapping[str, int] = {
    "ask": 12, "vote": 12, "delete": 2, "look": 4, "come_and_go": 1, "drop": 1, "invalidate": 1,
    "limit": 1, "fail": 1, "vanish": 1,
}  # fmt: skip
#: The quiet time before a gauge, in which everything that expires does so.
QUIET_S = 1_800
#: Containers of only the latest result, whose size depends on chance.
_LATEST = frozenset(
    {"bot.drawing.outlook.Outlook._line", "bot.store.queue.Share", "bot.store.views.Work"}
)
_POLL_S = 0.02
#: A member's attempts to be forgotten before the soak fails.
_TRIES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class SoakResult:
    """A gauge after the warm-up and one at the end, and the deeds in between."""

    before: Gauge
    after: Gauge
    simulated_s: float
    deed_counts: Mapping[str, int]
    faults: Faults

    @property
    def growth(self) -> dict[str, int]:
        """By how much each container or class has grown."""
        more = {name: n - self.before.sizes.get(name, 0) for name, n in self.after.sizes.items()}
        return {name: n for name, n in more.items() if n > 0 and name not in _LATEST}


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """How long people act: at least this many simulated seconds and this many deeds."""

    seconds: float = 0.0
    deeds: int = 0


async def soak(
    tmp_path: Path,
    *,
    warm_up: Span,
    then: Span,
    pause_s: float,
    quiet_s: float = QUIET_S,
    seed: int = 1,
    leak: bool = False,
    say: Callable[[str], None] = lambda _: None,
) -> SoakResult:
    """Warm up, take a gauge, continue and take another.

    People do a deed every `pause_s` on average, and nothing for `quiet_s` before a gauge.
    """
    simulated, gauged = tmp_path / "simulated", tmp_path / "gauge"
    settings = {
        "HURRY": str(HURRY), "SIMULATED": str(simulated), "GAUGE": str(gauged),
        "LEAK": "yes" if leak else "", "LOG_LEVEL": "ERROR",
    }  # fmt: skip
    async with stage(tmp_path, settings, module="tests.stages.hurried") as here:
        day = Day(here, random.Random(seed), simulated, gauged, pause_s, quiet_s)
        await here.accept_terms()
        await day.act_for(warm_up)
        before = await day.take_gauge()
        say(f"warm after {day.now_s():.0f} simulated seconds: {before.rss_bytes >> 20} MiB")
        began_s = day.now_s()
        await day.act_for(then)
        after = await day.take_gauge()
        return SoakResult(
            before=before,
            after=after,
            simulated_s=day.now_s() - began_s,
            deed_counts=day.deed_counts,
            faults=faults(here, day.expected),
        )


@dataclass
class Day:
    """What people and Discord do to one bot: a method for each deed."""

    here: Stage
    dice: random.Random
    simulated: Path
    gauged: Path
    pause_s: float
    quiet_s: float
    expected: Expected = field(default_factory=lambda: Expected(promised={"1girl": 1}))
    deed_counts: dict[str, int] = field(default_factory=lambda: dict.fromkeys(_DEEDS, 0))
    _numbers: count[int] = field(default_factory=count)

    def now_s(self) -> float:
        """How long the bot has run, by its own clock."""
        (passed_s,) = struct.unpack("d", self.simulated.read_bytes())
        return passed_s

    async def act_for(self, span: Span) -> None:
        """Do random deeds for this span."""
        until_s, until = self.now_s() + span.seconds, sum(self.deed_counts.values()) + span.deeds
        while self.now_s() < until_s or sum(self.deed_counts.values()) < until:
            (name,) = self.dice.choices([*_DEEDS], [*_DEEDS.values()])
            await getattr(self, f"_{name}")()
            self.deed_counts[name] += 1
            await self._let_time_pass(self.dice.expovariate(1 / self.pause_s))

    async def take_gauge(self) -> Gauge:
        """Wait until everything is at rest, then take a gauge."""
        self.here.sandbox.clear_weather()
        await self.here.until(self._is_settled, 300)
        await self._let_time_pass(self.quiet_s)
        self.gauged.unlink(missing_ok=True)
        os.kill(self.here.bot.pid, signal.SIGUSR1)

        async def is_written() -> bool:
            return self.gauged.exists()

        await self.here.until(is_written)
        return read_gauge(self.gauged)

    async def _is_settled(self) -> bool:
        return await self.here.is_up() and not faults(self.here, self.expected)

    async def _let_time_pass(self, seconds: float) -> None:
        until_s = self.now_s() + seconds
        while self.now_s() < until_s:
            assert self.here.bot.running, "the bot ended by itself"
            await asyncio.sleep(_POLL_S)

    # ---- people ---------------------------------------------------------------------------------

    async def _run_command(self, who: str | int, command: str, **options: object) -> Payload | None:
        """Run a command; return the answer, if there is one."""
        slash = self.here.sandbox.slash
        try:
            return (await slash(who, self.here.channel_name, command, options).answer()).message
        except NotPossible:
            return None

    async def _press(self, who: str | int, under: Payload, action: str) -> Payload | None:
        press = button(under, action, missing="")
        try:
            ticket = self.here.sandbox.click(who, under["id"], press) if press else None
            return (await ticket.answer()).message if ticket else None
        except NotPossible:
            return None

    async def _ask(self) -> None:
        prompt = f"1girl, number {next(self._numbers)}"
        n = self.dice.randint(1, 2)
        answer = await self._run_command("member", "waifu", prompt=prompt, count=n)
        if answer and button(answer, "cancel", missing=""):
            self.expected.promised[prompt] = n

    async def _vote(self) -> None:
        if posts := self.here.picture_posts()[-20:]:
            under, who = self.dice.choice(posts)["id"], self.dice.choice(("owner", "newcomer"))
            self.here.sandbox.react(who, under, self.dice.choice("👍👎"))

    async def _delete(self) -> None:
        if posts := self.here.picture_posts():
            asked = await self._press("member", self.dice.choice(posts), "delete")
            if asked:
                await self._press("member", asked, "deleteyes")

    async def _look(self) -> None:
        await self._run_command(
            "owner", self.dice.choice(("votes top", "queue", "privacy show", "help"))
        )

    async def _come_and_go(self) -> None:
        """A new member joins, votes, and asks to be forgotten."""
        who = self.here.sandbox.add_person(f"guest {next(self._numbers)}")
        if posts := self.here.picture_posts()[-5:]:
            self.here.sandbox.react(who, self.dice.choice(posts)["id"], "👍")
        for _ in range(_TRIES):
            asked = await self._run_command(who, "privacy forget")
            if asked and await self._press(who, asked, "forget"):
                gone = Forgotten(user_id=who, words=(), job_ids=frozenset())
                self.expected.forgotten.append(gone)
                return
            await asyncio.sleep(1)
        raise AssertionError("the bot does not forget a member who asks for it")

    # ---- the weather ----------------------------------------------------------------------------

    async def _drop(self) -> None:
        self.here.sandbox.drop_gateway()

    async def _invalidate(self) -> None:
        self.here.sandbox.invalidate_session()

    async def _limit(self) -> None:
        self.here.sandbox.start_rate_limit(self.dice.randint(1, 4))

    async def _fail(self) -> None:
        self.here.sandbox.start_outage(self.dice.randint(1, 4), self.dice.choice((500, 502, 503)))

    async def _vanish(self) -> None:
        self.here.sandbox.go_offline(self.dice.random())
