"""How long the policy takes over a prompt, beside as many terms as a server may block."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from bot.reporting.policy import corpora, judging, latency
from bot.reporting.policy.command import CORPORA
from bot.reporting.policy.corpora import Specimen
from bot.reporting.policy.evasions import alone
from models.report import Row

#: Prompts out of the corpora, and how long taking their times may last.
PROMPTS, BUDGET_S = 1_000, 10.0


async def measure() -> list[Row]:
    """The times of ordinary prompts, of evasions and of hostile ones."""
    found = corpora.read(Path(__file__).parents[2] / CORPORA)
    evasions = [evasion.specimen for evasion in alone(found.refused, seed=1)]
    look = judging.looking(latency.terms(1))
    return latency.rows(
        latency.times_ms(look, typed(found.benign + found.refused), BUDGET_S),
        latency.times_ms(look, typed(evasions), BUDGET_S),
        latency.times_ms(look, latency.hostile(), BUDGET_S),
    )


def typed(specimens: Sequence[Specimen]) -> Iterator[tuple[str, str]]:
    """Some of them, as they are typed."""
    chosen = Random(1).sample(specimens, PROMPTS)
    return ((specimen.prompt.text, specimen.negative.text) for specimen in chosen)
