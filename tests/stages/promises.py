"""What must hold for a bot that was killed at any moment, after any history.

Each promise is one function, made of the looks in `looks.py`. It returns the faults that it finds,
in words; an empty list means the promise holds. Some hold at any moment (`broken_now`), the others
once everything has come to rest (`faults`). Used by the crash harness (`crashing.py`), the boundary
walk (`walking.py`) and the stories (`story.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from tests.stages import looks
from tests.stages.looks import Forgotten
from tests.stages.seen import Witness


@dataclass(slots=True, kw_only=True)
class Told:
    """What people were told, and may rely on."""

    #: Promised pictures by prompt, without those of the forgotten.
    promised: dict[str, int] = field(default_factory=dict[str, int])
    #: Jobs that were taken back.
    cancelled: set[str] = field(default_factory=set[str])
    #: People whose choice between pictures stands, with its axis.
    chosen: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    #: The possible picks by voter and grid; several if nobody could confirm one.
    picks: dict[tuple[int, str], set[int | None]] = field(
        default_factory=dict[tuple[int, str], set[int | None]]
    )
    forgotten: list[Forgotten] = field(default_factory=list[Forgotten])


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Every fault, by the promise that it breaks; all lists must be empty.

    Each field is named after the function that finds it.
    """

    nothing_lost: list[str] = field(default_factory=list)
    nothing_twice: list[str] = field(default_factory=list)
    nobody_elses_picture: list[str] = field(default_factory=list)
    nothing_of_the_forgotten: list[str] = field(default_factory=list)
    nothing_open: list[str] = field(default_factory=list)
    ledger_equals_truth: list[str] = field(default_factory=list)
    records_are_true: list[str] = field(default_factory=list)
    #: The bot ended too early, so that nothing could be checked.
    broke_off: list[str] = field(default_factory=list)

    @property
    def broken(self) -> frozenset[str]:
        """The names of the promises that are broken."""
        return frozenset(each.name for each in fields(self) if getattr(self, each.name))

    def __bool__(self) -> bool:
        return bool(self.broken)

    def __str__(self) -> str:
        found = {name: ", ".join(getattr(self, name)) for name in sorted(self.broken)}
        return "; ".join(f"{name}: {what}" for name, what in found.items())


def faults(here: Witness, told: Told) -> Faults:
    """Check every promise, once everything has come to rest."""
    return Faults(
        nothing_lost=nothing_lost(here, told),
        nothing_twice=nothing_twice(here),
        nobody_elses_picture=nobody_elses_picture(here),
        nothing_of_the_forgotten=nothing_of_the_forgotten(here, told),
        nothing_open=nothing_open(here),
        ledger_equals_truth=ledger_equals_truth(here, told),
        records_are_true=records_are_true(here),
    )


def broken_now(here: Witness, told: Told) -> Faults:
    """Check what must hold at any moment, however much is still to be done.

    Only the last forgotten member is checked here; earlier ones are checked when everything has
    come to rest, and so is a member whose wish is recorded but not yet carried out: the next start
    does that.
    """
    forgotten = [gone for gone in told.forgotten[-1:] if not _wish_waits(here, gone)]
    return Faults(
        nothing_lost=looks.rows_without_file(here),
        # A duel's message outlives its row for as long as Discord takes to delete it.
        nothing_twice=_made_twice(here),
        nobody_elses_picture=nobody_elses_picture(here),
        nothing_of_the_forgotten=[row for gone in forgotten for row in looks.rows_of(here, gone)],
        ledger_equals_truth=[
            *looks.votes_unlike_ledger(here),
            *looks.choices_unlike_ledger(here),
            *looks.picks_unlike_presses(here, told.picks),
        ],
        records_are_true=looks.held_and_shown(here),
    )


def _wish_waits(here: Witness, gone: looks.Forgotten) -> bool:
    wish = f"SELECT 1 FROM forget_wishes WHERE user_id = {gone.user_id}"  # noqa: S608
    return bool(here.rows(wish))


def nothing_lost(here: Witness, told: Told) -> list[str]:
    """Everything promised exists, and can be seen and voted on."""
    return [
        *looks.never_noted(here, told.promised),
        *looks.not_shown(here),
        *looks.without_a_vote(here),
        *looks.rows_without_file(here),
        *looks.choices_lost(here, told.chosen),
        *looks.liked_and_not_hung(here),
        *(wish for gone in told.forgotten for wish in looks.wish_lost(here, gone)),
    ]


def nothing_twice(here: Witness) -> list[str]:
    """Everything owed once was made once."""
    return [*_made_twice(here), *looks.duels_of_nobody(here)]


def _made_twice(here: Witness) -> list[str]:
    return [*looks.posted_twice(here), *looks.hung_twice(here)]


def nobody_elses_picture(here: Witness) -> list[str]:
    """Everybody has exactly the pictures drawn for them, and nobody else's."""
    return [
        *looks.rows_of_another(here),
        *looks.files_of_another(here),
        *looks.shown_as_anothers(here),
    ]


def nothing_of_the_forgotten(here: Witness, told: Told) -> list[str]:
    """Nothing of the forgotten, or of what was taken back, is in rows, messages or bytes.

    If the bot lost a member's wish, everything it still has of them is one fault and not twenty.
    """
    return [
        *(
            what
            for gone in told.forgotten
            if not looks.wish_lost(here, gone)
            for look in (looks.rows_of, looks.messages_of, looks.bytes_of)
            for what in look(here, gone)
        ),
        *looks.deleted_and_shown(here),
        *looks.cancelled_and_shown(here, told.cancelled),
        *looks.hung_and_not_known(here),
        *looks.files_without_row(here),
    ]


def nothing_open(here: Witness) -> list[str]:
    """Nothing that is over still has buttons."""
    return [*looks.open_status_messages(here), *looks.duels_that_still_ask(here)]


def ledger_equals_truth(here: Witness, told: Told) -> list[str]:
    """Votes follow from the events, and the events from what people did."""
    gone = {member.user_id for member in told.forgotten}
    return [
        *looks.votes_unlike_ledger(here),
        *looks.choices_unlike_ledger(here),
        *looks.picks_unlike_presses(here, told.picks),
        *looks.votes_unlike_reactions(here, gone),
        *looks.nameless_unlike_reactions(here, gone),
    ]


def records_are_true(here: Witness) -> list[str]:
    """The tables agree with Discord, and the file is intact."""
    return [
        *looks.posts_unlike_messages(here),
        *looks.held_and_shown(here),
        *looks.database_damage(here),
    ]
