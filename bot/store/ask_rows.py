"""Asks to and from JSON: those that wait for the licence, and those under appeal.

`consent.py` and `reviews.py` store them. Rows of another version are read defensively.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict

from bot.domain import Ask
from bot.store.job_rows import DRAW_VERSION, draw_values
from models.decoding import Dialect, MisfitError, decode

log = logging.getLogger(__name__)

_ASK = Dialect(needs_every_field=True)


def ask_json(ask: Ask) -> str:
    """An ask as the JSON that the database stores."""
    values = {**asdict(ask), "draw": draw_values(ask.draw)}
    # None values are left out, so that a version that does not know the field can still read the
    # rest.
    values = {name: value for name, value in values.items() if value is not None}
    return json.dumps(values, ensure_ascii=False)


def ask_of(text: str) -> Ask | None:
    """Read an ask; None if another version of the bot wrote it and this one cannot read it."""
    try:
        values = json.loads(text)
        _pop_version(values["draw"])
        # Old rows lack this field. The default is safe: the place is looked up again before use.
        values["place"].setdefault("whole", False)
        return decode(Ask, values, _ASK)
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        flaws = problem.flaws if isinstance(problem, MisfitError) else ()
        where = ", ".join(flaw.path for flaw in flaws) or type(problem).__name__
        log.warning("cannot read a waiting request of another version: %s", where)
        return None


def _pop_version(draw: dict[str, object]) -> None:
    """Remove the version number. Raises ValueError if it is not ours."""
    if (version := draw.pop("v")) != DRAW_VERSION:
        raise ValueError(f"draw version {version!r}")
