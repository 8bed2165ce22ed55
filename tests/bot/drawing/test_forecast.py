"""Predictions match what the engine does: compared with the batcher itself, tick by tick."""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain import JobId, UserId
from bot.drawing.forecast import LikelyReturns, Regular, TickCosts, forecast
from bot.drawing.regulars import Regulars
from bot.store.views import Work
from models.engine.batcher import Batcher, RowKey
from tests.stages.factories import OTHER, USER

CAPACITY = 4
#: Milliseconds per tick, per 100,000 pixels in it, and per 100,000 pixels of a picture that ends.
EACH, AREA, END = 20.0, 3.0, 50.0


def work(name: str, steps: int, side_px: int = 512, user: UserId = USER) -> Work:
    return Work(
        job_id=JobId(name), user_id=user, steps_left=steps, width_px=side_px, height_px=side_px
    )


def area(rows: Sequence[Work]) -> float:
    return sum(row.width_px * row.height_px for row in rows) / 100_000


def drawn(line: Sequence[Work], costs: TickCosts | None = None) -> dict[JobId, float]:
    """When each picture is drawn according to the batcher; `costs` sees every tick."""
    waiting, flight = list(line), dict[str, Work]()
    left, ends, now_ms = dict[str, int](), dict[JobId, float](), 0.0
    batcher = Batcher(CAPACITY)
    while waiting or flight:
        while waiting and len(flight) < CAPACITY:
            row = waiting.pop(0)
            flight[row.job_id], left[row.job_id] = row, row.steps_left
            batcher.add(row.job_id, RowKey(model="m", shape=(row.width_px, row.height_px)))
        rows = [flight[name] for name in batcher.next_tick()]
        for row in rows:
            left[row.job_id] -= 1
        done = [row for row in rows if not left[row.job_id]]
        took_ms = EACH + AREA * area(rows) + END * area(done)
        now_ms += took_ms
        if costs is not None:
            costs.record_tick(rows, done, took_ms)
        for row in done:
            ends[row.job_id] = now_ms
            del flight[row.job_id]
            batcher.remove(row.job_id)
    return ends


def mixed(count: int, seed: int = 1) -> list[Work]:
    dice = random.Random(seed)
    return [
        work(f"{n}", dice.choice([8, 20, 30]), dice.choice([512, 512, 640])) for n in range(count)
    ]


@pytest.fixture(scope="module")
def costs() -> TickCosts:
    """The costs learned from a period of mixed drawing."""
    learned = TickCosts()
    drawn(mixed(60), learned)
    return learned


def test_costs_are_learned_from_ticks_of_every_size(costs: TickCosts) -> None:
    one = work("one", 1, 512)
    by_area = costs.tick_ms([one] * 4) - costs.tick_ms([])
    assert costs.tick_ms([]) == pytest.approx(EACH, rel=0.1)
    assert by_area == pytest.approx(4 * AREA * 512**2 / 100_000, rel=0.1)
    assert costs.end_ms(one) == pytest.approx(END * 512**2 / 100_000, rel=0.1)


def test_an_enlargement_is_forecast_by_its_pieces_once_one_was_measured(
    costs: TickCosts,
) -> None:
    large = replace(work("large", 16, 2048), enlarged=True)
    assert not costs.knows(large)
    assert costs.knows(work("drawn", 16, 2048))
    for number in range(40):
        costs.record_tick([large] * (1 + number % 2), [], 5 + 200.0 * (1 + number % 2))
    assert costs.knows(large)
    told = forecast(costs, [], [large, work("drawn", 20, 512)], CAPACITY)
    assert told["large"] == pytest.approx(16 * 200, rel=0.4)
    assert told["drawn"] > told["large"]


def test_the_forecast_of_a_mixed_line_is_accurate(costs: TickCosts) -> None:
    line = mixed(40, seed=7)
    truth, told = drawn(line), forecast(costs, [], line, CAPACITY)
    assert truth.keys() == told.keys()
    off = sorted(abs(told[name] / truth[name] - 1) for name in truth)
    assert off[len(off) // 2] < 0.1
    assert off[-1] < 0.25


def test_rows_that_share_ticks_are_forecast_together(
    costs: TickCosts,
) -> None:
    alone = forecast(costs, [], [work("a", 20)], CAPACITY)[JobId("a")]
    four = forecast(costs, [], [work(name, 20) for name in "abcd"], CAPACITY)
    assert max(four.values()) < 3 * alone


def test_running_rows_count_with_their_remaining_steps(costs: TickCosts) -> None:
    running = [work("r", 2), work("s", 15)]
    told = forecast(costs, running, [work("a", 20)], 2)
    assert told[JobId("r")] < told[JobId("s")] < told[JobId("a")]
    late = forecast(costs, [work("r", 20), work("s", 15)], [work("a", 20)], 2)
    assert told[JobId("a")] < late[JobId("a")]


def test_the_end_of_a_long_line_is_extrapolated_from_its_start(costs: TickCosts) -> None:
    line = [work(f"{n}", 20) for n in range(1_500)]
    told = forecast(costs, [], line, CAPACITY)
    assert told[JobId("1499")] == pytest.approx(3 * told[JobId("499")], rel=0.05)


def test_no_cost_is_negative() -> None:
    costs = TickCosts()
    for took_ms in (100.0, 20.0):
        costs.record_tick([work("a", 1, 512 if took_ms == 20 else 256)], [], took_ms)
    assert costs.tick_ms([]) >= 0
    assert costs.tick_ms([work("b", 1, 4096)]) >= 0
    assert not TickCosts().knows(work("c", 1, 512))


def alone(name: str, user: int, steps: int = 20, side_px: int = 512) -> Regular:
    return Regular(usual=work(name, steps, side_px, UserId(user)))


def test_a_member_with_several_jobs_allows_for_others_asking_again(costs: TickCosts) -> None:
    mine = [work(name, 20) for name in "abc"]
    theirs = work("x", 20, user=OTHER)
    line = [mine[0], theirs, *mine[1:]]
    by_myself = forecast(costs, [], line, 1)
    at_once = LikelyReturns(regulars={OTHER: alone("x", OTHER)}, away_ms=0.0)
    one_ms = by_myself[JobId("a")]
    told = forecast(costs, [], line, 1, at_once)
    assert told[JobId("a")] == pytest.approx(one_ms)
    assert told[JobId("b")] == pytest.approx(by_myself[JobId("b")])
    assert told[JobId("c")] == pytest.approx(by_myself[JobId("c")] + one_ms)
    # The same holds for a member never served before, but not for one who stays away.
    assert forecast(costs, [], line, 1, LikelyReturns(away_ms=0.0)) == told
    assert forecast(costs, [], line, 1, replace(at_once, away_ms=math.inf)) == by_myself


def test_a_member_who_asks_again_is_expected_to_ask_for_the_same(costs: TickCosts) -> None:
    """A picture of another size shares no tick."""
    mine = [work(name, 20) for name in "abcd"]
    running = [work("r", 1, user=OTHER)]
    like, other = (
        forecast(costs, running, mine, 2, LikelyReturns(regulars={OTHER: usual}, away_ms=0.0))
        for usual in (alone("r", OTHER, side_px=512), alone("r", OTHER, side_px=500))
    )
    assert like[JobId("d")] < other[JobId("d")]


def test_the_member_served_longest_ago_comes_first_even_if_away(costs: TickCosts) -> None:
    mine = [work(name, 20) for name in "ab"]
    away = alone("x", OTHER)
    me = alone("a", USER)
    never = forecast(costs, [], mine, 1, LikelyReturns(regulars={OTHER: away, USER: me}))
    soon_ms = never[JobId("a")] / 2
    before, behind = (
        forecast(costs, [], mine, 1, LikelyReturns(regulars=regulars, away_ms=soon_ms))
        for regulars in ({OTHER: away, USER: me}, {USER: me, OTHER: away})
    )
    assert before == behind, "both have a turn between my two"
    assert before[JobId("b")] == pytest.approx(never[JobId("b")] * 3 / 2)
    # For members who wait, the line decides.
    line = [*mine, work("x", 20, user=OTHER)]
    regulars = {OTHER: away, USER: me}
    assert forecast(costs, [], line, 1, LikelyReturns(regulars=regulars))[JobId("x")] == (
        pytest.approx(never[JobId("a")])
    )


def test_a_returning_member_takes_a_free_place(costs: TickCosts) -> None:
    """Then its rows share my ticks, which take longer."""
    mine, theirs = work("a", 30), work("x", 20)
    each_ms, both_ms = costs.tick_ms([mine]), costs.tick_ms([mine, theirs])
    other = Regular(usual=replace(theirs, user_id=OTHER))
    # A member who is away returns at the median of their absence.
    away_ms = 5.5 * each_ms / math.log(2)
    regulars = LikelyReturns(regulars={OTHER: other}, away_ms=away_ms)
    told = forecast(costs, [], [mine], CAPACITY, regulars)
    ends_ms = costs.end_ms(mine) + costs.end_ms(theirs)
    assert told == {"a": pytest.approx(10 * each_ms + 20 * both_ms + ends_ms)}


def test_members_who_are_away_return_one_after_another(costs: TickCosts) -> None:
    """Each asks for as many pictures as members usually do."""
    mine = [work(name, 20) for name in "abcdef"]
    one_ms = forecast(costs, [], mine[:1], 1)[JobId("a")]

    def last_ms(count: int, each: int = 1, away_ms: float = one_ms) -> float:
        regulars = {UserId(90 + n): alone("x", 90 + n) for n in range(count)}
        returns = LikelyReturns(regulars=regulars, away_ms=away_ms, each=each)
        return forecast(costs, [], mine, 1, returns)[JobId("f")] / one_ms

    told = [last_ms(count) for count in (0, 1, 4)]
    assert told[0] < told[1] < told[2]
    # Of two, the first returns after 2.2 pictures and the second after 10.4; a lone one after 5.2.
    assert last_ms(1, away_ms=7.5 * one_ms) == pytest.approx(6)
    assert last_ms(2, away_ms=7.5 * one_ms) == pytest.approx(7)
    assert last_ms(1, each=1, away_ms=3.1 * one_ms) == pytest.approx(7)
    assert last_ms(1, each=2, away_ms=3.1 * one_ms) == pytest.approx(8)


def test_a_long_line_forecasts_everybody_however_many_ask_again(costs: TickCosts) -> None:
    line = [work(f"{n}", 20, user=UserId(n % 3)) for n in range(2_000)]
    line.append(work("late", 20, user=UserId(7)))
    regulars = {UserId(n): alone("x", n) for n in range(40)}
    rounds: list[object] = []

    class Counted(TickCosts):
        def tick_ms(self, rows: Sequence[Work]) -> float:
            rounds.append(rows)
            return costs.tick_ms(rows)

    told = forecast(Counted(), [], line, CAPACITY, LikelyReturns(regulars=regulars, away_ms=0.0))
    assert told.keys() == {row.job_id for row in line}
    assert len(rounds) <= 500, "and not all of it is simulated, however many ask again"


@pytest.mark.parametrize(
    ("members", "pause_ms"), [(8, 500), (3, 500), (20, 2_500)], ids=lambda n: f"{n:,}"
)
def test_in_a_busy_crowd_a_forecast_is_at_least_half_of_the_truth(
    members: int, pause_ms: int
) -> None:
    """A quarter of them ask for four pictures; each asks again after a pause, for another size."""
    shares = promised(members, pause_ms, requests=150)
    off = sorted(abs(share - 1) for share in shares)
    assert off[len(off) // 2] <= 0.15
    assert min(shares) >= 0.5


SIZES_PX = ((512, 512), (512, 512), (512, 640), (640, 512))


class Fan:
    """Asks, waits for all of its pictures, looks at them for a while and asks again."""

    def __init__(self) -> None:
        self.waiting: list[Work] = []
        self.asked_ms = self.back_ms = self.promised_ms = 0.0
        self.turn = self.open = 0


def promised(members: int, pause_ms: float, requests: int) -> list[float]:
    """The predicted time of each request, as a share of the true one."""
    dice, shares = random.Random(5), list[float]()
    fans = {UserId(n): Fan() for n in range(members)}
    costs, regulars, batcher = TickCosts(), Regulars(), Batcher(CAPACITY)
    flight: dict[str, Work] = {}
    names, turns, now_ms = itertools.count(), itertools.count(1), 0.0

    def line() -> list[Work]:
        order = sorted((fan for fan in fans.values() if fan.waiting), key=lambda fan: fan.turn)
        rounds = max((len(fan.waiting) for fan in order), default=0)
        return [fan.waiting[n] for n in range(rounds) for fan in order if n < len(fan.waiting)]

    while len(shares) < requests:
        for user, fan in fans.items():
            if fan.open or fan.back_ms > now_ms:
                continue
            wide, high = dice.choice(SIZES_PX)
            like = replace(work("", dice.choice([8, 20, 20, 30]), user=user), width_px=wide)
            fan.open = dice.choice([1, 1, 2, 4])
            fan.waiting = [
                replace(like, height_px=high, job_id=JobId(f"{next(names)}"))
                for _ in range(fan.open)
            ]
            told = forecast(
                costs, [*flight.values()], line(), CAPACITY, regulars.likely_returns(round(now_ms))
            )
            fan.promised_ms = max(told[row.job_id] for row in fan.waiting)
            fan.asked_ms = now_ms
        while len(flight) < CAPACITY and (waiting := line()):
            row = waiting[0]
            fan = fans[row.user_id]
            fan.waiting.pop(0)
            fan.turn = next(turns)
            regulars.record_turn(row, round(fan.asked_ms), round(now_ms))
            flight[row.job_id] = row
            batcher.add(row.job_id, RowKey(model="m", shape=(row.width_px, row.height_px)))
        ticked = batcher.next_tick()
        rows = [flight[name] for name in ticked]
        for name in ticked:
            flight[name] = replace(flight[name], steps_left=flight[name].steps_left - 1)
        done = [row for row in rows if not flight[row.job_id].steps_left]
        took_ms = EACH + AREA * area(rows) + END * area(done)
        now_ms = now_ms + took_ms if rows else min(fan.back_ms for fan in fans.values())
        costs.record_tick(rows, done, took_ms)
        for row in done:
            del flight[row.job_id]
            batcher.remove(row.job_id)
            regulars.record_drawn(row.user_id, round(now_ms))
            fan = fans[row.user_id]
            fan.open -= 1
            if not fan.open:
                shares += [fan.promised_ms / (now_ms - fan.asked_ms)] if fan.promised_ms else []
                fan.back_ms = now_ms + dice.expovariate(1 / pause_ms)
    # The first forecasts could know neither the other members nor the costs.
    return shares[2 * members :]
