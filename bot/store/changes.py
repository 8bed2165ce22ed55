"""Every change of state that a transaction makes, told once it is committed.

The database notices them by itself (`WATCHES`, triggers of the writing connection), so no store can
forget to tell one. Called by `db` alone. What is told is lost if the process dies between the
commit and the telling: the rows are the truth, and this is for logs and figures.
"""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from bot.transitions import Subject, Tell, Transition

#: Its name in SQL, and how many values it takes.
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


#: One for everything that may happen to a row whose state is of interest.
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
    """The changes of the transaction in progress."""

    def __init__(self, tell: Tell) -> None:
        self._tell = tell
        self._noticed: list[Transition] = []

    def notice(
        self, subject: str, id_: str | int, before: str | None, after: str | None, why: str
    ) -> None:
        """One change; SQLite calls this on the writer's thread, in the middle of a statement."""
        self._noticed.append(
            Transition(subject=Subject(subject), id=str(id_), before=before, after=after, why=why)
        )

    @contextmanager
    def told(self, why: str = "") -> Generator[None]:
        """Tell the changes that what is done inside commits; `why` is said where nothing else is.

        They are told too if the caller was cancelled meanwhile and it was done all the same:
        `undisturbed` names the fault as the cause if it was not.
        """
        try:
            yield
        except asyncio.CancelledError as stop:
            if stop.__cause__ is None:
                self._hand_over(why)
            raise
        self._hand_over(why)

    def forget(self) -> None:
        """What was noticed did not happen: it was rolled back."""
        self._noticed = []

    def _hand_over(self, why: str) -> None:
        noticed, self._noticed = self._noticed, []
        for transition in noticed:
            self._tell(transition if transition.why else replace(transition, why=why))
