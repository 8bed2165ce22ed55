"""Blind tests of a candidate: the trials, both models' pictures, and the decisions of duels.

`bot/learning/shadow.py` queues pairs and records steps, `/learn` begins and ends trials. Until a
member has chosen, only this store knows which side is the candidate's. Must not know how a test is
decided.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.ballot import Duel, DuelId, DuelOrigin
from bot.domain import (
    Admitted,
    ChannelId,
    GuildId,
    JobId,
    Request,
    RequestId,
    UserId,
)
from bot.ids import new_id
from bot.store.db import Database, Row, Transaction
from bot.store.duel_rows import close_duels, insert_duel
from bot.store.request_rows import insert_requests, request_of
from bot.words import learning

#: A test's extra pictures wait this long, so that members' pictures are drawn first.
_DELAY_MS = 20_000


class TrialOutcome(StrEnum):
    """How a trial ended."""

    #: The candidate proved better.
    CANDIDATE = "candidate"
    #: The candidate proved not to be better, or did not prove better in time.
    PARENT = "parent"
    #: The owner stopped it, or another model took over.
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """A blind test in one server; `outcome` is None while it runs."""

    id: str
    guild_id: GuildId
    candidate: str
    parent: str
    #: The share of requests that both models draw, in 0..1.
    share: float
    #: The number of duels after which a candidate that has not won has lost.
    max_duels: int
    by_id: UserId | None
    begun_ms: int
    outcome: TrialOutcome | None = None
    ended_ms: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialPair:
    """The two models' pictures for one request."""

    request_id: RequestId
    trial_id: str
    candidate_job: JobId
    parent_job: JobId
    duel_id: DuelId
    candidate_left: bool
    guild_id: GuildId
    channel_id: ChannelId
    since_id: int

    @property
    def jobs(self) -> tuple[JobId, JobId]:
        """The left and the right job."""
        both = (self.candidate_job, self.parent_job)
        return both if self.candidate_left else (both[1], both[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialChoice:
    """A member's current choice in a trial's duel."""

    voter_id: UserId
    for_candidate: bool
    #: Whether they asked for the pictures.
    self_vote: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialStep:
    """One duel's decision, and the evidence for the candidate afterwards."""

    duel_id: DuelId
    win: bool
    e_value: float
    at_ms: int


class TrialBook:
    """The tables of the blind tests; at most one runs."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def begin(self, trial: Trial) -> Trial | str:
        """Begin a trial of a candidate against the serving card.

        Returns a sentence instead if that is not possible.
        """
        async with self._db.write() as tx:
            if await tx.fetch_one(_OPEN):
                return learning.TRIAL_RUNS
            if await _serving_card(tx) != trial.parent:
                return learning.CHANGED_MEANWHILE
            await tx.execute(
                "INSERT INTO trials (id, guild_id, candidate, parent, share, most, by_id, begun_ms)"
                " VALUES (:id, :guild, :candidate, :parent, :share, :most, :by, :now)",
                {
                    "id": trial.id,
                    "guild": trial.guild_id,
                    "candidate": trial.candidate,
                    "parent": trial.parent,
                    "share": trial.share,
                    "most": trial.max_duels,
                    "by": trial.by_id,
                    "now": trial.begun_ms,
                },
            )
        return trial

    async def running_trial(self) -> Trial | None:
        """The running trial, if any."""
        row = await self._db.fetch_one(_OPEN)
        return _trial_of(row) if row else None

    async def history(self) -> list[Trial]:
        """Every trial, oldest first."""
        rows = await self._db.fetch_all(f"{_TRIALS} ORDER BY begun_ms, id")
        return [_trial_of(row) for row in rows]

    async def end(
        self, trial_id: str, outcome: TrialOutcome, *, by_id: UserId | None, now_ms: int
    ) -> bool:
        """End a trial; False if it has ended already. Its open duels go on as ordinary ones."""
        ended = await self._db.write_one(
            "INSERT INTO trial_ends (trial_id, outcome, by_id, at_ms)"
            " VALUES (:id, :outcome, :by, :now) ON CONFLICT DO NOTHING RETURNING 1",
            {"id": trial_id, "outcome": outcome, "by": by_id, "now": now_ms},
        )
        return bool(ended)

    async def queue_pair(
        self, trial: Trial, admitted: Admitted, now_ms: int, *, since_id: int
    ) -> Request | None:
        """Queue one picture of each model; None if the trial has ended meanwhile.

        `admitted` comes from `decide.for_trial`. The request counts against no cap and has no
        status message. `since_id` is as for `Jobs.enqueue`.
        """
        request = _for_both_models(request_of(admitted, now_ms, since_id=since_id), trial)
        async with self._db.write() as tx:
            if await tx.fetch_one(f"{_OPEN} AND trials.id = :id", {"id": trial.id}) is None:
                return None
            await insert_requests(tx, [request])
            await tx.execute(
                "UPDATE requests SET status_closed = 1 WHERE id = :id", {"id": request.id}
            )
            await tx.execute(
                "UPDATE jobs SET not_before_ms = :at WHERE request_id = :id",
                {"id": request.id, "at": now_ms + _DELAY_MS},
            )
            await tx.execute(
                "INSERT INTO trial_pairs (request_id, trial_id, candidate_job, parent_job, duel_id,"
                " candidate_left) VALUES (:request, :trial, :candidate, :parent, :duel, :left)",
                {
                    "request": request.id,
                    "trial": trial.id,
                    "candidate": request.jobs[0].id,
                    "parent": request.jobs[1].id,
                    "duel": new_id(),
                    # Random: a duel's id is in its buttons and must not reveal the side.
                    "left": secrets.randbelow(2),
                },
            )
        return request

    async def drawn_pairs(self) -> list[TrialPair]:
        """Unsettled pairs whose jobs have both ended."""
        return [_pair_of(row) for row in await self._db.fetch_all(_DRAWN)]

    async def settle_pair(self, pair: TrialPair, now_ms: int) -> bool:
        """Open a pair's duel, or give it up if a picture is missing; True if it is open.

        Either way the member keeps the pictures.
        """
        async with self._db.write("its trial is settled") as tx:
            first = await tx.execute(
                "UPDATE trial_pairs SET settled = 1 WHERE request_id = :id AND settled = 0",
                {"id": pair.request_id},
            )
            if not first:
                return False
            kept = await tx.execute(_END_RENDERED, {"id": pair.request_id, "now": now_ms})
            if kept < len(pair.jobs):
                return False
            await insert_duel(tx, _duel_of(pair, now_ms))
        return True

    async def undecided_choices(self, trial_id: str) -> dict[DuelId, list[TrialChoice]]:
        """The current choices in a trial's undecided duels."""
        choices: dict[DuelId, list[TrialChoice]] = {}
        for row in await self._db.fetch_all(_UNDECIDED, {"id": trial_id}):
            choice = TrialChoice(
                voter_id=UserId(row["voter_id"]),
                for_candidate=(row["place"] == 1) == bool(row["candidate_left"]),
                self_vote=bool(row["self_vote"]),
            )
            choices.setdefault(DuelId(row["duel_id"]), []).append(choice)
        return choices

    async def record_step(
        self, trial_id: str, duel_id: DuelId, *, win: bool, e_value: float, now_ms: int
    ) -> None:
        """Record a duel's decision, and close it; repeating it changes nothing."""
        async with self._db.write() as tx:
            await tx.execute(
                "INSERT INTO trial_steps (trial_id, number, duel_id, win, e_value, at_ms)"
                " SELECT :trial, 1 + count(*), :duel, :win, :e, :now FROM trial_steps"
                " WHERE trial_id = :trial ON CONFLICT DO NOTHING",
                {"trial": trial_id, "duel": duel_id, "win": win, "e": e_value, "now": now_ms},
            )
            await close_duels(tx, "id = :id", {"id": duel_id, "now": now_ms})

    async def steps(self, trial_id: str) -> list[TrialStep]:
        """The decisions of its duels, in order."""
        rows = await self._db.fetch_all(
            "SELECT * FROM trial_steps WHERE trial_id = :id ORDER BY number", {"id": trial_id}
        )
        return [
            TrialStep(
                duel_id=DuelId(row["duel_id"]),
                win=bool(row["win"]),
                e_value=row["e_value"],
                at_ms=row["at_ms"],
            )
            for row in rows
        ]


def _for_both_models(request: Request, trial: Trial) -> Request:
    """The request with the same picture twice: by the candidate, then by the parent."""
    first = request.jobs[0]
    jobs = tuple(
        replace(job, draw=replace(first.draw, model=card))
        for job, card in zip(request.jobs, (trial.candidate, trial.parent), strict=True)
    )
    return replace(request, jobs=jobs)


def _duel_of(pair: TrialPair, now_ms: int) -> Duel:
    left, right = pair.jobs
    return Duel(
        id=pair.duel_id,
        guild_id=pair.guild_id,
        channel_id=pair.channel_id,
        left_job=left,
        right_job=right,
        origin=DuelOrigin.TRIAL,
        message_id=None,
        opened_ms=now_ms,
        closed_ms=None,
        since_id=pair.since_id,
    )


async def _serving_card(tx: Transaction) -> str | None:
    row = await tx.fetch_one("SELECT card_id FROM lineage ORDER BY seq DESC LIMIT 1")
    return row["card_id"] if row else None


_TRIALS = (
    "SELECT trials.*, outcome, at_ms AS ended_ms FROM trials"
    " LEFT JOIN trial_ends ON trial_ends.trial_id = trials.id"
)
_OPEN = f"{_TRIALS} WHERE outcome IS NULL"
_UNFINISHED = "SELECT 1 FROM jobs WHERE jobs.request_id = trial_pairs.request_id AND state IN"
#: Drawn, and not removed since.
_STILL_RENDERED = (
    "state = 'rendered' AND id IN (SELECT job_id FROM pictures WHERE deleted_ms IS NULL)"
)
_DRAWN = (
    "SELECT trial_pairs.*, guild_id, channel_id, since_id"  # noqa: S608  a constant above
    " FROM trial_pairs JOIN requests ON requests.id = request_id WHERE settled = 0"
    f" AND NOT EXISTS ({_UNFINISHED} ('queued', 'running', 'held'))"
)
_END_RENDERED = (
    "UPDATE jobs SET state = 'delivered', ended_ms = :now WHERE request_id = :id"  # noqa: S608  a constant above
    f" AND {_STILL_RENDERED}"
)
_UNDECIDED = (
    "SELECT duel_id, candidate_left, voter_id, place, self_vote FROM trial_pairs"
    " JOIN duels ON duels.id = duel_id JOIN choices ON about = duel_id AND axis = 'duel'"
    " WHERE trial_id = :id AND place IN (1, 2)"
    " AND duel_id NOT IN (SELECT duel_id FROM trial_steps) ORDER BY duels.opened_ms, choices.at_ms"
)


def _trial_of(row: Row) -> Trial:
    return Trial(
        id=row["id"],
        guild_id=GuildId(row["guild_id"]),
        candidate=row["candidate"],
        parent=row["parent"],
        share=row["share"],
        max_duels=row["most"],
        by_id=None if row["by_id"] is None else UserId(row["by_id"]),
        begun_ms=row["begun_ms"],
        outcome=None if row["outcome"] is None else TrialOutcome(row["outcome"]),
        ended_ms=row["ended_ms"],
    )


def _pair_of(row: Row) -> TrialPair:
    return TrialPair(
        request_id=RequestId(row["request_id"]),
        trial_id=row["trial_id"],
        candidate_job=JobId(row["candidate_job"]),
        parent_job=JobId(row["parent_job"]),
        duel_id=DuelId(row["duel_id"]),
        candidate_left=bool(row["candidate_left"]),
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        since_id=row["since_id"],
    )
