"""A red team against the weights: what colluding voters move, and how far five accounts get.

Simulated members vote on duels; what each likes depends partly on the picture and partly on the
member. The red team knows everything that the code knows: its accounts are as old, as busy and as
slow as any other.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import combinations
from random import Random
from statistics import mean, median

from models.report import Row
from models.statistics import board, sequential, trust
from models.statistics.following import Cast, voter_columns

YEAR_MS = 365 * 86_400_000
#: Members of the server, one in five of whom is in the red team.
HONEST, RED = 40, 10
DUELS, SEEDS = 200, 20
#: Pictures of a prompt, and prompts, on a leaderboard of 200.
EACH, PROMPTS = 4, 50
#: Members who answer one duel, and accounts that push one picture.
PRESENT, FIVE = 8, 5
#: Candidates in blind tests.
CANDIDATES = 1_000

#: A red-team member's answer to a duel: for the candidate, against it, or none.
Attack = Callable[[int, int, float, Random], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Votes on duels of a candidate against its parent; unit n is won by chance `odds[n]`."""

    odds: tuple[float, ...]
    casts: tuple[Cast, ...]


def crowd(seed: int, honest: int = HONEST, duels: int = DUELS) -> Crowd:
    """Honest members: each votes on about a third; the candidate wins about 65 % of the votes."""
    chance = Random(seed)
    odds = tuple(chance.gauss(0.85, 1.3) for _ in range(duels))
    busy = [chance.uniform(0.1, 0.6) for _ in range(honest)]
    taste = [[chance.gauss(0, 0.7) for _ in range(duels)] for _ in range(honest)]
    casts = [
        cast(voter, unit, said(odds[unit] + taste[voter][unit], chance), chance)
        for unit in range(duels)
        for voter in range(honest)
        if chance.random() < busy[voter]
    ]
    return Crowd(odds=odds, casts=tuple(casts))


def said(odds: float, chance: Random) -> bool:
    """A random answer with these log odds."""
    return chance.random() < 1 / (1 + math.exp(-odds))


def cast(voter: int, unit: int, value: bool, chance: Random) -> Cast:  # noqa: FBT001  an answer
    """A vote at a random time within the duel's minute."""
    return Cast(voter=voter, unit=unit, value=value, at_ms=unit * 60_000 + chance.randrange(50_000))


def always(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Against the candidate, in every duel."""
    return False


def inverted(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """The opposite of what an honest member would say."""
    return not said(odds, chance)


def disguised(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Against it in four of five duels, a different four for each member."""
    return chance.random() < 0.2 if chance.random() < 0.5 else None


def scattered(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Against it, but never more than two of them in one duel."""
    return False if unit % 5 == member % 5 else None


def sleeping(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Honest in the first half, against it in the second."""
    return said(odds, chance) if unit < DUELS // 2 else False


def targeted(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Honest in three duels of four, against it in the fourth."""
    return False if unit % 4 == 0 else said(odds, chance)


def noise(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """A coin toss."""
    return chance.random() < 0.5


ATTACKS: tuple[Attack, ...] = (always, inverted, disguised, scattered, sleeping, targeted, noise)


def attacked(honest: Crowd, attack: Attack, seed: int, red: int = RED) -> tuple[Cast, ...]:
    """The honest votes and the red team's."""
    chance = Random(seed)
    answers = [
        (member, unit, attack(member, unit, odds, chance))
        for unit, odds in enumerate(honest.odds)
        for member in range(red)
    ]
    return honest.casts + tuple(
        cast(10_000 + member, unit, value, chance)
        for member, unit, value in answers
        if value is not None
    )


def weighed(casts: Sequence[Cast]) -> dict[object, float]:
    """Each voter's weight; every account is a year old."""
    voters = voter_columns(casts, dict.fromkeys((cast.voter for cast in casts), YEAR_MS))
    return dict(zip(voters, trust.weights(list(voters.values())), strict=True))


def win_rate(casts: Sequence[Cast], weights: dict[object, float] | None = None) -> float:
    """The (weighted) share of answers for the candidate, in percent."""
    given = [(1.0 if weights is None else weights[one.voter], one.value) for one in casts]
    return 100 * sum(w for w, value in given if value) / sum(w for w, _ in given)


def moved(attack: Attack, seed: int) -> tuple[float, float]:
    """The points by which the red team moves the win rate, with weights and without."""
    honest = crowd(seed)
    casts = attacked(honest, attack, seed)
    clean = win_rate(honest.casts, weighed(honest.casts)), win_rate(honest.casts)
    return abs(win_rate(casts, weighed(casts)) - clean[0]), abs(win_rate(casts) - clean[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Answers to duels of pictures: who won, who lost, and the vote on it."""

    answers: tuple[tuple[int, int, Cast], ...]
    #: The picture that the five push.
    target: int


#: Whether one of the five answers a duel without their picture.
Push = Callable[[Random], bool]


def lone(chance: Random) -> bool:
    """They vote only for their picture."""
    return False


def mingling(chance: Random) -> bool:
    """They also vote on half of all other duels, like anybody else."""
    return chance.random() < 0.5


def party(seed: int, push: Push, prompts: int = PROMPTS) -> Party:
    """Every two pictures of a prompt meet once; each duel has some honest answers.

    The five push a picture from the middle of the leaderboard.
    """
    chance = Random(seed)
    quality = [chance.gauss(0, 1) for _ in range(prompts * EACH)]
    target = sorted(range(len(quality)), key=quality.__getitem__)[len(quality) // 2]
    duels = [
        pair
        for first in range(0, len(quality), EACH)
        for pair in combinations(range(first, first + EACH), 2)
    ]
    chance.shuffle(duels)
    answers: list[tuple[int, int, Cast]] = []
    for unit, (left, right) in enumerate(duels):
        present = chance.sample(range(HONEST), PRESENT)
        red = [10_000 + n for n in range(FIVE) if target in (left, right) or push(chance)]
        for voter in present + red:
            likes_left = said(quality[left] - quality[right], chance)
            if voter >= 10_000 and target in (left, right):
                likes_left = left == target
            pair = (left, right) if likes_left else (right, left)
            answers.append((*pair, cast(voter, unit, likes_left, chance)))
    return Party(answers=tuple(answers), target=target)


def place(held: Party, *, defended: bool = True) -> int:
    """The pushed picture's place on the leaderboard, 1 at the top.

    Undefended, everybody has the same weight and the share of duels won decides.
    """
    if not defended:
        won = Counter(winner for winner, _, _ in held.answers)
        lost = Counter(loser for _, loser, _ in held.answers)
        share = {picture: won[picture] / (won[picture] + lost[picture]) for picture in won | lost}
        return 1 + sum(one > share[held.target] for one in share.values())
    weights = weighed([one for _, _, one in held.answers])
    wins = [
        board.Win(winner=winner, loser=loser, voter=one.voter, weight=weights[one.voter])
        for winner, loser, one in held.answers
    ]
    return [rung.picture for rung in board.rank_by_duels(wins)].index(held.target) + 1


def reacted(seed: int, pictures: int = PROMPTS * EACH) -> tuple[int, int]:
    """The place, by thumbs, of a picture that only five accounts voted on: with weights, without.

    Every other picture has some of the members' votes; each of the five is a year old and has voted
    on twenty others like anybody else.
    """
    chance = Random(seed)
    liked = [chance.gauss(0.5, 1) for _ in range(pictures)]
    casts = [
        cast(voter, unit, said(liked[unit], chance), chance)
        for unit in range(pictures)
        for voter in chance.sample(range(HONEST), PRESENT)
    ]
    for voter in range(10_000, 10_000 + FIVE):
        casts += [
            cast(voter, unit, said(liked[unit], chance), chance)
            for unit in chance.sample(range(pictures), 20)
        ]
        casts.append(cast(voter, pictures, True, chance))
    return _stands(casts, weighed(casts), pictures), _stands(casts, None, pictures)


def _stands(casts: Sequence[Cast], weights: dict[object, float] | None, target: int) -> int:
    """The place on the leaderboard of votes; without weights, by the plain share of thumbs up."""
    given = {one.unit: [0, 0] for one in casts}
    weigh = {one.unit: [0.0, 0.0] for one in casts}
    for one in casts:
        given[one.unit][not one.value] += 1
        weigh[one.unit][not one.value] += weights[one.voter] if weights else 1.0
    if not weights:
        share = {unit: up / (up + down) for unit, (up, down) in given.items()}
        return 1 + sum(one > share[target] for one in share.values())
    pairs = {unit: (up, down) for unit, (up, down) in given.items()}
    rungs = board.rank_by_votes(pairs, {unit: (up, down) for unit, (up, down) in weigh.items()})
    return [rung.picture for rung in rungs].index(target) + 1


def promoted(seed: int, win_rate: float, *, by_votes: bool = False) -> tuple[bool, int]:
    """Whether a candidate was promoted, and after how many outcomes, tested after each one.

    All who vote on a duel see the same two pictures, and three of four prefer the same one. The
    majority is the duel's outcome; with `by_votes`, which nobody should use, each vote is its own
    outcome.
    """
    chance = Random(seed)
    test = sequential.Test()
    while not test.winner:
        better = chance.random() < win_rate
        if by_votes:
            for _ in range(PRESENT):
                test = test.after_duel(better == (chance.random() < 0.75))
        else:
            test = test.after_duel(better)
    return test.winner == "candidate", test.duels


async def measure(seeds: int = SEEDS, candidates: int = CANDIDATES) -> list[Row]:
    """What the red team achieves, and what the blind test does to candidates of every kind."""
    return [
        *[row for attack in ATTACKS for row in win_rate_rows(attack, seeds)],
        *[row for push in (lone, mingling) for row in place_rows(push, seeds)],
        *thumb_rows(seeds),
        *blind_rows(candidates),
    ]


def win_rate_rows(attack: Attack, seeds: int) -> Iterable[Row]:
    """How far one in five voters can move a win rate."""
    points = [moved(attack, seed) for seed in range(seeds)]
    worst = max(one for one, _ in points)
    plain = mean(one for _, one in points)
    what = f"win rate moved by one in five voters, {attack.__name__}"
    yield Row(
        area="trust",
        name=f"{what} (the worst of {seeds})",
        value=worst,
        unit="points",
        goal="<= 3",
        holds=worst <= 3,
    )
    yield Row(area="trust", name=f"{what}, unweighted (mean)", value=plain, unit="points")


def place_rows(push: Push, seeds: int) -> Iterable[Row]:
    """How high five accounts push one of 200 pictures by duels."""
    parties = [party(seed, push) for seed in range(seeds)]
    yield _place(f"duels, {push.__name__}", [place(one) for one in parties])
    plain = min(place(one, defended=False) for one in parties)
    yield Row(
        area="trust", name=f"the same by plain share, {push.__name__}", value=plain, unit="place"
    )


def thumb_rows(seeds: int) -> Iterable[Row]:
    """How high five accounts push one of 200 pictures by thumbs."""
    places = [reacted(seed) for seed in range(seeds)]
    yield _place("thumbs", [one for one, _ in places])
    plain = min(one for _, one in places)
    yield Row(area="trust", name="the same by plain share, thumbs", value=plain, unit="place")


def _place(how: str, places: Sequence[int]) -> Row:
    return Row(
        area="trust",
        name=f"best place of a picture of 200 that five accounts push by {how}",
        value=min(places),
        unit="place",
        goal="> 1",
        holds=min(places) > 1,
    )


def blind_rows(candidates: int) -> Iterable[Row]:
    """Wrong promotions, and what a better candidate costs."""
    wrong = [promoted(seed, 0.5)[0] for seed in range(candidates)]
    share = 100 * sum(wrong) / candidates
    yield Row(
        area="trust",
        name=f"{candidates} candidates without a difference promoted, looked at after every duel",
        value=share,
        unit="%",
        goal="<= 1",
        holds=share <= 1,
    )
    votes = [promoted(seed, 0.5, by_votes=True)[0] for seed in range(candidates // 5)]
    yield Row(
        area="trust",
        name="the same if each vote on a duel counted as an outcome",
        value=100 * sum(votes) / len(votes),
        unit="%",
    )
    for rate in (0.6, 0.65, 0.75):
        ends = [promoted(seed, rate) for seed in range(candidates // 5)]
        found = [duels for won, duels in ends if won]
        name = f"candidates that win {rate:.0%}"
        yield Row(
            area="trust", name=f"{name} promoted", value=100 * len(found) / len(ends), unit="%"
        )
        yield Row(
            area="trust", name=f"duels until {name} are (median)", value=median(found), unit="duels"
        )
