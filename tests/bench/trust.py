"""A red team against the weights: how far colluding voters move a result, and five accounts.

Simulated members vote on duels; what each likes depends partly on the picture and partly on the
member. The red team knows the whole code: its accounts are as old, as busy and as slow as any
other.
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
PICTURES_OF_PROMPT, PROMPTS = 4, 50
#: Members who vote on one duel, and accounts that push one picture.
VOTERS_OF_DUEL, PUSHERS = 8, 5
#: Candidates in blind tests.
CANDIDATES = 1_000

#: A red-team member's answer to a duel: for the candidate, against it, or none.
Attack = Callable[[int, int, float, Random], bool | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Votes on duels of a candidate against its parent; unit n is won by chance `odds[n]`."""

    odds: tuple[float, ...]
    casts: tuple[Cast, ...]


def make_crowd(seed: int, honest: int = HONEST, duels: int = DUELS) -> Crowd:
    """Honest members: each votes on about a third; the candidate wins about 65 % of the votes."""
    chance = Random(seed)
    odds = tuple(chance.gauss(0.85, 1.3) for _ in range(duels))
    busy = [chance.uniform(0.1, 0.6) for _ in range(honest)]
    taste = [[chance.gauss(0, 0.7) for _ in range(duels)] for _ in range(honest)]
    casts = [
        cast_at(voter, unit, random_answer(odds[unit] + taste[voter][unit], chance), chance)
        for unit in range(duels)
        for voter in range(honest)
        if chance.random() < busy[voter]
    ]
    return Crowd(odds=odds, casts=tuple(casts))


def random_answer(odds: float, chance: Random) -> bool:
    """A random answer with these log odds."""
    return chance.random() < 1 / (1 + math.exp(-odds))


def cast_at(voter: int, unit: int, value: bool, chance: Random) -> Cast:  # noqa: FBT001  an answer
    """A vote at a random time in the duel's minute."""
    return Cast(voter=voter, unit=unit, value=value, at_ms=unit * 60_000 + chance.randrange(50_000))


def always(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Against the candidate, in every duel."""
    return False


def inverted(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """The opposite of what an honest member would say."""
    return not random_answer(odds, chance)


def disguised(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Against it in four of five duels, a different four for each member."""
    return chance.random() < 0.2 if chance.random() < 0.5 else None


def scattered(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Against it, but never more than two of them in one duel."""
    return False if unit % 5 == member % 5 else None


def sleeping(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Honest in the first half, against it in the second."""
    return random_answer(odds, chance) if unit < DUELS // 2 else False


def targeted(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """Honest in three duels of four, against it in the fourth."""
    return False if unit % 4 == 0 else random_answer(odds, chance)


def noise(member: int, unit: int, odds: float, chance: Random) -> bool | None:
    """A coin toss."""
    return chance.random() < 0.5


ATTACKS: tuple[Attack, ...] = (always, inverted, disguised, scattered, sleeping, targeted, noise)


def with_attack(honest: Crowd, attack: Attack, seed: int, red: int = RED) -> tuple[Cast, ...]:
    """The honest votes and the red team's."""
    chance = Random(seed)
    answers = [
        (member, unit, attack(member, unit, odds, chance))
        for unit, odds in enumerate(honest.odds)
        for member in range(red)
    ]
    return honest.casts + tuple(
        cast_at(10_000 + member, unit, value, chance)
        for member, unit, value in answers
        if value is not None
    )


def voter_weights(casts: Sequence[Cast]) -> dict[object, float]:
    """Each voter's weight; every account is a year old."""
    voters = voter_columns(casts, dict.fromkeys((cast.voter for cast in casts), YEAR_MS))
    return dict(zip(voters, trust.weights(list(voters.values())), strict=True))


def win_rate(casts: Sequence[Cast], weights: dict[object, float] | None = None) -> float:
    """The (weighted) share of answers for the candidate, in percent."""
    weighted = [(1.0 if weights is None else weights[one.voter], one.value) for one in casts]
    return 100 * sum(w for w, value in weighted if value) / sum(w for w, _ in weighted)


def points_moved(attack: Attack, seed: int) -> tuple[float, float]:
    """The points by which the red team moves the win rate, with weights and without."""
    honest = make_crowd(seed)
    casts = with_attack(honest, attack, seed)
    clean = win_rate(honest.casts, voter_weights(honest.casts)), win_rate(honest.casts)
    return abs(win_rate(casts, voter_weights(casts)) - clean[0]), abs(win_rate(casts) - clean[1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Answers to duels of pictures: who won, who lost, and the vote on it."""

    answers: tuple[tuple[int, int, Cast], ...]
    #: The picture that the five push.
    target: int


#: Whether one of the five answers a duel without their picture.
Push = Callable[[Random], bool]


def lone(chance: Random) -> bool:
    """The five vote only for their picture."""
    return False


def mingling(chance: Random) -> bool:
    """The five also vote on half of all other duels, like anybody else."""
    return chance.random() < 0.5


def make_party(seed: int, push: Push, prompts: int = PROMPTS) -> Party:
    """Every two pictures of a prompt meet once; each duel has some honest answers.

    The five push a picture from the middle of the leaderboard.
    """
    chance = Random(seed)
    quality = [chance.gauss(0, 1) for _ in range(prompts * PICTURES_OF_PROMPT)]
    target = sorted(range(len(quality)), key=quality.__getitem__)[len(quality) // 2]
    duels = [
        pair
        for first in range(0, len(quality), PICTURES_OF_PROMPT)
        for pair in combinations(range(first, first + PICTURES_OF_PROMPT), 2)
    ]
    chance.shuffle(duels)
    answers: list[tuple[int, int, Cast]] = []
    for unit, (left, right) in enumerate(duels):
        present = chance.sample(range(HONEST), VOTERS_OF_DUEL)
        red = [10_000 + n for n in range(PUSHERS) if target in (left, right) or push(chance)]
        for voter in present + red:
            likes_left = random_answer(quality[left] - quality[right], chance)
            if voter >= 10_000 and target in (left, right):
                likes_left = left == target
            pair = (left, right) if likes_left else (right, left)
            answers.append((*pair, cast_at(voter, unit, likes_left, chance)))
    return Party(answers=tuple(answers), target=target)


def rank_of_target(party: Party, *, defended: bool = True) -> int:
    """The pushed picture's place on the leaderboard, 1 at the top.

    Undefended, everybody has the same weight and the share of duels won decides.
    """
    if not defended:
        won = Counter(winner for winner, _, _ in party.answers)
        lost = Counter(loser for _, loser, _ in party.answers)
        share = {picture: won[picture] / (won[picture] + lost[picture]) for picture in won | lost}
        return 1 + sum(one > share[party.target] for one in share.values())
    weights = voter_weights([one for _, _, one in party.answers])
    wins = [
        board.Win(winner=winner, loser=loser, voter=one.voter, weight=weights[one.voter])
        for winner, loser, one in party.answers
    ]
    return [rung.picture for rung in board.rank_by_duels(wins)].index(party.target) + 1


def ranks_by_thumbs(seed: int, pictures: int = PROMPTS * PICTURES_OF_PROMPT) -> tuple[int, int]:
    """The place, by thumbs, of a picture that only five accounts voted on: with weights, without.

    Every other picture has some of the members' votes; each of the five is a year old and has voted
    on twenty others like anybody else.
    """
    chance = Random(seed)
    liked = [chance.gauss(0.5, 1) for _ in range(pictures)]
    casts = [
        cast_at(voter, unit, random_answer(liked[unit], chance), chance)
        for unit in range(pictures)
        for voter in chance.sample(range(HONEST), VOTERS_OF_DUEL)
    ]
    for voter in range(10_000, 10_000 + PUSHERS):
        casts += [
            cast_at(voter, unit, random_answer(liked[unit], chance), chance)
            for unit in chance.sample(range(pictures), 20)
        ]
        casts.append(cast_at(voter, pictures, True, chance))
    return _rank_by_thumbs(casts, voter_weights(casts), pictures), _rank_by_thumbs(
        casts, None, pictures
    )


def _rank_by_thumbs(casts: Sequence[Cast], weights: dict[object, float] | None, target: int) -> int:
    """The place on the leaderboard of votes; without weights, by the plain share of thumbs up."""
    plain_counts = {one.unit: [0, 0] for one in casts}
    weighted_counts = {one.unit: [0.0, 0.0] for one in casts}
    for one in casts:
        plain_counts[one.unit][not one.value] += 1
        weighted_counts[one.unit][not one.value] += weights[one.voter] if weights else 1.0
    if not weights:
        share = {unit: up / (up + down) for unit, (up, down) in plain_counts.items()}
        return 1 + sum(one > share[target] for one in share.values())
    pairs = {unit: (up, down) for unit, (up, down) in plain_counts.items()}
    rungs = board.rank_by_votes(
        pairs, {unit: (up, down) for unit, (up, down) in weighted_counts.items()}
    )
    return [rung.picture for rung in rungs].index(target) + 1


def run_blind_test(seed: int, win_rate: float, *, by_votes: bool = False) -> tuple[bool, int]:
    """Whether a candidate was promoted, and after how many outcomes, tested after each one.

    All who vote on a duel see the same two pictures, and three of four prefer the same one. The
    majority is the duel's outcome; with `by_votes`, which is wrong, each vote counts as an outcome.
    """
    chance = Random(seed)
    test = sequential.Test()
    while not test.winner:
        better = chance.random() < win_rate
        if by_votes:
            for _ in range(VOTERS_OF_DUEL):
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
    points = [points_moved(attack, seed) for seed in range(seeds)]
    worst = max(one for one, _ in points)
    unweighted = mean(one for _, one in points)
    what = f"win rate moved by one in five voters, {attack.__name__}"
    yield Row(
        area="trust",
        name=f"{what} (the worst of {seeds})",
        value=worst,
        unit="points",
        goal="<= 3",
        holds=worst <= 3,
    )
    yield Row(area="trust", name=f"{what}, unweighted (mean)", value=unweighted, unit="points")


def place_rows(push: Push, seeds: int) -> Iterable[Row]:
    """How high five accounts push one of 200 pictures by duels."""
    parties = [make_party(seed, push) for seed in range(seeds)]
    yield _rank_row(f"duels, {push.__name__}", [rank_of_target(one) for one in parties])
    plain = min(rank_of_target(one, defended=False) for one in parties)
    yield Row(
        area="trust", name=f"the same by plain share, {push.__name__}", value=plain, unit="place"
    )


def thumb_rows(seeds: int) -> Iterable[Row]:
    """How high five accounts push one of 200 pictures by thumbs."""
    places = [ranks_by_thumbs(seed) for seed in range(seeds)]
    yield _rank_row("thumbs", [one for one, _ in places])
    plain = min(one for _, one in places)
    yield Row(area="trust", name="the same by plain share, thumbs", value=plain, unit="place")


def _rank_row(how: str, places: Sequence[int]) -> Row:
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
    wrong = [run_blind_test(seed, 0.5)[0] for seed in range(candidates)]
    share = 100 * sum(wrong) / candidates
    yield Row(
        area="trust",
        name=f"{candidates} candidates without a difference promoted, looked at after every duel",
        value=share,
        unit="%",
        goal="<= 1",
        holds=share <= 1,
    )
    votes = [run_blind_test(seed, 0.5, by_votes=True)[0] for seed in range(candidates // 5)]
    yield Row(
        area="trust",
        name="the same if each vote on a duel counted as an outcome",
        value=100 * sum(votes) / len(votes),
        unit="%",
    )
    for rate in (0.6, 0.65, 0.75):
        results = [run_blind_test(seed, rate) for seed in range(candidates // 5)]
        promotions = [duels for won, duels in results if won]
        name = f"candidates that win {rate:.0%}"
        yield Row(
            area="trust",
            name=f"{name} promoted",
            value=100 * len(promotions) / len(results),
            unit="%",
        )
        yield Row(
            area="trust",
            name=f"duels until {name} are (median)",
            value=median(promotions),
            unit="duels",
        )
