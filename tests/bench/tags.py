"""How long completing `prompt:` takes: 100,000 tags, each choice checked by the channel's policy.

This is all but Discord's part: the work of the cog between the interaction and its answer, on one
core.
"""

from __future__ import annotations

import random
import tempfile
import time
from pathlib import Path

from bot import rulebooks
from bot.policy import decide
from bot.policy.layers import EffectivePolicy, GuildPolicy, effective
from models.catalogue.tags import files
from models.catalogue.tags.analysing import analyse
from models.catalogue.tags.completing import completions
from models.catalogue.tags.glossary import Glossary
from models.report import Row, percentile
from tests.stages.factories import make_place
from tests.stages.words import as_csv, long_book

TAGS, TYPED, CANDIDATES = 100_000, 2_000, 35
GOAL_MS = 50.0


async def measure() -> list[Row]:
    """Rows: opening the list, p50 and p99 of an answer, and reading a prompt for unknown words."""
    with tempfile.TemporaryDirectory(prefix="waifu-tags-") as scratch:
        path = as_csv(long_book(TAGS), Path(scratch) / "tags.csv")
        began_s = time.perf_counter()
        glossary = Glossary(files.read(path))
        glossary.prepare()
        opened_s = time.perf_counter() - began_s
    place = make_place()
    policy = effective(rulebooks.load(), GuildPolicy(guild_id=place.guild_id), place)
    answers_ms = [_answer_ms(text, glossary, policy) for text in _typed_prompts(glossary)]
    reads_ms = [_read_ms(text, glossary) for text in _typed_prompts(glossary)]
    return [
        _row("open a list of 100,000 tags", opened_s, "s"),
        _row("complete a prompt, p50", percentile(answers_ms, 0.5), "ms"),
        _row("complete a prompt, p99", percentile(answers_ms, 0.99), "ms", GOAL_MS),
        _row("read a prompt for unknown words, p99", percentile(reads_ms, 0.99), "ms", GOAL_MS),
    ]


def _row(name: str, value: float, unit: str, goal: float | None = None) -> Row:
    goal_text = "" if goal is None else f"<= {goal:g} {unit}"
    holds = None if goal is None else value <= goal
    return Row(area="tags", name=name, value=value, unit=unit, goal=goal_text, holds=holds)


def _typed_prompts(glossary: Glossary) -> list[str]:
    """Prompts as people type them: up to twelve tags and an unfinished one, some with a typo."""
    rng = random.Random(1)
    tags = list(glossary.book.tags)
    prompts: list[str] = []
    for _ in range(TYPED):
        last = rng.choice(tags)
        unfinished = last[: rng.randint(1, len(last))]
        if rng.random() < 0.2:
            position = rng.randrange(len(unfinished))
            unfinished = unfinished[:position] + rng.choice("aeioubdt") + unfinished[position + 1 :]
        prompts.append(", ".join([*rng.sample(tags, rng.randint(0, 12)), unfinished]))
    return prompts


def _answer_ms(text: str, glossary: Glossary, policy: EffectivePolicy) -> float:
    began_s = time.perf_counter()
    for choice in completions(text, glossary, CANDIDATES):
        decide.may_offer(choice.prompt, policy)
    return (time.perf_counter() - began_s) * 1000


def _read_ms(text: str, glossary: Glossary) -> float:
    began_s = time.perf_counter()
    analyse(text, glossary)
    return (time.perf_counter() - began_s) * 1000
