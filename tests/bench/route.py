"""The README's promise: members ask and vote, the owner presses Learn, the model improves.

The real bot with the real model draws for the local Discord's members, learns from their votes and
measures what it learned; meanwhile a member sometimes asks for a picture. Run it as
`python -m tests.bench.route --scratch FOLDER`; it takes about twenty minutes on two free cores.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from bot.health import read_pulse
from bot.learning.runs import LearningRun, RunStage, read
from bot.sandbox.fans.tastes import FanTaste
from models.catalogue import card as cards
from models.report import Row, percentile, table, unmeasured, write_json
from tests.stages.stage import Stage, picture_count, stage

#: The default numbers of the page.
PICTURES, VOTES = 96, 500
_SETTINGS = {"ENGINE": "slots", "MODEL": "embedded"}
#: The pause between two requests during the training.
_BETWEEN_S = 20.0
_LONGEST_S = 3600.0
_END_STAGES = frozenset({RunStage.PASSED, RunStage.REFUSED, RunStage.FAILED, RunStage.STOPPED})


class Watch:
    """Records the time of each stage, and how fast the bot answers meanwhile."""

    def __init__(self, here: Stage) -> None:
        self._here = here
        self._file = here.data_dir / "learning" / "run.json"
        self.took_s: defaultdict[RunStage, float] = defaultdict(float)
        self.waits_ms: list[float] = []
        self.lags_ms: list[float] = []

    async def until_over(self) -> LearningRun:
        """Wait for the end of the run; return it."""
        last_ask_s = last_look_s = time.monotonic()
        while True:
            await asyncio.sleep(1)
            run, now_s = read(self._file), time.monotonic()
            assert run is not None, "the training was begun"
            self.took_s[run.stage] += now_s - last_look_s
            last_look_s = now_s
            if run.stage in _END_STAGES:
                return run
            if now_s - last_ask_s > _BETWEEN_S:
                await self._ask()
                last_ask_s = time.monotonic()

    async def _ask(self) -> None:
        """Ask as a member during the training, and wait for the picture."""
        posted = picture_count(self._here.picture_posts())
        options = {"prompt": "1girl, blue hair"}
        ticket = self._here.sandbox.slash("member", self._here.channel_name, "waifu", options)
        await ticket.answer()
        assert ticket.wait_ms is not None
        self.waits_ms.append(ticket.wait_ms)
        if pulse := read_pulse(self._here.data_dir):
            self.lags_ms.append(pulse.lag_p99_ms)
        await self._here.wait_for_pictures(posted + 1, _LONGEST_S)


async def measure(scratch: Path, taste: FanTaste) -> list[Row]:
    """Walk the route once."""
    async with stage(scratch, _SETTINGS) as here:
        fans, channel_id = here.sandbox.fans, here.sandbox.channel(here.channel_name)
        await here.accept_terms()
        fans.ask(channel_id, PICTURES)
        await _until_done(here, "asking")
        await here.wait_for_pictures(1 + PICTURES, _LONGEST_S)
        fans.vote(taste, VOTES)
        await _until_done(here, "voting")
        assert fans.report()["voting"]["done"] == VOTES
        begun = await here.sandbox.slash("owner", here.channel_name, "learn start").answer()
        assert begun.message is not None
        print(begun.message["content"], flush=True)
        watch = Watch(here)
        run = await watch.until_over()
        print(run.said, flush=True)
        card = here.data_dir / "models" / run.id / cards.FILE_NAME
        verdict = cards.read(card).verdict if card.exists() else None
    figures = verdict.figures if verdict else ()
    refusals = (_row(f"refused for {f.name}", f.value, f.unit) for f in figures if not f.holds)
    return [*_rows(watch, taste, run), *refusals]


async def _until_done(here: Stage, what: str) -> None:
    async def done() -> bool:
        return not here.sandbox.fans.report()[what]["running"]

    await here.until(done, _LONGEST_S)


def _rows(watch: Watch, taste: FanTaste, run: LearningRun) -> Iterator[Row]:
    passed = run.stage is RunStage.PASSED
    # There is nothing to learn from random votes.
    holds = passed is not (taste is FanTaste.CHANCE)
    yield _row(f"{taste}: what came of it", run.stage.value, "", holds=holds)
    for stage_, name in _STAGES.items():
        yield _row(f"{taste}: {name}", watch.took_s[stage_], "s")
    yield from answer_rows(watch.waits_ms, watch.lags_ms)


_STAGES: Mapping[RunStage, str] = {
    RunStage.EXPORT: "export",
    RunStage.TRAIN: "training",
    RunStage.JUDGE: "gate",
}


def answer_rows(waits_ms: Sequence[float], lags_ms: Sequence[float]) -> Iterator[Row]:
    """How fast the bot answered during the training, and how late its loop was."""
    name = f"acknowledgement beside it, worst of {len(waits_ms)}"
    if waits_ms:
        yield _row(name, max(waits_ms), "ms", limit=500)
    else:
        yield unmeasured("route", name, "nobody asked in the midst of it", "<= 500")
    name = "event-loop lag beside it, median of p99"
    if lags_ms:
        yield _row(name, percentile(list(lags_ms), 0.5), "ms", limit=50)
    else:
        yield unmeasured("route", name, "the bot told no pulse", "<= 50")


def _row(
    name: str,
    value: float | str,
    unit: str,
    *,
    limit: float | None = None,
    holds: bool | None = None,
) -> Row:
    if limit is not None and not isinstance(value, str):
        holds = value <= limit
    goal = "" if limit is None else f"<= {limit:g}"
    return Row(area="route", name=name, value=value, unit=unit, goal=goal, holds=holds)


def main() -> int:
    """Exit code 0 if the model passed (for random votes: if it did not) and the bot kept up."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.route", description=__doc__)
    parser.add_argument("--scratch", type=Path, required=True, help="an empty folder")
    parser.add_argument("--taste", type=FanTaste, choices=list(FanTaste), default=FanTaste.WARM)
    parser.add_argument("--json", type=Path, help="write the rows to this file")
    args = parser.parse_args()
    rows = asyncio.run(measure(args.scratch, args.taste))
    print(table(rows))
    if args.json:
        write_json(rows, args.json)
    return 0 if all(row.holds is not False for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
