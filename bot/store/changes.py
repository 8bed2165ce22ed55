"""Reports every state change of a transaction once it is committed.

Triggers on the writing connection (`WATCHES`) record the changes, so no store can forget to report
one. Called only by `db`. A crash between commit and report loses the report: the rows are the
truth, and reports serve logs and figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from bot.transitions import Subject, Tell, Transition

#: The function's name in SQL, and its number of arguments.
FUNCTION, VALUES = "state_changed", 5

_NEW_JOB = "NEW.state, CASE NEW.state WHEN 'running' THEN 'attempt ' || NEW.attempts ELSE '' END"
_STATUS = "iif({row}.status_closed, 'closed', 'open')"
_CASE = "ifnull(OLD.decision, 'open')"
_POST = "iif({row}.deleted_ms IS NULL, 'posted', 'deleted')"


def _watch(table: str, event: str, values: str, when: str = "true") -> str:
    name = f"{table}_{event.split(maxsplit=1)[0].lower()}_told"
    return (
        f"CREATE TEMP TRIGGER {name} AFTER {event} ON main.{table} WHEN {when}"
        f" BEGIN SELECT {FUNCTION}({values}); END"
    )


#: One trigger for each event on a row whose state is reported.
WATCHES = (
    _watch("jobs", "INSERT", f"'job', NEW.id, NULL, {_NEW_JOB}"),
    _watch(
        "jobs",
        "UPDATE OF state",
        f"'job', NEW.id, OLD.state, {_NEW_JOB}",
        "NEW.state <> OLD.state",
    ),
    _watch("jobs", "DELETE", "'job', OLD.id, OLD.state, NULL, ''"),
    _watch("requests", "INSERT", f"'request', NEW.id, NULL, {_STATUS.format(row='NEW')}, ''"),
    _watch(
        "requests",
        "UPDATE OF status_closed",
        f"'request', NEW.id, {_STATUS.format(row='OLD')}, {_STATUS.format(row='NEW')}, ''",
        "NEW.status_closed <> OLD.status_closed",
    ),
    _watch("requests", "DELETE", f"'request', OLD.id, {_STATUS.format(row='OLD')}, NULL, ''"),
    _watch("posts", "INSERT", f"'post', NEW.message_id, NULL, {_POST.format(row='NEW')}, ''"),
    _watch(
        "posts",
        "UPDATE OF deleted_ms",
        f"'post', NEW.message_id, {_POST.format(row='OLD')}, {_POST.format(row='NEW')}, ''",
        "(NEW.deleted_ms IS NULL) <> (OLD.deleted_ms IS NULL)",
    ),
    _watch("posts", "DELETE", f"'post', OLD.message_id, {_POST.format(row='OLD')}, NULL, ''"),
    _watch("cases", "INSERT", "'case', NEW.id, NULL, 'open', NEW.kind"),
    _watch(
        "cases",
        "UPDATE OF decision",
        "'case', NEW.id, 'open', NEW.decision, ''",
        "OLD.decision IS NULL AND NEW.decision IS NOT NULL",
    ),
    _watch("cases", "DELETE", f"'case', OLD.id, {_CASE}, NULL, ''"),
)


class Changes:
    """The state changes of the transaction in progress."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._recorded: list[Transition] = []

    def record(
        self, subject: str, id_: str | int, before: str | None, after: str | None, why: str
    ) -> None:
        """Record one change; SQLite calls this on the writer's thread, during a statement."""
        self._recorded.append(
            Transition(subject=Subject(subject), id=str(id_), before=before, after=after, why=why)
        )

    @contextmanager
    def report_after(self, why: str = "") -> Generator[None]:
        """Report the changes that the block commits; `why` is the reason where no row gives one.

        After a cancellation, they are reported if the commit succeeded: if it failed, `run_to_end`
        raises the cancellation with the fault as its cause.
        """
        try:
            yield
        except asyncio.CancelledError as stop:
            if stop.__cause__ is None:
                self._report(why)
            raise
        self._report(why)

    def discard(self) -> None:
        """Discard the recorded changes: they were rolled back."""
        self._recorded = []

    def _report(self, why: str) -> None:
        recorded, self._recorded = self._recorded, []
        for transition in recorded:
            self._tell(transition if transition.why else replace(transition, why=why))
