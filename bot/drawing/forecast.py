"""When the waiting pictures will be drawn: what a tick costs, and who shares one until then. Pure.

`TickCosts` learns from the ticks that the worker counts; `forecast` goes through the turns as the
engine will take them. Called by the progress board. It must not know jobs' words, nor rows.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice

from bot.domain import JobId, UserId
from bot.store.views import Work

#: How much of the past is kept at each tick; about the last hundred count.
_KEEP = 0.99
#: A cost that was never seen by itself is drawn to nothing by so much.
_RIDGE = 1e-3
#: Pictures that are gone through one by one; those behind them are taken to be like them.
_FAR = 500
#: A picture that somebody may ask for.
_NOBODYS = JobId("")
#: What costs are learned for: each tick, its pixels, those of rows that end, its pieces.
_COSTS, _AREA, _PIECES = 4, 1, 3
#: Pixels are counted by so many, so that the sums stay of one size.
_PX = 100_000


class TickCosts:
    """What a tick takes: something each, something by its rows' pixels, more where rows end.

    A tick that enlarges takes something for each of its pieces, which are of one size. Learned by
    least squares over the latest ticks, for rows differ in size and share ticks in every number.
    """

    def __init__(self) -> None:
        self._products = [[0.0] * _COSTS for _ in range(_COSTS)]
        self._times = [0.0] * _COSTS
        self._costs: tuple[float, ...] | None = None

    def knows(self, work: Work) -> bool:
        """Something like it was measured."""
        return self._times[_PIECES if work.enlarged else _AREA] > 0

    def ticked(self, rows: Iterable[Work], ended: Iterable[Work], took_ms: float) -> None:
        """A tick of these rows took so long, with what came between it and the one before."""
        shared = list(rows)
        pieces = sum(row.enlarged for row in shared)
        measured = (1.0, sum(map(_area, shared)), sum(map(_area, ended)), float(pieces))
        for i, one in enumerate(measured):
            self._times[i] = self._times[i] * _KEEP + one * took_ms
            for j, other in enumerate(measured):
                self._products[i][j] = self._products[i][j] * _KEEP + one * other
        self._costs = None

    def tick_ms(self, rows: Sequence[Work]) -> float:
        """A tick of these rows."""
        each, by_area, _, by_piece = self.learned
        pieces = sum(row.enlarged for row in rows)
        return each + by_area * sum(map(_area, rows)) + by_piece * pieces

    def end_ms(self, row: Work) -> float:
        """What it takes to finish a picture after its last step."""
        return self.learned[2] * _area(row)

    @property
    def learned(self) -> tuple[float, ...]:
        """The costs by now."""
        if self._costs is None:
            self._costs = _least_squares(self._products, self._times)
        return self._costs


def _least_squares(
    products: Sequence[Sequence[float]], times: Sequence[float]
) -> tuple[float, ...]:
    """Costs of which none is below 0: what would be is left out, and the others solved anew."""
    used = [i for i in range(_COSTS) if products[i][i] > 0]
    while True:
        found = _solved([[products[i][j] for j in used] for i in used], [times[i] for i in used])
        below = [i for i, cost in zip(used, found, strict=True) if cost < 0]
        if not below:
            costs = dict(zip(used, found, strict=True))
            return tuple(costs.get(i, 0.0) for i in range(_COSTS))
        used = [i for i in used if i not in below]


def _solved(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gauss' elimination; a little on the diagonal has every matrix of sums solved."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        rows[i][i] *= 1 + _RIDGE
    for i in range(size):
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    found = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * found[j] for j in range(i + 1, size))
        found[i] = (rows[i][size] - known) / rows[i][i]
    return found


def forecast(
    costs: TickCosts, running: Iterable[Work], line: Sequence[Work], capacity: int
) -> dict[JobId, float]:
    """For each picture the milliseconds until it is drawn, with `line` in the order of its turns.

    Rows of one shape share a tick, and so do those that are enlarged; all are served in turn.
    """
    flight = list(running)
    waiting = iter(line[:_FAR])
    flight += islice(waiting, max(0, capacity - len(flight)))
    ends: dict[JobId, float] = {}
    now_ms = 0.0
    while flight:
        ticks: defaultdict[tuple[int, int] | None, list[Work]] = defaultdict(list)
        for row in flight:
            ticks[None if row.enlarged else (row.width_px, row.height_px)].append(row)
        round_ms = sum(map(costs.tick_ms, ticks.values()))
        rounds = max(1, min(row.left for row in flight))
        done = [row for row in flight if row.left <= rounds]
        now_ms += rounds * round_ms + sum(map(costs.end_ms, done))
        ends |= {row.job_id: now_ms for row in done}
        flight = [replace(row, left=row.left - rounds) for row in flight if row.left > rounds]
        flight += islice(waiting, max(0, capacity - len(flight)))
    return ends | _beyond(line[_FAR:], len(ends), now_ms)


def in_company(line: Sequence[Work], running: Sequence[Work]) -> list[Work]:
    """The line as it will be if everybody who is drawn for now asks on.

    Turns go round: who waits for several pictures is overtaken by whoever asks again meanwhile. So
    a turn that somebody has nothing for yet is taken by a picture like the others. A member whose
    turns are over sooner than promised is the lesser evil.
    """
    if not line:
        return []
    theirs: dict[UserId, list[Work]] = {work.user_id: [] for work in (*line, *running)}
    for work in line:
        theirs[work.user_id].append(work)
    usual = replace(
        next((work for work in line if not work.enlarged), line[0]),
        job_id=_NOBODYS,
        left=round(sum(work.left for work in line) / len(line)),
    )
    found: list[Work] = []
    for turn in range(max(map(len, theirs.values()))):
        if len(found) >= _FAR:
            known = {work.job_id for work in found}
            return found + [work for work in line if work.job_id not in known]
        found += [own[turn] if turn < len(own) else usual for own in theirs.values()]
    return found


def _area(work: Work) -> float:
    """Of the picture, in the unit of costs; 0 of one that no UNet is called for."""
    return 0.0 if work.enlarged else work.width_px * work.height_px / _PX


def _beyond(line: Sequence[Work], before: int, until_ms: float) -> dict[JobId, float]:
    each_ms = until_ms / before if before else 0.0
    return {row.job_id: until_ms + each_ms * n for n, row in enumerate(line, 1)}
