"""Which model serves requests, and since when: the append-only table `lineage`.

A promotion or a rollback is one committed row; the engine changes afterwards.
`bot/learning/promoting.py` writes, the composition root reads the newest row at the start, `/learn`
shows them. Must not know engines.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.domain import UserId
from bot.store.db import Database, Row, Transaction
from bot.words import learning
from models.catalogue.card import Card
from models.catalogue.verdict import fingerprint


class LineageAction(StrEnum):
    """How a card became the serving one."""

    #: The setting MODEL named it at a start.
    BEGIN = "begin"
    #: It passed the gate, and the owner chose it or it won a trial.
    PROMOTE = "promote"
    #: The previous card was restored.
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class LineageEntry:
    """One row: from then on, this card serves requests."""

    seq: int
    action: LineageAction
    card_id: str
    #: The card that served before; None if there was none.
    previous_id: str | None
    #: The setting MODEL at the time.
    model_setting: str
    licence_sha256: str
    #: The fingerprint of the files that passed the gate; None for a card that MODEL named.
    files_sha256: str | None
    why: str
    by_id: UserId | None
    at_ms: int


class Lineage:
    """The table `lineage`; the newest row is valid."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def active(self, model_setting: str) -> LineageEntry | None:
        """The entry of the serving card; None if MODEL has changed since."""
        rows = await _read_entries(self._db)
        return rows[-1] if rows and rows[-1].model_setting == model_setting else None

    async def history(self) -> list[LineageEntry]:
        """Every row, oldest first."""
        return await _read_entries(self._db)

    async def begin(
        self, card_id: str, *, model_setting: str, licence_sha256: str, now_ms: int
    ) -> None:
        """Record the card that MODEL named, unless the newest row already says so."""
        async with self._db.write() as tx:
            rows = await _read_entries(tx)
            last = rows[-1] if rows else None
            if last is not None and last.model_setting == model_setting:
                return
            await _insert(
                tx,
                LineageEntry(
                    seq=0,
                    action=LineageAction.BEGIN,
                    card_id=card_id,
                    previous_id=last.card_id if last else None,
                    model_setting=model_setting,
                    licence_sha256=licence_sha256,
                    files_sha256=None,
                    why="MODEL names it",
                    by_id=None,
                    at_ms=now_ms,
                ),
            )

    async def promote(
        self, card: Card, *, serving_id: str, by_id: UserId | None, why: str, now_ms: int
    ) -> LineageEntry | str:
        """Let this card serve instead of `serving_id`, or return a sentence that says why not.

        Refused without the gate's verdict on exactly these files, and if `serving_id` is not the
        serving card.
        """
        if not card.may_be_promoted:
            return learning.not_passed(card.id)
        async with self._db.write() as tx:
            rows = await _read_entries(tx)
            last = rows[-1] if rows else None
            if last is None or last.card_id != serving_id:
                return learning.CHANGED_MEANWHILE
            if card.id == serving_id:
                return learning.serves_already(card.id)
            return await _insert(
                tx,
                LineageEntry(
                    seq=0,
                    action=LineageAction.PROMOTE,
                    card_id=card.id,
                    previous_id=serving_id,
                    model_setting=last.model_setting,
                    licence_sha256=card.licence.sha256,
                    files_sha256=fingerprint(card.files),
                    why=why,
                    by_id=by_id,
                    at_ms=now_ms,
                ),
            )

    async def rollback(
        self, *, serving_id: str, by_id: UserId | None, why: str, now_ms: int
    ) -> LineageEntry | str:
        """Restore the card before `serving_id`, or return a sentence that says why not."""
        async with self._db.write() as tx:
            rows = await _read_entries(tx)
            if not rows or rows[-1].card_id != serving_id:
                return learning.CHANGED_MEANWHILE
            target = rollback_target(rows)
            if target is None:
                return learning.nothing_before(serving_id)
            return await _insert(
                tx,
                LineageEntry(
                    seq=0,
                    action=LineageAction.ROLLBACK,
                    card_id=target.card_id,
                    previous_id=serving_id,
                    model_setting=target.model_setting,
                    licence_sha256=target.licence_sha256,
                    files_sha256=target.files_sha256,
                    why=why,
                    by_id=by_id,
                    at_ms=now_ms,
                ),
            )

    async def undo(self, entry: LineageEntry, *, why: str, now_ms: int) -> None:
        """Record that this newest row could not be carried out: the card before it serves again."""
        async with self._db.write() as tx:
            rows = await _read_entries(tx)
            assert rows[-1] == entry, "no other row was written since"
            previous = rows[-2]
            was_promoted = entry.action is LineageAction.PROMOTE
            action = LineageAction.ROLLBACK if was_promoted else LineageAction.PROMOTE
            await _insert(
                tx,
                replace(
                    previous,
                    action=action,
                    previous_id=entry.card_id,
                    why=why,
                    by_id=None,
                    at_ms=now_ms,
                ),
            )


def rollback_target(rows: Sequence[LineageEntry]) -> LineageEntry | None:
    """The row of the card that a rollback restores; two rollbacks in a row go back two cards."""
    stack: list[LineageEntry] = []
    for row in rows:
        match row.action:
            case LineageAction.BEGIN:
                stack = [row]
            case LineageAction.PROMOTE:
                stack.append(row)
            case LineageAction.ROLLBACK:
                stack.pop()
    return stack[-2] if len(stack) > 1 else None


async def _read_entries(db: Database | Transaction) -> list[LineageEntry]:
    return [_entry_of(row) for row in await db.fetch_all("SELECT * FROM lineage ORDER BY seq")]


async def _insert(tx: Transaction, entry: LineageEntry) -> LineageEntry:
    rows = await tx.fetch_all(
        "INSERT INTO lineage (deed, card_id, before_id, named, licence_sha256, files_sha256, why,"
        " by_id, at_ms) VALUES (:deed, :card, :before, :named, :licence, :files, :why, :by, :now)"
        " RETURNING *",
        {
            "deed": entry.action,
            "card": entry.card_id,
            "before": entry.previous_id,
            "named": entry.model_setting,
            "licence": entry.licence_sha256,
            "files": entry.files_sha256,
            "why": entry.why,
            "by": entry.by_id,
            "now": entry.at_ms,
        },
    )
    return _entry_of(rows[0])


def _entry_of(row: Row) -> LineageEntry:
    return LineageEntry(
        seq=row["seq"],
        action=LineageAction(row["deed"]),
        card_id=row["card_id"],
        previous_id=row["before_id"],
        model_setting=row["named"],
        licence_sha256=row["licence_sha256"],
        files_sha256=row["files_sha256"],
        why=row["why"],
        by_id=None if row["by_id"] is None else UserId(row["by_id"]),
        at_ms=row["at_ms"],
    )
