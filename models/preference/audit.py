"""Measures judgements: how far voters agree with each other, and how far a reward agrees with them.

Called by the command, which shows and writes the rows. Must not know tensors or features.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterator, Mapping
from math import sqrt

import numpy as np
from numpy.typing import NDArray

from models.data.evidence import Evidence
from models.manifest import Kind, Manifest
from models.measuring.reward import Reward
from models.report import Row
from models.statistics.agreement import pairwise_agreement

#: Published percentages of Pick-a-Pic's held-out choices that were predicted (Kirstain et al. 2023,
#: arXiv:2305.01569, table 2).
_PUBLISHED = {"PickScore": 70.2, "a human expert": 68.0}


def rows(
    manifest: Manifest,
    held_out: Evidence,
    reward: Reward,
    vectors: Mapping[str, NDArray[np.float64]],
) -> Iterator[Row]:
    """The reward's agreement with judgements, beside the voters' own and published figures."""
    yield _row("the reward looks at", reward.features, "")
    yield _row("pairs of other prompts it tells right", 100 * reward.accuracy, "%, crossed")
    if held_out.pairs:
        share, error = pair_accuracy(reward, held_out, vectors)
        unit = f"% +- {100 * error:.0f}, of {len(held_out.pairs)} pairs"
        yield _row("held-out pairs it tells right", 100 * share, unit)
    agreement = voter_agreement(manifest)
    if agreement is None:
        yield _row("two voters agree", "no two judged the same", "")
    else:
        yield _row("two voters agree", 100 * agreement, "% of votes on one picture or pair")
    for name, share in _PUBLISHED.items():
        yield _row(f"published, on other pictures: {name}", share, "%")


def pair_accuracy(
    reward: Reward, held_out: Evidence, vectors: Mapping[str, NDArray[np.float64]]
) -> tuple[float, float]:
    """The weighted share of pairs, 0 to 1, that the reward ranks correctly; its standard error."""
    weights = np.array([pair.weight for pair in held_out.pairs])
    margins = np.stack([vectors[pair.better] - vectors[pair.worse] for pair in held_out.pairs])
    share = float(weights @ (reward.of(margins) > 0) / weights.sum())
    effective_pairs = float(weights.sum() ** 2 / (weights**2).sum())
    return share, sqrt(share * (1 - share) / effective_pairs)


def voter_agreement(manifest: Manifest) -> float | None:
    """How often two voters agree on a picture or pair, 0 to 1; None if no two judged the same."""
    votes_by_voter: defaultdict[str, dict[Hashable, float]] = defaultdict(dict)
    for judgement in manifest.judgements:
        if isinstance(judgement.value, int):
            files, value = judgement.files, float(judgement.value)
            if judgement.kind is Kind.DUEL and files[0] > files[1]:
                files, value = files[::-1], 1 - value
            votes_by_voter[judgement.voter][judgement.axis, files] = value
    return pairwise_agreement(list(votes_by_voter.values()))


def _row(name: str, value: float | str, unit: str) -> Row:
    return Row(area="votes", name=name, value=value, unit=unit)
