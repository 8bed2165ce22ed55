"""How long the policy takes for a prompt in a server with the most blocked terms allowed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random

from bot.reporting.policy import corpora, judging, latency
from bot.reporting.policy.command import CORPORA
from bot.reporting.policy.corpora import Specimen
from bot.reporting.policy.evasions import alone
from models.report import Row
from tests.bench import growth

#: The number of prompts from the corpora, and the time limit for measuring them.
PROMPTS, BUDGET_S = 1_000, 10.0


async def measure() -> list[Row]:
    """The times of ordinary prompts, of evasions and of hostile ones, and how they grow."""
    found = corpora.read(Path(__file__).parents[2] / CORPORA)
    evasions = [evasion.specimen for evasion in alone(found.refused, seed=1)]
    judge_prompt = judging.looking(latency.terms(1))
    times = latency.rows(
        latency.times_ms(judge_prompt, typed_sample(found.benign + found.refused), BUDGET_S),
        latency.times_ms(judge_prompt, typed_sample(evasions), BUDGET_S),
        latency.times_ms(judge_prompt, latency.hostile(), BUDGET_S),
    )
    return [*times, *growth.rows()]


def typed_sample(specimens: Sequence[Specimen]) -> Iterator[tuple[str, str]]:
    """The prompts and negative prompts of a sample of the specimens."""
    chosen = Random(1).sample(specimens, PROMPTS)
    return ((specimen.prompt.text, specimen.negative.text) for specimen in chosen)
