"""What people, moderators, a worker and the bot's loops do on real stores: one deed each.

A deed takes a number that chooses among what is possible, so that it can be repeated exactly. What
it promised to people is kept in `told`. `tests/stages/story.py` runs the deeds.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from typing import Any, TypeVar

from bot.domain import BotError, Job, JobId, OwedPostId, Refused, RequestId, UserId
from bot.store.consequences import POSSIBLE_OUTCOMES
from bot.store.decisions import Outcome
from tests.stages.board import Board
from tests.stages.errands import Errands
from tests.stages.factories import (
    GUILD,
    SINCE,
    make_admitted,
    make_ask,
    make_held,
    make_png,
    make_reaction,
    make_released,
    make_send,
)
from tests.stages.looks import Forgotten
from tests.stages.moderators import judged
from tests.stages.promises import Told
from tests.stages.stores import AMPLE, LEASE_MS, Stores
from tests.stages.trouble import Trouble

T = TypeVar("T")

_FIRST_MEMBER = 700_000_000_000_000_101
_MEMBERS = 3
_LIKE = ("👍", "👎")
#: The process dies more often here than an operator would accept.
TRIES = 10_000


@dataclass
class Member:
    """A member, the words that nobody else uses, and what they asked for."""

    user_id: UserId
    words: list[str] = field(default_factory=list[str])
    job_ids: set[str] = field(default_factory=set[str])


class Deeds:
    """Everybody around one process, and what they know."""

    stores: Stores
    errands: Errands

    def __init__(self) -> None:
        self.board = Board()
        self.trouble = Trouble()
        self.told = Told()
        self.members: list[Member] = []
        self.now_ms = 10_000
        self.owner = ""
        self.running: list[Job] = []
        self.numbers = count(1)
        #: Members who asked to be forgotten and have not been told yet that they are.
        self.leaving: Member | None = None
        #: The session ended, and nobody knows yet what happened since.
        self.missed = False
        self._requests: list[tuple[RequestId, UserId]] = []
        for _ in range(_MEMBERS):
            self._join()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Look into the database, as of the latest commit."""
        raise NotImplementedError

    # ---- members --------------------------------------------------------------------------------

    def _join(self) -> None:
        self.members.append(Member(UserId(_FIRST_MEMBER + next(self.numbers))))

    async def ask(self, n: int) -> None:
        """A member asks for one to three pictures."""
        member, pictures = _of(self.members, n), 1 + n // _MEMBERS % 3
        word = f"word{next(self.numbers)}x"
        member.words.append(word)
        admitted = make_admitted(
            make_ask(f"1girl, {word}", user=member.user_id, count=pictures, seed=n)
        )
        made = await self.stores.queue.enqueue(admitted, AMPLE, self.now_ms, since_id=SINCE)
        assert not isinstance(made, Refused), "the caps are ample"
        self._requests.append((made.id, member.user_id))
        member.job_ids |= {job.id for job in made.jobs}
        self.told.promised[f"1girl, {word}"] = pictures

    async def cancel(self, n: int) -> None:
        """A member cancels a request of theirs."""
        if self._requests:
            request, user_id = _of(self._requests, n)
            ended = await self.stores.queue.cancel_request(request, user_id, self.now_ms)
            self.told.cancelled |= set(ended)

    async def show(self, n: int) -> None:
        """Somebody has a picture shown again; now and then the answer is lost."""
        kept = self._kept("jobs.state <> 'held'")
        if kept:
            job_id, user_id, prompt, name = *_of(kept, n), str(SINCE + next(self.numbers))
            content = f"<@{user_id}> {prompt}"
            send = make_send(job_id, name=name, spoilered=[JobId(job_id)])
            await self.errands.show(send, self.now_ms, content, lose=n % 4 == 1)

    async def delete(self, n: int) -> None:
        """A member deletes a picture of theirs."""
        if kept := self._kept("jobs.state NOT IN ('held')"):
            await self.stores.gallery.delete(JobId(_of(kept, n)[0]), self.now_ms)

    async def take_along(self, n: int) -> None:
        """A member exports what is theirs, and finds nothing else in it."""
        member = _of(self.members, n)
        async with self.stores.privacy.export(member.user_id) as export:
            assert export is not None
            others = [other for other in self.members if other is not member]
            _holds_nothing_of(export.file, others)

    async def forget(self, n: int) -> None:
        """A member asks to be forgotten, some of their votes still unread, and another joins."""
        await self.erase_all_of(_of(self.members, n))

    async def erase_all_of(self, member: Member) -> None:
        """What the button does. Once the wish is stored, one press is enough, whatever dies."""
        self.leaving = member
        await again(lambda: self.stores.privacy.request_erasure(member.user_id, self.now_ms))
        self._withdraw(member)
        self.leaving = None
        await again(lambda: self.stores.privacy.forget(member.user_id))

    def _withdraw(self, member: Member) -> None:
        """From now on they are promised only to be forgotten; somebody new joins."""
        theirs = {f"1girl, {word}" for word in member.words}
        known = self.rows(
            f"SELECT id, owed_post_id FROM jobs WHERE user_id = {member.user_id}"  # noqa: S608
        )
        member.job_ids |= {job for job, _ in known}
        grids = {grid for _, grid in known}
        self.told.promised = {p: k for p, k in self.told.promised.items() if p not in theirs}
        self.told.picks = {
            (who, grid): places
            for (who, grid), places in self.told.picks.items()
            if who != member.user_id and grid not in grids
        }
        self.told.cancelled -= member.job_ids
        self.told.forgotten.append(
            Forgotten(
                user_id=member.user_id,
                words=tuple(member.words),
                job_ids=frozenset(member.job_ids),
            )
        )
        self.members.remove(member)
        self._join()
        self._requests = [r for r in self._requests if r[1] != member.user_id]

    async def vote(self, n: int) -> None:
        """Somebody reacts to a post; the event arrives or is lost."""
        if (known := self._posts()) and (post := _of(known, n)):
            member, emoji = _of(self.members, n // 7), _LIKE[n % 2]
            self.board.react(post, member.user_id, emoji)
            await self._hear(post, member.user_id, emoji, added=True, lost=n % 5 == 1)

    async def unvote(self, n: int) -> None:
        """Somebody takes a reaction back."""
        people = {member.user_id for member in self.members}
        standing = [s for s in self.board.standing() if s[1] in people and s[0] in self._posts()]
        if standing:
            post, who, emoji = _of(standing, n)
            self.board.react(post, who, emoji, added=False)
            await self._hear(post, who, emoji, added=False, lost=n % 5 == 1)

    async def _hear(self, post: int, who: int, emoji: str, *, added: bool, lost: bool) -> None:
        if lost:
            self.missed = True
            return
        reaction = make_reaction(post, who, emoji, added=added, at_ms=self.now_ms)
        await self.stores.votes.record(reaction)

    async def pick(self, n: int) -> None:
        """Somebody picks the best of a grid, or takes it back."""
        grids = self.rows(
            "SELECT owed_post_id, place FROM posts JOIN post_pictures USING (message_id)"
            " JOIN pictures USING (job_id)"
            " WHERE pictures.deleted_ms IS NULL AND posts.deleted_ms IS NULL"
            " AND owed_post_id IS NOT NULL AND owed_post_id NOT IN (SELECT id FROM jobs)"
            " ORDER BY message_id, place"
        )
        if grids:
            (grid, place), member = _of(grids, n), _of(self.members, n // 3)
            wanted = None if n % 5 == 0 else place
            key = (member.user_id, grid)
            self.told.picks[key] = self.told.picks.get(key, {None}) | {wanted}
            picked = await self.stores.grids.pick(
                OwedPostId(grid), member.user_id, wanted, self.now_ms
            )
            if picked is not None:
                self.told.picks[key] = {wanted}

    # ---- moderators -----------------------------------------------------------------------------

    async def report(self, n: int) -> None:
        """Somebody reports a picture."""
        if kept := self._kept("1"):
            job_id, member = JobId(_of(kept, n)[0]), _of(self.members, n // 3)
            await self.stores.reviews.file_report(
                job_id, member.user_id, "mean", self.now_ms, since_id=SINCE
            )

    async def review(self, n: int) -> None:
        """A moderator decides a case."""
        if cases := await self.stores.reviews.open_cases(GUILD, 100):
            case = _of(cases, n)
            outcome = _of(
                sorted(POSSIBLE_OUTCOMES[case.kind] - {Outcome.REMOVE_AND_TIME_OUT}), n // 3
            )
            await self.stores.reviews.decide(case.id, judged(outcome, at_ms=self.now_ms))

    # ---- the worker -----------------------------------------------------------------------------

    async def claim(self, _: int) -> None:
        """The worker takes the next job."""
        job = await self.stores.queue.claim(f"{self.owner}/0", LEASE_MS, self.now_ms)
        if job is not None:
            self.running.append(job)

    async def keep(self, n: int) -> None:
        """The picture of a running job is finished, and released or held."""
        if self.running:
            job = _of(self.running, n)
            verdict = make_held(job) if n % 4 == 3 else make_released(job)
            await self.stores.gallery.keep(
                verdict,
                make_png(job),
                card_id="tiny-1",
                owner=f"{self.owner}/0",
                now_ms=self.now_ms,
            )
            self.running.remove(job)

    async def expire(self, _: int) -> None:
        """Time passes and leases run out; the worker does not know yet that it lost them."""
        self.now_ms += LEASE_MS + 1
        await self.stores.queue.requeue_expired(f"{self.owner}/0", self.now_ms, TRIES, 0)

    async def put_back(self, n: int) -> None:
        """The worker puts a job back."""
        if self.running:
            job = _of(self.running, n)
            await self.stores.queue.requeue(
                f"{self.owner}/0", [job.id], self.now_ms, count_attempt=n % 2 == 0
            )
            self.running.remove(job)

    async def set_clock_back(self, _: int) -> None:
        """Somebody sets the clock back."""
        self.now_ms = max(10_000, self.now_ms - 5 * LEASE_MS)

    # ---- the loops ------------------------------------------------------------------------------

    async def deliver(self, n: int) -> None:
        """Post what is owed; now and then the answer is lost."""
        await self.errands.deliver(self.now_ms, lose=n % 4 == 1)

    async def look_for_lost(self, _: int) -> None:
        """Look for messages whose answer was lost."""
        await self.errands.look_for_lost(self.now_ms)

    async def take_down(self, _: int) -> None:
        """Delete what is doomed."""
        await self.errands.take_down(self.now_ms)

    async def amend(self, _: int) -> None:
        """Edit posts that are owed an edit."""
        await self.errands.amend()

    async def read(self, _: int) -> None:
        """Read reactions and open new votes; if events were lost, a new session begins."""
        if self.missed:
            await self.stores.gallery.owe_readings()
            self.missed = False
        await self.errands.open_votes()
        await self.errands.read(self.now_ms)

    async def erase(self, _: int) -> None:
        """Forget members and clean up."""
        await self.errands.erase()

    def _kept(self, which: str) -> list[tuple[str, int, str]]:
        """Pictures that exist: job, member, prompt."""
        return self.rows(
            "SELECT jobs.id, jobs.user_id, draw ->> 'prompt' FROM pictures"  # noqa: S608
            f" JOIN jobs ON jobs.id = job_id WHERE deleted_ms IS NULL AND {which} ORDER BY seq"
        )

    def _posts(self) -> list[int]:
        """Messages with one picture that the bot knows and that exist."""
        there = {int(message["id"]) for message in self.board.messages()}
        known = self.rows(
            "SELECT message_id FROM posts JOIN post_pictures USING (message_id)"
            " GROUP BY message_id HAVING count(*) = 1 ORDER BY message_id"
        )
        return [number for (number,) in known if number in there]


async def again(deed: Callable[[], Awaitable[T]]) -> T:
    """Do it, and once more if the disk fails, as a loop would."""
    try:
        return await deed()
    except BotError:
        return await deed()


def _of(choices: Sequence[T], n: int) -> T:
    return choices[n % len(choices)]


def _holds_nothing_of(file: io.BufferedIOBase, others: Sequence[Member]) -> None:
    """An export may name pictures that its member voted on, but holds no words and no picture."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        everything = archive.read("everything.json").decode()
    words = [word for other in others for word in other.words if word in everything]
    files = [job for other in others for job in other.job_ids if f"pictures/{job}.png" in names]
    assert not words + files, "a member's export holds another member's data"
