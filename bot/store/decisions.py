"""Decisions of policy and moderators: outcome, rules, layer, model, place; no words of a prompt.

Whoever decides records the decision; `/policy why` looks it up and the owner's report counts. Must
not know messages to members, nor what a rule says.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain import ChannelId, GuildId, RuleId, UserId
from bot.store.db import Database, Params, Row, Transaction
from bot.store.group_commit import GroupCommit

#: The most decisions in one transaction, and the most rows dropped at once.
_BATCH_MAX, _PRUNE_MAX = 500, 5_000
_DAY_MS = 86_400_000


class DecisionKind(StrEnum):
    """The question that was decided."""

    #: Whether an ask is drawn.
    ADMIT = "admit"
    #: Whether a finished picture is released.
    RELEASE = "release"
    #: Whether a picture is shown (again) in a place.
    SHOW = "show"
    #: What a moderator does with a case.
    MODERATION = "moderation"


class Outcome(StrEnum):
    """The result of a decision."""

    #: Policy lets it pass.
    ALLOW = "allow"
    #: Shown behind a spoiler, as policy or a moderator requires.
    SPOILER = "spoiler"
    #: A moderator has to review it first.
    HOLD = "hold"
    #: Neither drawn nor shown here.
    REFUSE = "refuse"
    #: The finished picture is shown to nobody.
    WITHHOLD = "withhold"
    #: A moderator approves showing it.
    APPROVE = "approve"
    #: A moderator removes it from every message.
    REMOVE = "remove"
    #: The same, and its member is timed out.
    REMOVE_AND_TIME_OUT = "remove_and_time_out"
    #: A moderator closes a report or an appeal without consequence.
    DISMISS = "dismiss"
    #: A moderator allows a refused ask.
    UPHOLD = "uphold"
    #: Nobody decided in time, or there was nothing left to decide.
    LAPSE = "lapse"


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """One decision; `user_id` is None once the member asked to be forgotten."""

    kind: DecisionKind
    outcome: Outcome
    #: The id of a picture, a request, a case or a refusal.
    about: str
    #: The rules that applied, the strictest first.
    rules: tuple[RuleId, ...] = ()
    #: The layer that set the strictest of them; empty if no rule applied.
    layer: str = ""
    card_id: str = ""
    guild_id: GuildId
    channel_id: ChannelId
    user_id: UserId | None
    at_ms: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionCount:
    """How often a decision was made on one day, in all servers; no rule applied if it is None."""

    #: The day's first millisecond, UTC.
    day_ms: int
    kind: DecisionKind
    outcome: Outcome
    rule: RuleId | None
    count: int


class Decisions:
    """The table `decisions`."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._group = GroupCommit(self._commit, max_items=_BATCH_MAX)

    async def close(self) -> None:
        """Wait until everything recorded so far is committed."""
        await self._group.drain()

    async def record(self, decision: Decision) -> None:
        """Record a decision; concurrent callers share a transaction."""
        await self._group.submit(decision)

    async def _commit(self, decisions: Sequence[Decision]) -> Sequence[None]:
        async with self._db.write() as tx:
            await insert_decisions(tx, decisions)
        return [None] * len(decisions)

    async def decisions_about(self, guild_id: GuildId, id_: str) -> list[Decision]:
        """This server's decisions about a picture or a refusal, oldest first.

        A picture's decisions include those about its request and its cases.
        """
        rows = await self._db.fetch_all(_ABOUT, {"id": id_, "guild": guild_id})
        return [_decision_of(row) for row in rows]

    async def counts(self, since_ms: int, until_ms: int) -> list[DecisionCount]:
        """How often each decision was made, by day and rule.

        A decision with several rules counts for each.
        """
        rows = await self._db.fetch_all(
            f"SELECT at_ms / {_DAY_MS} * {_DAY_MS} AS day_ms, kind, outcome, rule.value AS rule,"  # noqa: S608  a constant above
            " count(*) AS n FROM decisions LEFT JOIN json_each(decisions.rules) AS rule"
            " WHERE at_ms >= :since AND at_ms < :until"
            " GROUP BY 1, kind, outcome, rule.value ORDER BY 1, kind, outcome, rule.value",
            {"since": since_ms, "until": until_ms},
        )
        return [
            DecisionCount(
                day_ms=row["day_ms"],
                kind=DecisionKind(row["kind"]),
                outcome=Outcome(row["outcome"]),
                rule=None if row["rule"] is None else RuleId(row["rule"]),
                count=row["n"],
            )
            for row in rows
        ]

    async def prune(self, before_ms: int) -> int:
        """Drop up to `_PRUNE_MAX` of the oldest decisions before that time; return how many."""
        rows = await self._db.write_one(
            "DELETE FROM decisions WHERE id IN (SELECT id FROM decisions WHERE at_ms < :before"
            " ORDER BY at_ms LIMIT :most) RETURNING id",
            {"before": before_ms, "most": _PRUNE_MAX},
        )
        return len(rows)


_ABOUT = (
    "SELECT * FROM decisions WHERE guild_id = :guild AND about IN (SELECT :id"
    " UNION SELECT request_id FROM jobs WHERE id = :id"
    " UNION SELECT id FROM cases WHERE job_id = :id) ORDER BY at_ms, id"
)


async def insert_decisions(tx: Transaction, decisions: Sequence[Decision]) -> None:
    """Record decisions, in the transaction that carries them out."""
    await tx.execute_many(
        "INSERT INTO decisions (kind, outcome, about, rules, layer, card_id, guild_id, channel_id,"
        " user_id, at_ms) VALUES (:kind, :outcome, :about, :rules, :layer, :card_id, :guild_id,"
        " :channel_id, :user_id, :at_ms)",
        [_columns_of(decision) for decision in decisions],
    )


def _columns_of(decision: Decision) -> Params:
    return {
        "kind": decision.kind,
        "outcome": decision.outcome,
        "about": decision.about,
        "rules": json.dumps(decision.rules),
        "layer": decision.layer,
        "card_id": decision.card_id,
        "guild_id": decision.guild_id,
        "channel_id": decision.channel_id,
        "user_id": decision.user_id,
        "at_ms": decision.at_ms,
    }


def _decision_of(row: Row) -> Decision:
    return Decision(
        kind=DecisionKind(row["kind"]),
        outcome=Outcome(row["outcome"]),
        about=row["about"],
        rules=tuple(RuleId(rule) for rule in json.loads(row["rules"])),
        layer=row["layer"],
        card_id=row["card_id"],
        guild_id=GuildId(row["guild_id"]),
        channel_id=ChannelId(row["channel_id"]),
        user_id=None if row["user_id"] is None else UserId(row["user_id"]),
        at_ms=row["at_ms"],
    )
