"""What must hold for a bot that was killed at any moment, after any history.

Each promise is one function that combines functions of `looks.py`. It returns its faults as texts;
an empty list means that the promise holds. Some promises hold at any moment (`broken_now`), the
others once everything has come to rest (`faults`). Used by the crash harness (`crashing.py`), the
boundary walk (`walking.py`) and the stories (`story.py`).
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields

from tests.stages import looks
from tests.stages.looks import Forgotten
from tests.stages.seen import Witness


@dataclass(slots=True, kw_only=True)
class Expected:
    """What the bot has confirmed to people, so that they may rely on it."""

    #: The number of promised pictures by prompt, without those of the forgotten.
    promised: dict[str, int] = field(default_factory=dict[str, int])
    #: Jobs whose cancellation the bot confirmed.
    cancelled: set[str] = field(default_factory=set[str])
    #: People with a confirmed choice between pictures, and its axis.
    chosen: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])
    #: The possible picks by voter and grid: several if the bot could not confirm the last one.
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


def faults(here: Witness, expected: Expected) -> Faults:
    """Check every promise, once everything has come to rest."""
    return Faults(
        nothing_lost=nothing_lost(here, expected),
        nothing_twice=nothing_twice(here),
        nobody_elses_picture=nobody_elses_picture(here),
        nothing_of_the_forgotten=nothing_of_the_forgotten(here, expected),
        nothing_open=nothing_open(here),
        ledger_equals_truth=ledger_equals_truth(here, expected),
        records_are_true=records_are_true(here),
    )


def broken_now(here: Witness, expected: Expected) -> Faults:
    """Check what must hold at any moment, however much is still to be done.

    Of the forgotten, this checks only the last one, and only once the recorded wish is carried out,
    which may take until the next start. `faults` checks them all.
    """
    forgotten = [gone for gone in expected.forgotten[-1:] if not _is_wish_waiting(here, gone)]
    return Faults(
        nothing_lost=looks.rows_without_file(here),
        # A duel's message exists longer than its row, until Discord has deleted it.
        nothing_twice=_made_twice(here),
        nobody_elses_picture=nobody_elses_picture(here),
        nothing_of_the_forgotten=[row for gone in forgotten for row in looks.rows_of(here, gone)],
        ledger_equals_truth=[
            *looks.votes_unlike_ledger(here),
            *looks.choices_unlike_ledger(here),
            *looks.picks_unlike_presses(here, expected.picks),
        ],
        records_are_true=looks.held_but_shown(here),
    )


def _is_wish_waiting(here: Witness, gone: looks.Forgotten) -> bool:
    wish = f"SELECT 1 FROM forget_wishes WHERE user_id = {gone.user_id}"  # noqa: S608
    return bool(here.rows(wish))


def nothing_lost(here: Witness, expected: Expected) -> list[str]:
    """Everything promised exists; people can see it and vote on it."""
    return [
        *looks.never_recorded(here, expected.promised),
        *looks.not_shown(here),
        *looks.without_vote_reactions(here),
        *looks.rows_without_file(here),
        *looks.lost_choices(here, expected.chosen),
        *looks.liked_but_not_in_gallery(here),
        *(wish for gone in expected.forgotten for wish in looks.lost_wishes(here, gone)),
    ]


def nothing_twice(here: Witness) -> list[str]:
    """The bot made every owed post once."""
    return [*_made_twice(here), *looks.unknown_duel_messages(here)]


def _made_twice(here: Witness) -> list[str]:
    return [*looks.posted_twice(here), *looks.twice_in_gallery(here)]


def nobody_elses_picture(here: Witness) -> list[str]:
    """Everybody has exactly the pictures drawn for them, and nobody else's."""
    return [
        *looks.rows_of_another(here),
        *looks.files_of_another(here),
        *looks.credited_to_another(here),
    ]


def nothing_of_the_forgotten(here: Witness, expected: Expected) -> list[str]:
    """No row, message or file holds anything of the forgotten, or of what members removed.

    If the bot lost a member's wish, everything that it still has of them counts as one fault.
    """
    return [
        *(
            what
            for gone in expected.forgotten
            if not looks.lost_wishes(here, gone)
            for look in (looks.rows_of, looks.messages_of, looks.bytes_of)
            for what in look(here, gone)
        ),
        *looks.deleted_but_shown(here),
        *looks.cancelled_but_shown(here, expected.cancelled),
        *looks.unknown_in_gallery(here),
        *looks.files_without_row(here),
    ]


def nothing_open(here: Witness) -> list[str]:
    """Nothing that has ended still has buttons."""
    return [*looks.open_status_messages(here), *looks.closed_duels_with_buttons(here)]


def ledger_equals_truth(here: Witness, expected: Expected) -> list[str]:
    """Votes follow from the events, and the events from what people did."""
    gone = {member.user_id for member in expected.forgotten}
    return [
        *looks.votes_unlike_ledger(here),
        *looks.choices_unlike_ledger(here),
        *looks.picks_unlike_presses(here, expected.picks),
        *looks.votes_unlike_reactions(here, gone),
        *looks.nameless_unlike_reactions(here, gone),
    ]


def records_are_true(here: Witness) -> list[str]:
    """The tables agree with Discord, and the file is intact."""
    return [
        *looks.posts_unlike_messages(here),
        *looks.held_but_shown(here),
        *looks.database_damage(here),
    ]
