"""Turns judgements into pairs within a prompt, and into how much each picture is liked.

Pairs of one prompt say what people like when all else is equal; how well a whole prompt is liked
says nothing about how to draw it. Training and held-out pictures never meet. Called by the command
and by the gate's audit. Pure; must not know tensors or files.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations

from models.manifest import JudgementLine, Kind, Manifest, Split

#: The prior: one up and one down for every picture and pair, so one vote proves little.
_PRIOR = 1.0
#: The greatest weight of a pair: no pair is certain.
WEIGHT_MAX = 0.99


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """One picture of a prompt is preferred to another, given by their files' names.

    `weight`, above 0 and below 1, is the difference of their posterior means.
    """

    better: str
    worse: str
    weight: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The evidence in the judgements of one split."""

    pairs: tuple[Preference, ...]
    #: How much each picture is preferred to others of its prompt, -1 to 1, by file.
    liked: Mapping[str, float]
    #: The lean of the votes on each picture alone, -0.5 to 0.5, whatever its prompt, by file.
    votes: Mapping[str, float] = field(default_factory=dict)


def evidence_of(manifest: Manifest, split: Split) -> Evidence:
    """The evidence on the pictures in one split whose prompts are shared."""
    prompts = {
        picture.file_name: picture.prompt_key
        for picture in manifest.pictures
        if picture.split is split and picture.text is not None
    }
    judgements = [j for j in manifest.judgements if all(name in prompts for name in j.files)]
    return evidence_from(judgements, prompts)


def evidence_from(judgements: Iterable[JudgementLine], prompts: Mapping[str, str]) -> Evidence:
    """The evidence in judgements; `prompts` maps a picture's file to its prompt."""
    judgement_list = list(judgements)
    margins: defaultdict[tuple[str, str], float] = defaultdict(float)
    votes = _vote_leanings(judgement_list)
    for better, worse, margin in (*_vote_pairs(votes, prompts), *_comparison_pairs(judgement_list)):
        margins[better, worse] += margin
    pairs = [
        Preference(better=a, worse=b, weight=min(net, WEIGHT_MAX))
        for (a, b), margin in sorted(margins.items())
        if (net := margin - margins.get((b, a), 0.0)) > 0
    ]
    return Evidence(pairs=tuple(pairs), liked=liked_of(pairs), votes=votes)


def _vote_leanings(judgements: Iterable[JudgementLine]) -> dict[str, float]:
    """The posterior mean of each voted picture, minus one half."""
    up: defaultdict[str, float] = defaultdict(float)
    down: defaultdict[str, float] = defaultdict(float)
    for judgement in judgements:
        if judgement.kind is Kind.VOTE and judgement.weight:
            (up if judgement.value == 1 else down)[judgement.files[0]] += judgement.weight
    return {name: _posterior_mean(up[name], down[name]) - 0.5 for name in sorted({*up, *down})}


def _vote_pairs(
    votes: Mapping[str, float], prompts: Mapping[str, str]
) -> Iterator[tuple[str, str, float]]:
    """Pairs of voted pictures of one prompt: the better, the worse, and the difference."""
    by_prompt: defaultdict[str, list[str]] = defaultdict(list)
    for name in votes:
        by_prompt[prompts[name]].append(name)
    for names in by_prompt.values():
        for a, b in combinations(names, 2):
            margin = votes[a] - votes[b]
            if margin:
                yield (a, b, margin) if margin > 0 else (b, a, -margin)


def _comparison_pairs(judgements: Iterable[JudgementLine]) -> Iterator[tuple[str, str, float]]:
    """Pairs that duels and rankings compare directly: the better, the worse, and the margin."""
    wins: defaultdict[tuple[str, str], float] = defaultdict(float)
    for judgement in judgements:
        for better, worse in _preferred_pairs(judgement):
            wins[better, worse] += judgement.weight
    for a, b in {tuple(sorted(pair)) for pair in wins}:
        margin = _posterior_mean(wins[a, b], wins[b, a]) - _posterior_mean(wins[b, a], wins[a, b])
        if margin:
            yield (a, b, margin) if margin > 0 else (b, a, -margin)


def _preferred_pairs(judgement: JudgementLine) -> Iterator[tuple[str, str]]:
    """Which picture a duel or a ranking prefers to which."""
    value, files = judgement.value, judgement.files
    if judgement.kind is Kind.DUEL:
        ranked: tuple[int, ...] = (int(value == 1),)
    elif isinstance(value, tuple):
        ranked = value
    else:
        return
    lower = set(range(len(files)))
    for index in ranked:
        lower.discard(index)
        yield from ((files[index], files[other]) for other in sorted(lower))


def _posterior_mean(up: float, down: float) -> float:
    """The posterior mean for a picture or a pair: Beta(prior + up, prior + down)."""
    return (_PRIOR + up) / (2 * _PRIOR + up + down)


def liked_of(pairs: Iterable[Preference]) -> dict[str, float]:
    """The mean margin of each picture over those it was compared with."""
    sums: defaultdict[str, float] = defaultdict(float)
    counts: defaultdict[str, float] = defaultdict(float)
    for pair in pairs:
        for name, sign in ((pair.better, 1), (pair.worse, -1)):
            sums[name] += sign * pair.weight
            counts[name] += 1
    return {name: sums[name] / counts[name] for name in sorted(counts)}
