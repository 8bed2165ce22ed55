"""When the waiting pictures will be drawn: what a tick costs, and who shares one until then. Pure.

`TickCosts` learns from the ticks that the worker counts; `forecast` goes through the turns as the
engine will take them, with whoever asks on meanwhile. Called by the progress board. It must not
know jobs' words, nor rows.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain import JobId, UserId
from bot.store.views import Work

#: How much of the past is kept at each tick; about the last hundred count.
_KEEP = 0.99
#: A cost that was never seen by itself is drawn to nothing by so much.
_RIDGE = 1e-3
#: Pictures that are gone through one by one; what comes then is taken to be as slow.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Regular:
    """A member who was drawn for lately, and is taken to ask on."""

    #: Their latest picture, whole: the next are taken to be like it.
    usual: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class AskingOn:
    """Who asks on beside those who wait."""

    #: Who was served longest ago comes first.
    regulars: Mapping[UserId, Regular] = field(default_factory=dict[UserId, Regular])
    #: From a member's last picture until they ask again; for ever, if nobody does.
    away_ms: float = math.inf
    #: How many pictures they ask for at once.
    each: int = 1


def forecast(
    costs: TickCosts,
    running: Sequence[Work],
    line: Sequence[Work],
    capacity: int,
    asking_on: AskingOn | None = None,
) -> dict[JobId, float]:
    """For each picture the milliseconds until it is drawn, with `line` in the order of its turns.

    Rows of one shape share a tick, and so do those that are enlarged; all are served in turn. Whose
    pictures are all drawn asks again after a while, for turns go round: who waits for several
    pictures is overtaken by whoever asks on meanwhile.
    """
    future = _Future(costs, running, line, capacity, asking_on)
    future.come()
    late = [work for work in line if work.job_id not in future.ends]
    return future.ends | _beyond(late, len(future.ends), future.now_ms)


class _Future:
    """What is in the engine, what waits, and who comes back when; `ends` fills as time goes on."""

    def __init__(
        self,
        costs: TickCosts,
        running: Sequence[Work],
        line: Sequence[Work],
        capacity: int,
        asking_on: AskingOn | None,
    ) -> None:
        self.now_ms = 0.0
        self.ends: dict[JobId, float] = {}
        self._costs, self._capacity, self._asking_on = costs, capacity, asking_on or AskingOn()
        self._flight = list(running)
        self._owed = {work.job_id for work in (*running, *line)}
        self._waiting: defaultdict[UserId, deque[Work]] = defaultdict(deque)
        for work in line:
            self._waiting[work.user_id].append(work)
        served = {user: place for place, user in enumerate(self._asking_on.regulars)}
        here = [work.user_id for work in (*line, *running)]
        users = dict.fromkeys([*here, *self._asking_on.regulars])
        #: Whose turn it is, the next first. Who was never served stands before all who were.
        self._turns = dict.fromkeys(sorted(users, key=lambda user: served.get(user, -1)))
        self._usual = {user: one.usual for user, one in self._asking_on.regulars.items()}
        self._usual |= {work.user_id: work for work in line}
        away = [user for user in self._asking_on.regulars if self._has_nothing(user)]
        self._back_ms = dict(zip(away, _spread(self._asking_on.away_ms, len(away)), strict=True))

    def come(self) -> None:
        """Go on until everything that is owed is drawn, or far enough."""
        drawn = 0
        while self._owed and drawn < _FAR:
            self._fill()
            drawn += self._draw()
            for user in [user for user, at_ms in self._back_ms.items() if at_ms <= self.now_ms]:
                del self._back_ms[user]
                again = replace(self._usual[user], job_id=_NOBODYS)
                self._waiting[user].extend([again] * self._asking_on.each)

    def _fill(self) -> None:
        """Take in what fits, of each member in turn."""
        while len(self._flight) < self._capacity:
            user = next((user for user in self._turns if self._waiting[user]), None)
            if user is None:
                return
            self._flight.append(self._waiting[user].popleft())
            self._turns[user] = self._turns.pop(user)

    def _draw(self) -> int:
        """Draw until a picture ends, or a place that is free may be taken. How many ended."""
        ticks: defaultdict[tuple[int, int] | None, list[Work]] = defaultdict(list)
        for row in self._flight:
            ticks[None if row.enlarged else (row.width_px, row.height_px)].append(row)
        round_ms = sum(map(self._costs.tick_ms, ticks.values()))
        rounds = max(1, min(row.left for row in self._flight))
        if len(self._flight) < self._capacity and round_ms:
            first_ms = min(self._back_ms.values(), default=math.inf) - self.now_ms
            rounds = max(1, math.floor(min(rounds, first_ms / round_ms + 1)))
        done = [row for row in self._flight if row.left <= rounds]
        self._flight = [
            replace(row, left=row.left - rounds) for row in self._flight if row.left > rounds
        ]
        self.now_ms += rounds * round_ms + sum(map(self._costs.end_ms, done))
        for row in done:
            self._end(row)
        return len(done)

    def _end(self, row: Work) -> None:
        if row.job_id in self._owed:
            self._owed.remove(row.job_id)
            self.ends[row.job_id] = self.now_ms
        if row.user_id in self._usual and self._has_nothing(row.user_id):
            self._back_ms[row.user_id] = self.now_ms + self._asking_on.away_ms

    def _has_nothing(self, user: UserId) -> bool:
        return not self._waiting[user] and all(row.user_id != user for row in self._flight)


def _spread(away_ms: float, count: int) -> list[float]:
    """When so many members ask again who are away now: each in the middle of an equal chance.

    How long somebody has been away says nothing of when they come, so an exponential law is taken.
    """
    return [-away_ms * math.log1p(-(n + 0.5) / count) for n in range(count)]


def _area(work: Work) -> float:
    """Of the picture, in the unit of costs; 0 of one that no UNet is called for."""
    return 0.0 if work.enlarged else work.width_px * work.height_px / _PX


def _beyond(line: Sequence[Work], before: int, until_ms: float) -> dict[JobId, float]:
    each_ms = until_ms / before if before else 0.0
    return {row.job_id: until_ms + each_ms * n for n, row in enumerate(line, 1)}
