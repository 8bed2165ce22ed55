"""What is promised is what the engine will do: held against the batcher itself, tick by tick."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest

from bot.domain import JobId, UserId
from bot.drawing.forecast import TickCosts, forecast, in_company
from bot.store.views import Work
from models.engine.batcher import Batcher, RowKey
from tests.stages.factories import OTHER, USER

CAPACITY = 4
#: Milliseconds of a tick, for each 100,000 pixels in it, and for as many of a picture that ends.
EACH, AREA, END = 20.0, 3.0, 50.0


def work(name: str, steps: int, side_px: int = 512, user: UserId = USER) -> Work:
    return Work(job_id=JobId(name), user_id=user, left=steps, width_px=side_px, height_px=side_px)


def area(rows: Sequence[Work]) -> float:
    return sum(row.width_px * row.height_px for row in rows) / 100_000


def drawn(line: Sequence[Work], costs: TickCosts | None = None) -> dict[JobId, float]:
    """When each picture is drawn, as the batcher has it; `costs` sees every tick."""
    waiting, flight = list(line), dict[str, Work]()
    left, ends, now_ms = dict[str, int](), dict[JobId, float](), 0.0
    batcher = Batcher(CAPACITY)
    while waiting or flight:
        while waiting and len(flight) < CAPACITY:
            row = waiting.pop(0)
            flight[row.job_id], left[row.job_id] = row, row.left
            batcher.add(row.job_id, RowKey(model="m", shape=(row.width_px, row.height_px)))
        rows = [flight[name] for name in batcher.next_tick()]
        for row in rows:
            left[row.job_id] -= 1
        done = [row for row in rows if not left[row.job_id]]
        took_ms = EACH + AREA * area(rows) + END * area(done)
        now_ms += took_ms
        if costs is not None:
            costs.ticked(rows, done, took_ms)
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
    """What a while of mixed drawing teaches."""
    learned = TickCosts()
    drawn(mixed(60), learned)
    return learned


def test_costs_are_learned_from_ticks_of_every_size(costs: TickCosts) -> None:
    one = work("one", 1, 512)
    by_area = costs.tick_ms([one] * 4) - costs.tick_ms([])
    assert costs.tick_ms([]) == pytest.approx(EACH, rel=0.1)
    assert by_area == pytest.approx(4 * AREA * 512**2 / 100_000, rel=0.1)
    assert costs.end_ms(one) == pytest.approx(END * 512**2 / 100_000, rel=0.1)


def test_an_enlargement_is_promised_by_its_pieces_and_never_before_one_was_measured(
    costs: TickCosts,
) -> None:
    large = replace(work("large", 16, 2048), enlarged=True)
    assert not costs.knows(large)
    assert costs.knows(work("drawn", 16, 2048))
    for number in range(40):
        costs.ticked([large] * (1 + number % 2), [], 5 + 200.0 * (1 + number % 2))
    assert costs.knows(large)
    told = forecast(costs, [], [large, work("drawn", 20, 512)], CAPACITY)
    assert told["large"] == pytest.approx(16 * 200, rel=0.4)
    assert told["drawn"] > told["large"]


def test_a_mixed_line_is_drawn_when_it_was_promised(costs: TickCosts) -> None:
    line = mixed(40, seed=7)
    truth, told = drawn(line), forecast(costs, [], line, CAPACITY)
    assert truth.keys() == told.keys()
    off = sorted(abs(told[name] / truth[name] - 1) for name in truth)
    assert off[len(off) // 2] < 0.1
    assert off[-1] < 0.25


def test_rows_that_share_ticks_are_promised_together_and_not_one_after_the_other(
    costs: TickCosts,
) -> None:
    alone = forecast(costs, [], [work("a", 20)], CAPACITY)[JobId("a")]
    four = forecast(costs, [], [work(name, 20) for name in "abcd"], CAPACITY)
    assert max(four.values()) < 3 * alone


def test_what_runs_counts_with_the_steps_that_are_left(costs: TickCosts) -> None:
    running = [work("r", 2), work("s", 15)]
    told = forecast(costs, running, [work("a", 20)], 2)
    assert told[JobId("r")] < told[JobId("s")] < told[JobId("a")]
    late = forecast(costs, [work("r", 20), work("s", 15)], [work("a", 20)], 2)
    assert told[JobId("a")] < late[JobId("a")]


def test_a_long_line_goes_on_as_it_began(costs: TickCosts) -> None:
    line = [work(f"{n}", 20) for n in range(1_500)]
    told = forecast(costs, [], line, CAPACITY)
    assert told[JobId("1499")] == pytest.approx(3 * told[JobId("499")], rel=0.05)


def test_no_cost_is_below_nothing() -> None:
    costs = TickCosts()
    for took_ms in (100.0, 20.0):
        costs.ticked([work("a", 1, 512 if took_ms == 20 else 256)], [], took_ms)
    assert costs.tick_ms([]) >= 0
    assert costs.tick_ms([work("b", 1, 4096)]) >= 0
    assert not TickCosts().knows(work("c", 1, 512))


def test_who_waits_for_several_counts_on_the_others_asking_on() -> None:
    mine = [work(name, 20) for name in "abc"]
    theirs = [work("x", 20, user=OTHER)]
    line = [mine[0], *theirs, *mine[1:]]
    running = [work("r", 9, user=UserId(9))]
    assert [row.job_id for row in in_company(line, running)] == [
        "a", "x", "", "b", "", "", "c", "", "",
    ]  # fmt: skip
    assert in_company(mine, []) == mine, "nobody else is there"
    assert in_company([], running) == []


def test_a_long_line_loses_nobody_to_the_company() -> None:
    line = [work(f"{n}", 20, user=UserId(n % 3)) for n in range(2_000)]
    line.append(work("late", 20, user=UserId(7)))
    told = in_company(line, [])
    assert {row.job_id for row in told} >= {row.job_id for row in line}
    assert len(told) <= len(line) + 600


def test_in_a_crowd_that_asks_on_half_of_the_truth_is_promised_at_least(costs: TickCosts) -> None:
    """Eight members, a quarter of them with four pictures, each asking again at once."""
    dice = random.Random(5)
    shares: list[float] = []
    number = 0
    queues: dict[UserId, list[Work]] = {UserId(n): [] for n in range(8)}
    promised: dict[JobId, tuple[float, float]] = {}
    flight: list[Work] = []
    now_ms, order = 0.0, list(queues)

    def line() -> list[Work]:
        rounds = max(map(len, queues.values()))
        return [queues[user][n] for n in range(rounds) for user in order if n < len(queues[user])]

    for _ in range(1_500):
        for user, queue in queues.items():
            if not queue and all(row.user_id != user for row in flight):
                steps = dice.choice([8, 20, 20, 30])
                for _ in range(dice.choice([1, 1, 2, 4])):
                    number += 1
                    queue.append(work(f"{number}", steps, user=user))
                last = queue[-1].job_id
                told = forecast(costs, flight, in_company(line(), flight), CAPACITY)
                promised[last] = (now_ms, told[last])
        while len(flight) < CAPACITY and (waiting := line()):
            user = waiting[0].user_id
            flight.append(queues[user].pop(0))
            order.remove(user)
            order.append(user)
        flight = [replace(row, left=row.left - 1) for row in flight]
        done = [row for row in flight if row.left == 0]
        now_ms += EACH + AREA * area(flight) + END * area(done)
        flight = [row for row in flight if row.left]
        for row in done:
            if row.job_id in promised:
                began_ms, eta_ms = promised[row.job_id]
                shares.append(eta_ms / (now_ms - began_ms))
    # Who asked first could not know of the others.
    shares = shares[12:]
    off = sorted(abs(share - 1) for share in shares)
    assert len(shares) > 100
    assert off[len(off) // 2] <= 0.25
    assert min(shares) >= 0.5
