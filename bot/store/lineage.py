"""Which model serves requests, and how it came to: the append-only table `lineage`.

A promotion or a rollback is one committed row; the engine changes after it.
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


class LineageDeed(StrEnum):
    """How a card came to serve."""

    #: The setting MODEL named it at a start.
    BEGIN = "begin"
    #: It had passed the gate, and the owner chose it or it won a trial.
    PROMOTE = "promote"
    #: The previous card was restored.
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reign:
    """One row: from then on, this card served requests."""

    seq: int
    deed: LineageDeed
    card_id: str
    #: The card before; None if there was none.
    before_id: str | None
    #: What MODEL named at the time.
    named: str
    licence_sha256: str
    #: The fingerprint of the files that passed the gate; None for a card that MODEL named.
    files_sha256: str | None
    why: str
    by_id: UserId | None
    at_ms: int


class Lineage:
    """The table `lineage`; the newest row holds."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def active(self, named: str) -> Reign | None:
        """The serving card while MODEL has this name; None if MODEL has changed since."""
        rows = await _rows(self._db)
        return rows[-1] if rows and rows[-1].named == named else None

    async def history(self) -> list[Reign]:
        """Every row, the oldest first."""
        return await _rows(self._db)

    async def begin(self, card_id: str, *, named: str, licence_sha256: str, now_ms: int) -> None:
        """Record the card that MODEL named, unless the newest row already says so."""
        async with self._db.write() as tx:
            rows = await _rows(tx)
            last = rows[-1] if rows else None
            if last is not None and last.named == named:
                return
            await _add(
                tx,
                Reign(
                    seq=0,
                    deed=LineageDeed.BEGIN,
                    card_id=card_id,
                    before_id=last.card_id if last else None,
                    named=named,
                    licence_sha256=licence_sha256,
                    files_sha256=None,
                    why="MODEL names it",
                    by_id=None,
                    at_ms=now_ms,
                ),
            )

    async def promote(
        self, card: Card, *, over: str, by_id: UserId | None, why: str, now_ms: int
    ) -> Reign | str:
        """Let this card serve instead of `over`; or return a sentence that says why not.

        Refused without the gate's verdict on exactly these files, and refused if `over` is not the
        card that serves.
        """
        if not card.may_be_promoted:
            return learning.not_passed(card.id)
        async with self._db.write() as tx:
            rows = await _rows(tx)
            last = rows[-1] if rows else None
            if last is None or last.card_id != over:
                return learning.CHANGED_MEANWHILE
            if card.id == over:
                return learning.serves_already(card.id)
            return await _add(
                tx,
                Reign(
                    seq=0,
                    deed=LineageDeed.PROMOTE,
                    card_id=card.id,
                    before_id=over,
                    named=last.named,
                    licence_sha256=card.licence.sha256,
                    files_sha256=fingerprint(card.files),
                    why=why,
                    by_id=by_id,
                    at_ms=now_ms,
                ),
            )

    async def rollback(
        self, *, over: str, by_id: UserId | None, why: str, now_ms: int
    ) -> Reign | str:
        """Restore the card that served before `over`; or return a sentence that says why not."""
        async with self._db.write() as tx:
            rows = await _rows(tx)
            if not rows or rows[-1].card_id != over:
                return learning.CHANGED_MEANWHILE
            back = before(rows)
            if back is None:
                return learning.nothing_before(over)
            return await _add(
                tx,
                Reign(
                    seq=0,
                    deed=LineageDeed.ROLLBACK,
                    card_id=back.card_id,
                    before_id=over,
                    named=back.named,
                    licence_sha256=back.licence_sha256,
                    files_sha256=back.files_sha256,
                    why=why,
                    by_id=by_id,
                    at_ms=now_ms,
                ),
            )

    async def undo(self, reign: Reign, *, why: str, now_ms: int) -> None:
        """Record that this newest row could not be carried out: the card before it is back."""
        async with self._db.write() as tx:
            rows = await _rows(tx)
            assert rows[-1] == reign, "whoever wrote it has not let another one in"
            was = rows[-2]
            went_on = reign.deed is LineageDeed.PROMOTE
            deed = LineageDeed.ROLLBACK if went_on else LineageDeed.PROMOTE
            await _add(
                tx,
                replace(was, deed=deed, before_id=reign.card_id, why=why, by_id=None, at_ms=now_ms),
            )


def before(rows: Sequence[Reign]) -> Reign | None:
    """The row of the card that a rollback restores: two rollbacks in a row go back two cards."""
    stack: list[Reign] = []
    for row in rows:
        match row.deed:
            case LineageDeed.BEGIN:
                stack = [row]
            case LineageDeed.PROMOTE:
                stack.append(row)
            case LineageDeed.ROLLBACK:
                stack.pop()
    return stack[-2] if len(stack) > 1 else None


async def _rows(db: Database | Transaction) -> list[Reign]:
    return [_reign_of(row) for row in await db.fetch_all("SELECT * FROM lineage ORDER BY seq")]


async def _add(tx: Transaction, reign: Reign) -> Reign:
    rows = await tx.fetch_all(
        "INSERT INTO lineage (deed, card_id, before_id, named, licence_sha256, files_sha256, why,"
        " by_id, at_ms) VALUES (:deed, :card, :before, :named, :licence, :files, :why, :by, :now)"
        " RETURNING *",
        {
            "deed": reign.deed,
            "card": reign.card_id,
            "before": reign.before_id,
            "named": reign.named,
            "licence": reign.licence_sha256,
            "files": reign.files_sha256,
            "why": reign.why,
            "by": reign.by_id,
            "now": reign.at_ms,
        },
    )
    return _reign_of(rows[0])


def _reign_of(row: Row) -> Reign:
    return Reign(
        seq=row["seq"],
        deed=LineageDeed(row["deed"]),
        card_id=row["card_id"],
        before_id=row["before_id"],
        named=row["named"],
        licence_sha256=row["licence_sha256"],
        files_sha256=row["files_sha256"],
        why=row["why"],
        by_id=None if row["by_id"] is None else UserId(row["by_id"]),
        at_ms=row["at_ms"],
    )
