"""How long the policy takes over a prompt, beside as many terms as a server may block."""

from __future__ import annotations

from pathlib import Path
from random import Random

from bot.reporting.policy import corpora, judging, latency
from bot.reporting.policy.command import CORPORA
from models.report import Row

#: Prompts out of the corpora, and how long taking their times may last.
PROMPTS, BUDGET_S = 1_000, 10.0


async def measure() -> list[Row]:
    """The times of ordinary prompts and of hostile ones."""
    found = corpora.read(Path(__file__).parents[2] / CORPORA)
    chosen = Random(1).sample(found.benign + found.refused, PROMPTS)
    usual = ((specimen.prompt.text, specimen.negative.text) for specimen in chosen)
    look = judging.looking(latency.terms(1))
    return latency.rows(
        latency.times_ms(look, usual, BUDGET_S),
        latency.times_ms(look, latency.hostile(), BUDGET_S),
    )
