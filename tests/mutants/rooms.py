"""The rooms whose tests the mutants measure: their files, their tests and their goals.

Read by `python -m tests.mutants`. A room's tests are those in the matching folder; nothing here
knows how a mutant is made or tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """Source files and the tests that should notice changes in them."""

    #: Files, or folders with everything in them.
    sources: tuple[str, ...]
    tests: tuple[str, ...]
    #: Per cent of the mutants that a test must notice.
    goal: float = 85
    #: Called before any fork, to build once what nearly every test uses.
    warm: Callable[[], None] | None = None
    #: Its caches, `module.function`, that only mutants of the code that fills them empty.
    kept: frozenset[str] = frozenset()

    def files(self) -> list[Path]:
        """Its source files, sorted, relative to the root."""
        found = (Path(source) for source in self.sources)
        return sorted(
            {f for path in found for f in (path.rglob("*.py") if path.is_dir() else [path])}
        )


def _compile_rulebook() -> None:
    from bot import rulebooks
    from bot.policy.layers import ground_of

    ground_of(rulebooks.load())


ROOMS = {
    "policy": Room(
        sources=("bot/policy",),
        tests=("tests/bot/policy",),
        goal=90,
        warm=_compile_rulebook,
        kept=frozenset(
            {"bot.rulebooks.load", "bot.policy.layers.ground_of", "bot.policy.sides.detector"}
        ),
    ),
    "queue": Room(
        sources=(
            "bot/store/queue.py",
            "bot/store/granting.py",
            "bot/store/cancelling.py",
            "bot/store/caps.py",
        ),
        tests=(
            "tests/bot/store/test_queue.py",
            "tests/bot/store/test_claims.py",
            "tests/bot/store/test_caps.py",
            "tests/bot/store/test_plans.py",
            "tests/bot/store/test_decisions.py",
            "tests/bot/store/test_held_pictures.py",
            "tests/bot/store/test_precedents.py",
            "tests/bot/store/test_job_rows.py",
            "tests/bot/store/test_trials.py",
            "tests/bot/store/test_consent.py",
            "tests/bot/store/test_queued_once.py",
        ),
    ),
    "ledger": Room(
        sources=("bot/store/ledger.py", "bot/store/votes.py", "bot/store/nameless.py"),
        tests=(
            "tests/bot/store/test_ledger.py",
            "tests/bot/store/test_nameless.py",
            "tests/bot/store/test_votes.py",
            "tests/bot/store/test_picks.py",
            "tests/bot/store/test_erasing.py",
            "tests/bot/store/test_privacy.py",
        ),
    ),
    "outbox": Room(
        sources=("bot/store/outbox.py", "bot/store/sends.py"),
        tests=("tests/bot/store/test_outbox.py", "tests/bot/store/test_sends.py"),
    ),
    "delivery": Room(
        sources=(
            "cogs/posting/composing.py",
            "cogs/posting/delivery.py",
            "cogs/posting/faults.py",
            "cogs/posting/finding.py",
            "cogs/posting/lanes.py",
            "cogs/posting/looking.py",
            "cogs/posting/noting.py",
            "cogs/posting/sending.py",
            "cogs/posting/uploads.py",
        ),
        tests=(
            "tests/cogs/posting/test_delivery.py",
            "tests/cogs/posting/test_delivery_lanes.py",
            "tests/cogs/posting/test_finding.py",
            "tests/cogs/posting/test_grid_posts.py",
            "tests/cogs/posting/test_lanes.py",
            "tests/cogs/posting/test_may_post.py",
            "tests/cogs/posting/test_rests.py",
            "tests/cogs/posting/test_shown_again.py",
            "tests/cogs/posting/test_takedown.py",
        ),
    ),
    "engine": Room(
        sources=("models/engine/samplers.py", "models/engine/schedule.py"),
        tests=("tests/models/engine/test_samplers.py", "tests/models/engine/test_schedule.py"),
    ),
    "batcher": Room(
        sources=("models/engine/batcher.py",), tests=("tests/models/engine/test_batcher.py",)
    ),
    "objective": Room(
        sources=("models/training/objective.py",),
        tests=("tests/models/training/test_objective.py",),
    ),
    "preference": Room(
        sources=("models/preference/losses.py",),
        tests=("tests/models/preference/test_losses.py",),
    ),
    "statistics": Room(sources=("models/statistics",), tests=("tests/models/statistics",)),
}
