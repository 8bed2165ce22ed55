"""Each safeguard is switched off, and the promise that it keeps breaks within a few stories.

`docs/notes/proof.md` has the table of all promises, with their safeguards and the number of seeds.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from bot.domain import OwedPostId, UserId
from bot.store import doomed, gallery
from bot.store.db import Database, Params, Transaction
from bot.store.gallery import Gallery
from bot.store.ledger import Pair, StandingReaction, VoteBook
from bot.store.outbox import Outbox, Posting
from bot.store.picture_files import PictureFiles
from bot.store.privacy import Privacy
from bot.store.queue import Jobs
from bot.store.sends import Send, SendAttempt, Sends
from tests.stages.promises import (
    ledger_equals_truth,
    nothing_lost,
    nothing_of_the_forgotten,
    nothing_twice,
    records_are_true,
)
from tests.stages.strolling import run_seeded_story

#: The number of stories that a safeguard may have no effect on before the test fails.
MOST = 12
Patch = Callable[[pytest.MonkeyPatch], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Safeguard:
    """How to switch a safeguard off, and what then breaks."""

    off: Patch
    #: The function of `tests/stages/promises.py` that finds it.
    breaks: Callable[..., list[str]]
    #: The seed of a story that breaks without it.
    seed: int
    #: Promises that may break too, because one missing or extra message shows in several places.
    may_also_break: Collection[Callable[..., list[str]]] = ()


def _every_attempt_is_the_first(patch: pytest.MonkeyPatch) -> None:
    plain = Outbox.begin_posting

    async def begin(self: Outbox, owed: OwedPostId, now_ms: int) -> Posting | None:
        posting = await plain(self, owed, now_ms)
        return posting and Posting(since_id=posting.since_id, is_first=True)

    patch.setattr(Outbox, "begin_posting", begin)


def _each_statement_commits(patch: pytest.MonkeyPatch) -> None:
    @asynccontextmanager
    async def write(self: Database, why: str = "") -> AsyncGenerator[Transaction]:
        yield Transaction(self._writer, self._path)

    patch.setattr(Database, "write", write)


def _files_are_written_later(patch: pytest.MonkeyPatch) -> None:
    plain, later = PictureFiles.write, dict[PictureFiles, tuple[str, bytes]]()

    def write(self: PictureFiles, sha256: str, data: bytes) -> None:
        if self in later:
            plain(self, *later[self])
        later[self] = (sha256, data)

    patch.setattr(PictureFiles, "write", write)


def _files_are_not_doomed_first(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(gallery, "_DOOM_FILE", "INSERT INTO doomed_files SELECT :sha256 WHERE 0")


def _files_go_before_their_rows(patch: pytest.MonkeyPatch) -> None:
    plain = Gallery.delete

    async def delete(self: Gallery, job_id: Any, now_ms: int) -> None:
        if picture := await self.get(job_id):
            self._files.remove([picture.sha256])
        await plain(self, job_id, now_ms)

    patch.setattr(Gallery, "delete", delete)


def _no_job_is_taken_back(patch: pytest.MonkeyPatch) -> None:
    async def take_back(self: Jobs, *_: object) -> tuple[list[Any], list[Any]]:
        return [], []

    patch.setattr(Jobs, "requeue_orphaned", take_back)


def _wishes_are_not_recorded(patch: pytest.MonkeyPatch) -> None:
    async def wish(self: Privacy, user_id: UserId, now_ms: int) -> None:
        """Nothing is recorded."""

    patch.setattr(Privacy, "request_erasure", wish)


def _nothing_is_hunted(patch: pytest.MonkeyPatch) -> None:
    kept = tuple(sql for sql in doomed._DOOM_OF_JOBS if "INTO hunts" not in sql)
    patch.setattr(doomed, "_DOOM_OF_JOBS", kept)


def _traces_are_not_overwritten(patch: pytest.MonkeyPatch) -> None:
    async def scrub(self: Database) -> bool:
        return True

    patch.setattr(Database, "scrub", scrub)


def _shows_are_not_recorded(patch: pytest.MonkeyPatch) -> None:
    async def begin(self: Sends, send: Send) -> SendAttempt:
        return SendAttempt.FIRST

    patch.setattr(Sends, "begin", begin)


def _nameless_votes_keep_no_mark(patch: pytest.MonkeyPatch) -> None:
    plain = Transaction.execute_many

    async def execute_many(self: Transaction, sql: str, rows: Iterable[Params]) -> None:
        if "INTO nameless_marks" not in sql:
            await plain(self, sql, rows)

    patch.setattr(Transaction, "execute_many", execute_many)


def _votes_read_late_count_as_new(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(VoteBook, "_may_predate_request", lambda *_: False)


def _reactions_are_never_read_again(patch: pytest.MonkeyPatch) -> None:
    async def unsettle(self: Gallery) -> None:
        """Nothing is owed a reading."""

    patch.setattr(Gallery, "owe_readings", unsettle)


def _the_first_reaction_counts(patch: pytest.MonkeyPatch) -> None:
    def current(self: VoteBook, pair: Pair) -> StandingReaction | None:
        held = self._standing.get(pair)
        return min(held.values(), key=lambda stand: stand.event_id) if held else None

    patch.setattr(VoteBook, "current_vote", current)


def _late_pictures_get_no_post(patch: pytest.MonkeyPatch) -> None:
    patch.setattr("bot.store.outbox._LATE", "0 AND :owed AND :shown")


SAFEGUARDS: Mapping[str, Safeguard] = {
    "an attempt to post is recorded before it is made": Safeguard(
        off=_every_attempt_is_the_first, breaks=nothing_twice, seed=4
    ),
    "changes that belong together commit together": Safeguard(
        off=_each_statement_commits, breaks=records_are_true, seed=4
    ),
    "a file is on the disk before its row": Safeguard(
        off=_files_are_written_later, breaks=nothing_lost, seed=0
    ),
    "a file is doomed before it is written": Safeguard(
        off=_files_are_not_doomed_first, breaks=nothing_of_the_forgotten, seed=7
    ),
    "a row goes before its file": Safeguard(
        off=_files_go_before_their_rows, breaks=nothing_lost, seed=2
    ),
    "a start takes back what ran": Safeguard(
        off=_no_job_is_taken_back, breaks=nothing_lost, seed=0
    ),
    "a wish to be forgotten is a row first": Safeguard(
        off=_wishes_are_not_recorded, breaks=nothing_of_the_forgotten, seed=3
    ),
    "a message being sent is hunted": Safeguard(
        off=_nothing_is_hunted,
        breaks=nothing_of_the_forgotten,
        may_also_break=(nothing_lost, records_are_true),
        seed=2,
    ),
    "traces are overwritten": Safeguard(
        off=_traces_are_not_overwritten, breaks=nothing_of_the_forgotten, seed=0
    ),
    "a show is recorded before it is sent": Safeguard(
        off=_shows_are_not_recorded,
        breaks=records_are_true,
        may_also_break=(nothing_lost,),
        seed=2,
    ),
    "nameless votes keep a mark": Safeguard(
        off=_nameless_votes_keep_no_mark,
        breaks=ledger_equals_truth,
        may_also_break=(nothing_of_the_forgotten,),
        seed=0,
    ),
    "forgotten voters keep a mark until all is read": Safeguard(
        off=_votes_read_late_count_as_new,
        breaks=nothing_of_the_forgotten,
        may_also_break=(ledger_equals_truth,),
        seed=1,
    ),
    "reactions are read after a gap": Safeguard(
        off=_reactions_are_never_read_again, breaks=ledger_equals_truth, seed=1
    ),
    "the latest reaction is the vote": Safeguard(
        off=_the_first_reaction_counts, breaks=ledger_equals_truth, seed=2
    ),
    "a picture released late has its own post": Safeguard(
        off=_late_pictures_get_no_post, breaks=nothing_lost, seed=0
    ),
}


async def stories_until_broken(folder: Path, safeguard: Safeguard, seeds: Iterable[int]) -> int:
    """The number of stories without the safeguard until one breaks its promise; 0 if none does.

    A story that ends in any other way, even with an exception, fails the test, because it would
    prove nothing.
    """
    for number, seed in enumerate(seeds, 1):
        with pytest.MonkeyPatch.context() as patch, TemporaryDirectory(dir=folder) as scratch:
            safeguard.off(patch)
            faults = await run_seeded_story(Path(scratch), seed)
        if faults:
            allowed = {
                safeguard.breaks.__name__,
                *(also.__name__ for also in safeguard.may_also_break),
            }
            assert safeguard.breaks.__name__ in faults.broken <= allowed, str(faults)
            return number
    return 0


@pytest.mark.parametrize("name", SAFEGUARDS)
async def test_without_a_safeguard_a_story_breaks_its_promise(tmp_path: Path, name: str) -> None:
    safeguard = SAFEGUARDS[name]
    assert await stories_until_broken(tmp_path, safeguard, [safeguard.seed])


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", SAFEGUARDS)
async def test_a_missing_safeguard_is_found_by_the_first_stories(tmp_path: Path, name: str) -> None:
    stories = await stories_until_broken(tmp_path, SAFEGUARDS[name], range(MOST))
    print(f"{name}: {stories} stories")
    assert stories, f"not one of {MOST} stories needed it"


async def test_a_crash_or_another_promise_proves_no_safeguard(tmp_path: Path) -> None:
    def crash(patch: pytest.MonkeyPatch) -> None:
        patch.setattr(Jobs, "claim", None)

    with pytest.raises(TypeError):
        await stories_until_broken(tmp_path, Safeguard(off=crash, breaks=nothing_lost, seed=0), [0])
    mistaken = Safeguard(off=_files_are_written_later, breaks=nothing_twice, seed=0)
    with pytest.raises(AssertionError, match="nothing_lost"):
        await stories_until_broken(tmp_path, mistaken, [0])
