"""Every table and what it holds about a user; `privacy.py` counts, exports and erases by it.

A test compares it with the schema, so no new table can be left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from bot.store.case_rows import REVISION_WITHOUT_NAME


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """What a table holds about a user (`:user`)."""

    #: The condition of the user's rows, which are counted and exported.
    of_user: str
    #: Statements that erase them; empty if they are deleted with the rows that they refer to.
    erase: tuple[str, ...] = ()
    #: Columns that may name somebody else, so they are never exported.
    hidden_columns: tuple[str, ...] = ()


_THEIR_PICTURES = "job_id IN (SELECT job_id FROM pictures WHERE user_id = :user)"
_OF_THEIR_JOBS = "job_id IN (SELECT id FROM jobs WHERE user_id = :user)"
_THEIR_SENDS = f"(name, kind) IN (SELECT name, kind FROM send_jobs WHERE {_OF_THEIR_JOBS})"  # noqa: S608  a constant above
_OF_THEIR_REQUESTS = "request_id IN (SELECT id FROM requests WHERE user_id = :user)"
_THEIR_POSTS = (
    "message_id IN (SELECT message_id FROM post_pictures JOIN pictures USING (job_id)"
    " WHERE pictures.user_id = :user)"
)
_THEIR_DUELS = " OR ".join(
    f"{side} IN (SELECT job_id FROM pictures WHERE user_id = :user)"  # noqa: S608  the sides
    for side in ("left_job", "right_job")
)
_OF_THEIR_DUELS = f"about IN (SELECT id FROM duels WHERE {_THEIR_DUELS})"  # noqa: S608  a constant above
_OF_THEIR_GRIDS = f"about IN (SELECT id FROM owed_posts WHERE {_OF_THEIR_REQUESTS})"  # noqa: S608  a constant above
#: Choices in which one of the user's pictures was shown.
_OF_THEIR_CHOOSING = f"{_OF_THEIR_DUELS} OR {_OF_THEIR_GRIDS}"
_WITH_THEIR_REPORTS = "id IN (SELECT case_id FROM reports WHERE reporter_id = :user)"

#: In the order of erasing: whether a vote is erased depends on its picture. None: the table holds
#: nothing about anybody.
HOLDINGS: Mapping[str, Holding | None] = MappingProxyType(
    {
        "vote_events": Holding(
            of_user="voter_id = :user",
            erase=(
                f"DELETE FROM vote_events WHERE voter_id = :user OR {_THEIR_POSTS}",  # noqa: S608  a constant above
                f"DELETE FROM vote_events WHERE {_OF_THEIR_CHOOSING}",  # noqa: S608  a constant above
            ),
        ),
        # A comparison with a missing picture says nothing, so the whole row is deleted.
        "choices": Holding(
            of_user="voter_id = :user",
            erase=(
                f"DELETE FROM choices WHERE voter_id = :user OR {_OF_THEIR_CHOOSING}",  # noqa: S608  a constant above
                f"DELETE FROM nameless_choices WHERE {_OF_THEIR_CHOOSING}",  # noqa: S608  a constant above
            ),
        ),
        "nameless_choices": None,
        "duel_origins": None,
        "duels": Holding(
            of_user=_THEIR_DUELS,
            erase=(f"DELETE FROM duels WHERE {_THEIR_DUELS}",),  # noqa: S608  a constant above
        ),
        "parties": Holding(
            of_user="user_id = :user", erase=("DELETE FROM parties WHERE user_id = :user",)
        ),
        "standing_reactions": Holding(
            of_user="voter_id = :user",
            erase=(f"DELETE FROM standing_reactions WHERE voter_id = :user OR {_THEIR_POSTS}",),  # noqa: S608  a constant above
        ),
        "votes": Holding(
            of_user="voter_id = :user",
            erase=(f"DELETE FROM votes WHERE voter_id = :user OR {_THEIR_PICTURES}",),  # noqa: S608  a constant above
        ),
        "axes": None,
        "request_kinds": None,
        "layouts": None,
        "ratings": None,
        "states": None,
        "nameless_tallies": None,
        "nameless_marks": None,
        "nameless_voters": None,
        "mark_key": None,
        "posts": Holding(of_user=_OF_THEIR_REQUESTS),
        "post_pictures": Holding(of_user=_THEIR_PICTURES),
        "pictures": Holding(
            of_user="user_id = :user", erase=("DELETE FROM pictures WHERE user_id = :user",)
        ),
        "favourites": Holding(
            of_user="user_id = :user", erase=("DELETE FROM favourites WHERE user_id = :user",)
        ),
        "showpieces": Holding(of_user=_THEIR_PICTURES),
        "curations": Holding(of_user=_THEIR_PICTURES),
        "stamps": None,
        "doomed_files": None,
        "doomed_messages": None,
        "send_jobs": Holding(of_user=_OF_THEIR_JOBS),
        "sends": Holding(
            of_user=_THEIR_SENDS,
            erase=(f"DELETE FROM sends WHERE {_THEIR_SENDS}",),  # noqa: S608  a constant above
        ),
        "hunts": None,
        "forget_wishes": Holding(
            of_user="user_id = :user", erase=("DELETE FROM forget_wishes WHERE user_id = :user",)
        ),
        "installation": None,
        "jobs": Holding(of_user="user_id = :user"),
        "owed_posts": Holding(of_user=_OF_THEIR_REQUESTS),
        "requests": Holding(
            of_user="user_id = :user", erase=("DELETE FROM requests WHERE user_id = :user",)
        ),
        "turns": Holding(
            of_user="user_id = :user", erase=("DELETE FROM turns WHERE user_id = :user",)
        ),
        "waiting_asks": Holding(
            of_user="user_id = :user", erase=("DELETE FROM waiting_asks WHERE user_id = :user",)
        ),
        "drafts": Holding(
            of_user="user_id = :user", erase=("DELETE FROM drafts WHERE user_id = :user",)
        ),
        "presets": Holding(
            of_user="user_id = :user", erase=("DELETE FROM presets WHERE user_id = :user",)
        ),
        # A server's decisions stay, as in the log.
        "styles": Holding(
            of_user="by_id = :user",
            erase=("UPDATE styles SET by_id = NULL WHERE by_id = :user",),
        ),
        "acceptances": Holding(
            of_user="user_id = :user", erase=("DELETE FROM acceptances WHERE user_id = :user",)
        ),
        "sharing": Holding(
            of_user="user_id = :user", erase=("DELETE FROM sharing WHERE user_id = :user",)
        ),
        # A server's decision stays; who made it is forgotten.
        "audit_log": Holding(
            of_user="actor_id = :user",
            erase=(
                "UPDATE audit_log SET actor_id = NULL WHERE actor_id = :user",
                "UPDATE audit_log SET user_id = NULL WHERE user_id = :user",
            ),
            hidden_columns=("user_id",),
        ),
        "policies": None,
        "guilds": None,
        # A reported picture stays reported.
        "reports": Holding(
            of_user="reporter_id = :user",
            erase=(
                f"UPDATE cases SET {REVISION_WITHOUT_NAME} WHERE {_WITH_THEIR_REPORTS}",  # noqa: S608  constants
                "UPDATE reports SET reporter_id = NULL WHERE reporter_id = :user",
            ),
        ),
        "cases": Holding(
            of_user="user_id = :user",
            erase=(
                "DELETE FROM cases WHERE user_id = :user",
                f"UPDATE cases SET actor_id = NULL, {REVISION_WITHOUT_NAME} WHERE actor_id = :user",  # noqa: S608  a constant
            ),
            hidden_columns=("actor_id",),
        ),
        "strikes": Holding(
            of_user="user_id = :user", erase=("DELETE FROM strikes WHERE user_id = :user",)
        ),
        "exclusions": Holding(
            of_user="user_id = :user",
            erase=(
                "DELETE FROM exclusions WHERE user_id = :user",
                "UPDATE exclusions SET actor_id = NULL WHERE actor_id = :user",
            ),
            hidden_columns=("actor_id",),
        ),
        "nameless_exclusions": None,
        "precedents": None,
        "tellings": Holding(
            of_user="user_id = :user", erase=("DELETE FROM tellings WHERE user_id = :user",)
        ),
        # The numbers of the owner's report stay.
        "decisions": Holding(
            of_user="user_id = :user",
            erase=("UPDATE decisions SET user_id = NULL, about = '' WHERE user_id = :user",),
        ),
        # The record of models and tests stays; who acted is forgotten.
        "lineage": Holding(
            of_user="by_id = :user",
            erase=("UPDATE lineage SET by_id = NULL WHERE by_id = :user",),
        ),
        "trials": Holding(
            of_user="by_id = :user", erase=("UPDATE trials SET by_id = NULL WHERE by_id = :user",)
        ),
        "trial_ends": Holding(
            of_user="by_id = :user",
            erase=("UPDATE trial_ends SET by_id = NULL WHERE by_id = :user",),
        ),
        "trial_pairs": Holding(of_user=_OF_THEIR_REQUESTS),
        "trial_steps": None,
        "trial_outcomes": None,
        "lineage_deeds": None,
        "case_kinds": None,
        "decision_kinds": None,
        "outcomes": None,
    }
)
