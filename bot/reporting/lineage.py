"""The lineage as a picture: every card that served, with the result of its blind test.

Called by `/learn history`, off the loop. Must not know Discord.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from bot.reporting import charts
from bot.reporting.charts import Bar
from bot.store.lineage import LineageAction, LineageEntry
from bot.store.trials import Trial, TrialStep

_DEEDS = {
    LineageAction.BEGIN: "named by MODEL",
    LineageAction.PROMOTE: "promoted",
    LineageAction.ROLLBACK: "brought back",
}
#: Percent of the duels: for a card as good as its parent, and for one never tried.
_EVEN, _UNTRIED = 50.0, 0.0
#: How many rows a readable picture holds.
_ROWS_MAX = 30


def history_png(
    reigns: Sequence[LineageEntry], trials: Mapping[Trial, Sequence[TrialStep]]
) -> bytes:
    """One line for each reign, the oldest first; bars are win rates over the parent."""
    lines = [_line(reign, trials) for reign in reigns[-_ROWS_MAX:]]
    picture = charts.bars(
        "Models that served here, the newest last",
        "the bar is the share of blind duels that the card won against the one before it, in %",
        lines,
        _EVEN,
        end=100,
    )
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _line(reign: LineageEntry, trials: Mapping[Trial, Sequence[TrialStep]]) -> Bar:
    day = datetime.fromtimestamp(reign.at_ms / 1000, UTC).strftime("%Y-%m-%d")
    tried = next((steps for trial, steps in trials.items() if _led_to(trial, reign)), ())
    wins, duels = sum(step.win for step in tried), len(tried)
    rate = 100 * wins / duels if duels else _UNTRIED
    result = f"{wins} of {duels} duels" if duels else "no blind test"
    return Bar(reign.card_id, rate, f"{day} {_DEEDS[reign.action]}, {result}", good=rate >= _EVEN)


def _led_to(trial: Trial, reign: LineageEntry) -> bool:
    """Whether this trial is the reason why the card came to serve."""
    same = (trial.candidate, trial.parent) == (reign.card_id, reign.previous_id)
    return same and reign.action is LineageAction.PROMOTE and trial.begun_ms <= reign.at_ms
