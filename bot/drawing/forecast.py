"""Predicts when waiting pictures will be drawn: the cost of a tick, and who shares it. Pure.

`TickCosts` learns from the ticks that the worker reports; `forecast` simulates the turns as the
engine will take them, including those of members who keep asking. Called by the progress board.
Must not know the words of jobs, nor rows.
"""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from bot.domain import JobId, UserId
from bot.store.views import Work

#: The factor by which earlier ticks lose weight at each new one; about the last hundred count.
_DECAY = 0.99
#: Pulls costs that were never measured separately towards zero.
_RIDGE = 1e-3
#: How many pictures are simulated one by one; later ones are assumed to be as slow.
_SIMULATED_MAX = 500
#: Stands for a picture that somebody may ask for later.
_FUTURE_JOB = JobId("")
#: The learned costs: per tick, per pixel, per pixel of ending rows, per piece.
_COSTS, _AREA, _PIECES = 4, 1, 3
#: The unit of pixels, which keeps the sums of similar size.
_PX = 100_000


class TickCosts:
    """The cost of a tick: a constant, a part for its rows' pixels, and more where rows end.

    A tick that enlarges costs a constant for each of its equal pieces. Learned by least squares
    over the latest ticks, because rows differ in size and any number of them may share a tick.
    """

    def __init__(self) -> None:
        self._products = [[0.0] * _COSTS for _ in range(_COSTS)]
        self._times = [0.0] * _COSTS
        self._costs: tuple[float, ...] | None = None

    def knows(self, work: Work) -> bool:
        """Whether a similar picture was measured."""
        return self._times[_PIECES if work.enlarged else _AREA] > 0

    def record_tick(self, rows: Iterable[Work], ended: Iterable[Work], took_ms: float) -> None:
        """Learn that a tick of these rows took `took_ms`, including the gap before it."""
        shared = list(rows)
        pieces = sum(row.enlarged for row in shared)
        measured = (1.0, sum(map(_area, shared)), sum(map(_area, ended)), float(pieces))
        for i, quantity in enumerate(measured):
            self._times[i] = self._times[i] * _DECAY + quantity * took_ms
            for j, other in enumerate(measured):
                self._products[i][j] = self._products[i][j] * _DECAY + quantity * other
        self._costs = None

    def tick_ms(self, rows: Sequence[Work]) -> float:
        """The predicted cost of a tick of these rows."""
        each, by_area, _, by_piece = self.estimates
        pieces = sum(row.enlarged for row in rows)
        return each + by_area * sum(map(_area, rows)) + by_piece * pieces

    def end_ms(self, row: Work) -> float:
        """The predicted time to finish a picture after its last step."""
        return self.estimates[2] * _area(row)

    @property
    def estimates(self) -> tuple[float, ...]:
        """The current estimates of the costs."""
        if self._costs is None:
            self._costs = _least_squares(self._products, self._times)
        return self._costs


def _least_squares(
    products: Sequence[Sequence[float]], times: Sequence[float]
) -> tuple[float, ...]:
    """Non-negative least squares: drop each negative cost and solve for the others again."""
    used = [i for i in range(_COSTS) if products[i][i] > 0]
    while True:
        solution = _solve([[products[i][j] for j in used] for i in used], [times[i] for i in used])
        negative = [i for i, cost in zip(used, solution, strict=True) if cost < 0]
        if not negative:
            costs = dict(zip(used, solution, strict=True))
            return tuple(costs.get(i, 0.0) for i in range(_COSTS))
        used = [i for i in used if i not in negative]


def _solve(matrix: list[list[float]], right: list[float]) -> list[float]:
    """Gaussian elimination; a small ridge on the diagonal makes every matrix of sums solvable."""
    size = len(right)
    rows = [[*row, value] for row, value in zip(matrix, right, strict=True)]
    for i in range(size):
        rows[i][i] *= 1 + _RIDGE
    for i in range(size):
        for k in range(i + 1, size):
            factor = rows[k][i] / rows[i][i]
            rows[k] = [a - factor * b for a, b in zip(rows[k], rows[i], strict=True)]
    solution = [0.0] * size
    for i in reversed(range(size)):
        known = sum(rows[i][j] * solution[j] for j in range(i + 1, size))
        solution[i] = (rows[i][size] - known) / rows[i][i]
    return solution


@dataclass(frozen=True, slots=True, kw_only=True)
class Regular:
    """A member who was served lately and is assumed to ask again."""

    #: Their latest picture, whole: their next ones are assumed to be like it.
    usual: Work


@dataclass(frozen=True, slots=True, kw_only=True)
class LikelyReturns:
    """Who is expected to ask again, besides the members who wait already."""

    #: The member served longest ago comes first.
    regulars: Mapping[UserId, Regular] = field(default_factory=dict[UserId, Regular])
    #: The average time from a member's last picture to their next request; infinite if nobody
    #: returns.
    away_ms: float = math.inf
    #: How many pictures they ask for at once.
    each: int = 1


def forecast(
    costs: TickCosts,
    running: Sequence[Work],
    line: Sequence[Work],
    capacity: int,
    returns: LikelyReturns | None = None,
) -> dict[JobId, float]:
    """The milliseconds until each picture is drawn, with `line` in the order of turns.

    Rows of one shape share a tick, and so do rows being enlarged; the ticks alternate. A member
    whose pictures are all drawn asks again after a while. Because members take turns, somebody who
    waits for several pictures is overtaken by those who keep asking.
    """
    future = _Future(costs, running, line, capacity, returns)
    future.run()
    far = [work for work in line if work.job_id not in future.ends]
    return future.ends | _extrapolate(far, len(future.ends), future.now_ms)


class _Future:
    """A simulation of the engine, the line and returning members; `run` fills `ends`."""

    def __init__(
        self,
        costs: TickCosts,
        running: Sequence[Work],
        line: Sequence[Work],
        capacity: int,
        returns: LikelyReturns | None,
    ) -> None:
        self.now_ms = 0.0
        self.ends: dict[JobId, float] = {}
        self._costs, self._capacity, self._returns = costs, capacity, returns or LikelyReturns()
        self._in_flight = list(running)
        self._unfinished = {work.job_id for work in (*running, *line)}
        self._waiting: defaultdict[UserId, deque[Work]] = defaultdict(deque)
        for work in line:
            self._waiting[work.user_id].append(work)
        last_served = {user: place for place, user in enumerate(self._returns.regulars)}
        present = [work.user_id for work in (*line, *running)]
        users = dict.fromkeys([*present, *self._returns.regulars])
        #: Members in the order of their turns. Those never served come before the others.
        self._turns = dict.fromkeys(sorted(users, key=lambda user: last_served.get(user, -1)))
        self._usual = {user: regular.usual for user, regular in self._returns.regulars.items()}
        self._usual |= {work.user_id: work for work in line}
        away = [user for user in self._returns.regulars if self._is_away(user)]
        self._return_ms = dict(
            zip(away, _spread_returns(self._returns.away_ms, len(away)), strict=True)
        )

    def run(self) -> None:
        """Advance until every picture asked for is drawn, or the limit is reached."""
        drawn = 0
        while self._unfinished and drawn < _SIMULATED_MAX:
            self._fill()
            drawn += self._draw()
            for user in [user for user, at_ms in self._return_ms.items() if at_ms <= self.now_ms]:
                del self._return_ms[user]
                again = replace(self._usual[user], job_id=_FUTURE_JOB)
                self._waiting[user].extend([again] * self._returns.each)

    def _fill(self) -> None:
        """Admit as many rows as fit, serving members in turn."""
        while len(self._in_flight) < self._capacity:
            user = next((user for user in self._turns if self._waiting[user]), None)
            if user is None:
                return
            self._in_flight.append(self._waiting[user].popleft())
            self._turns[user] = self._turns.pop(user)

    def _draw(self) -> int:
        """Draw until a picture ends or a returning member may fill a free slot.

        Returns the number of pictures that ended.
        """
        ticks: defaultdict[tuple[int, int] | None, list[Work]] = defaultdict(list)
        for row in self._in_flight:
            ticks[None if row.enlarged else (row.width_px, row.height_px)].append(row)
        round_ms = sum(map(self._costs.tick_ms, ticks.values()))
        rounds = max(1, min(row.steps_left for row in self._in_flight))
        if len(self._in_flight) < self._capacity and round_ms:
            first_ms = min(self._return_ms.values(), default=math.inf) - self.now_ms
            rounds = max(1, math.floor(min(rounds, first_ms / round_ms + 1)))
        done = [row for row in self._in_flight if row.steps_left <= rounds]
        self._in_flight = [
            replace(row, steps_left=row.steps_left - rounds)
            for row in self._in_flight
            if row.steps_left > rounds
        ]
        self.now_ms += rounds * round_ms + sum(map(self._costs.end_ms, done))
        for row in done:
            self._end(row)
        return len(done)

    def _end(self, row: Work) -> None:
        if row.job_id in self._unfinished:
            self._unfinished.remove(row.job_id)
            self.ends[row.job_id] = self.now_ms
        if row.user_id in self._usual and self._is_away(row.user_id):
            self._return_ms[row.user_id] = self.now_ms + self._returns.away_ms

    def _is_away(self, user: UserId) -> bool:
        return not self._waiting[user] and all(row.user_id != user for row in self._in_flight)


def _spread_returns(away_ms: float, count: int) -> list[float]:
    """When `count` members who are away now ask again: the quantiles of an exponential law.

    The law fits, because how long somebody has been away says nothing about when they return.
    """
    return [-away_ms * math.log1p(-(n + 0.5) / count) for n in range(count)]


def _area(work: Work) -> float:
    """The picture's area in the unit of costs; 0 if it needs no UNet."""
    return 0.0 if work.enlarged else work.width_px * work.height_px / _PX


def _extrapolate(line: Sequence[Work], before: int, until_ms: float) -> dict[JobId, float]:
    each_ms = until_ms / before if before else 0.0
    return {row.job_id: until_ms + each_ms * n for n, row in enumerate(line, 1)}
