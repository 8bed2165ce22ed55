"""An ask as JSON, both ways: one that waits for the licence, and one that is appealed against.

`consent.py` and `reviews.py` keep it. What another version wrote is read with care.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

from bot.domain import Ask
from bot.store.job_rows import DRAW_VERSION, draw_values
from models.decoding import Dialect, MisfitError, decode

log = logging.getLogger(__name__)

_ASK = Dialect(in_full=True)


def ask_json(ask: Ask) -> str:
    """An ask as the database keeps it."""
    values = {**asdict(ask), "draw": draw_values(ask.draw)}
    # What is None is left out, so that a version that does not know it yet can read the others.
    values = {name: value for name, value in values.items() if value is not None}
    return json.dumps(values, ensure_ascii=False)


def ask_of(text: str) -> Ask | None:
    """None if another version of this bot wrote it in a way that this one cannot read."""
    try:
        values = json.loads(text)
        _take_version(values["draw"])
        # Before places had it; a place is looked at anew before it counts.
        values["place"].setdefault("whole", False)
        return decode(Ask, values, _ASK)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        flaws = problem.flaws if isinstance(problem, MisfitError) else ()
        where = ", ".join(flaw.path for flaw in flaws) or type(problem).__name__
        log.warning("a waiting request of another version cannot be read: %s", where)
        return None


def _take_version(draw: dict[str, object]) -> None:
    """ValueError if the draw is of another version."""
    if (version := draw.pop("v")) != DRAW_VERSION:
        raise ValueError(f"draw version {version!r}")
