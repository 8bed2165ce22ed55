"""What people, moderators, a worker and the bot's loops do on real stores, a method for each.

A deed takes a number that chooses among the possibilities, so that a test can repeat it exactly.
`expected` records what the deeds have promised to people. `tests/stages/story.py` runs the deeds.
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
from tests.stages.moderators import make_judgement
from tests.stages.promises import Expected
from tests.stages.stores import AMPLE, LEASE_MS, Stores
from tests.stages.trouble import FaultInjector

T = TypeVar("T")

_FIRST_MEMBER = 700_000_000_000_000_101
_MEMBERS = 3
_LIKE = ("👍", "👎")
#: Attempts before a job fails: the process dies more often here than an operator would accept.
TRIES = 10_000


@dataclass
class Member:
    """A member, the words that only they use, and the jobs that they asked for."""

    user_id: UserId
    words: list[str] = field(default_factory=list[str])
    job_ids: set[str] = field(default_factory=set[str])


class Deeds:
    """Everybody who acts on one process, and what they know."""

    stores: Stores
    errands: Errands

    def __init__(self) -> None:
        self.board = Board()
        self.injector = FaultInjector()
        self.expected = Expected()
        self.members: list[Member] = []
        self.now_ms = 10_000
        self.owner = ""
        self.running: list[Job] = []
        self.numbers = count(1)
        #: The member who asked to be forgotten and has no answer yet.
        self.leaving: Member | None = None
        #: Whether events were lost, so that the next session must read the reactions again.
        self.events_lost = False
        self._requests: list[tuple[RequestId, UserId]] = []
        for _ in range(_MEMBERS):
            self._join()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the database, as of the latest commit."""
        raise NotImplementedError

    # ---- members --------------------------------------------------------------------------------

    def _join(self) -> None:
        self.members.append(Member(UserId(_FIRST_MEMBER + next(self.numbers))))

    async def ask(self, n: int) -> None:
        """A member asks for one to three pictures."""
        member, pictures = _choose(self.members, n), 1 + n // _MEMBERS % 3
        word = f"word{next(self.numbers)}x"
        member.words.append(word)
        admitted = make_admitted(
            make_ask(f"1girl, {word}", user=member.user_id, count=pictures, seed=n)
        )
        made = await self.stores.queue.enqueue(admitted, AMPLE, self.now_ms, since_id=SINCE)
        assert not isinstance(made, Refused), "the caps are ample"
        self._requests.append((made.id, member.user_id))
        member.job_ids |= {job.id for job in made.jobs}
        self.expected.promised[f"1girl, {word}"] = pictures

    async def cancel(self, n: int) -> None:
        """A member cancels a request of theirs."""
        if self._requests:
            request, user_id = _choose(self._requests, n)
            ended = await self.stores.queue.cancel_request(request, user_id, self.now_ms)
            self.expected.cancelled |= set(ended)

    async def show(self, n: int) -> None:
        """Somebody shows a picture again; some numbers lose the answer."""
        kept = self._existing_pictures("jobs.state <> 'held'")
        if kept:
            job_id, user_id, prompt, name = *_choose(kept, n), str(SINCE + next(self.numbers))
            content = f"<@{user_id}> {prompt}"
            send = make_send(job_id, name=name, spoilered=[JobId(job_id)])
            await self.errands.show(send, self.now_ms, content, lose_answer=n % 4 == 1)

    async def delete(self, n: int) -> None:
        """A member deletes a picture of theirs."""
        if kept := self._existing_pictures("jobs.state NOT IN ('held')"):
            await self.stores.gallery.delete(JobId(_choose(kept, n)[0]), self.now_ms)

    async def take_along(self, n: int) -> None:
        """A member exports their data, which must hold nobody else's."""
        member = _choose(self.members, n)
        async with self.stores.privacy.export(member.user_id) as export:
            assert export is not None
            others = [other for other in self.members if other is not member]
            _assert_holds_nothing_of(export.file, others)

    async def forget(self, n: int) -> None:
        """A member with unread votes asks to be forgotten, and another member joins."""
        await self.erase_all_of(_choose(self.members, n))

    async def erase_all_of(self, member: Member) -> None:
        """Do what the button does. Once the wish is stored, nobody needs to press again."""
        self.leaving = member
        await retry_once(lambda: self.stores.privacy.request_erasure(member.user_id, self.now_ms))
        self._expect_only_forgetting(member)
        self.leaving = None
        await retry_once(lambda: self.stores.privacy.forget(member.user_id))

    def _expect_only_forgetting(self, member: Member) -> None:
        """Expect from now on only that this member is forgotten; somebody new joins."""
        theirs = {f"1girl, {word}" for word in member.words}
        known = self.rows(
            f"SELECT id, owed_post_id FROM jobs WHERE user_id = {member.user_id}"  # noqa: S608
        )
        member.job_ids |= {job for job, _ in known}
        grids = {grid for _, grid in known}
        self.expected.promised = {
            p: k for p, k in self.expected.promised.items() if p not in theirs
        }
        self.expected.picks = {
            (who, grid): places
            for (who, grid), places in self.expected.picks.items()
            if who != member.user_id and grid not in grids
        }
        self.expected.cancelled -= member.job_ids
        self.expected.forgotten.append(
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
        """Somebody reacts to a post; some numbers lose the event."""
        if (known := self._single_picture_posts()) and (post := _choose(known, n)):
            member, emoji = _choose(self.members, n // 7), _LIKE[n % 2]
            self.board.react(post, member.user_id, emoji)
            await self._send_event(post, member.user_id, emoji, added=True, is_lost=n % 5 == 1)

    async def unvote(self, n: int) -> None:
        """Somebody removes a reaction."""
        people = {member.user_id for member in self.members}
        standing = [
            s
            for s in self.board.reactions_of_people()
            if s[1] in people and s[0] in self._single_picture_posts()
        ]
        if standing:
            post, who, emoji = _choose(standing, n)
            self.board.react(post, who, emoji, added=False)
            await self._send_event(post, who, emoji, added=False, is_lost=n % 5 == 1)

    async def _send_event(
        self, post: int, who: int, emoji: str, *, added: bool, is_lost: bool
    ) -> None:
        if is_lost:
            self.events_lost = True
            return
        reaction = make_reaction(post, who, emoji, added=added, at_ms=self.now_ms)
        await self.stores.votes.record(reaction)

    async def pick(self, n: int) -> None:
        """Somebody picks the best of a grid, or withdraws the pick."""
        grids = self.rows(
            "SELECT owed_post_id, place FROM posts JOIN post_pictures USING (message_id)"
            " JOIN pictures USING (job_id)"
            " WHERE pictures.deleted_ms IS NULL AND posts.deleted_ms IS NULL"
            " AND owed_post_id IS NOT NULL AND owed_post_id NOT IN (SELECT id FROM jobs)"
            " ORDER BY message_id, place"
        )
        if grids:
            (grid, place), member = _choose(grids, n), _choose(self.members, n // 3)
            wanted = None if n % 5 == 0 else place
            key = (member.user_id, grid)
            self.expected.picks[key] = self.expected.picks.get(key, {None}) | {wanted}
            picked = await self.stores.grids.pick(
                OwedPostId(grid), member.user_id, wanted, self.now_ms
            )
            if picked is not None:
                self.expected.picks[key] = {wanted}

    # ---- moderators -----------------------------------------------------------------------------

    async def report(self, n: int) -> None:
        """Somebody reports a picture."""
        if kept := self._existing_pictures("1"):
            job_id, member = JobId(_choose(kept, n)[0]), _choose(self.members, n // 3)
            await self.stores.reviews.file_report(
                job_id, member.user_id, "mean", self.now_ms, since_id=SINCE
            )

    async def review(self, n: int) -> None:
        """A moderator decides a case."""
        if cases := await self.stores.reviews.open_cases(GUILD, 100):
            case = _choose(cases, n)
            outcome = _choose(
                sorted(POSSIBLE_OUTCOMES[case.kind] - {Outcome.REMOVE_AND_TIME_OUT}), n // 3
            )
            await self.stores.reviews.decide(case.id, make_judgement(outcome, at_ms=self.now_ms))

    # ---- the worker -----------------------------------------------------------------------------

    async def claim(self, _: int) -> None:
        """The worker takes the next job."""
        job = await self.stores.queue.claim(f"{self.owner}/0", LEASE_MS, self.now_ms)
        if job is not None:
            self.running.append(job)

    async def keep(self, n: int) -> None:
        """The worker finishes a running job's picture, and releases or holds it."""
        if self.running:
            job = _choose(self.running, n)
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
        """Leases run out, which the worker does not know yet."""
        self.now_ms += LEASE_MS + 1
        await self.stores.queue.requeue_expired(f"{self.owner}/0", self.now_ms, TRIES, 0)

    async def put_back(self, n: int) -> None:
        """The worker puts a job back."""
        if self.running:
            job = _choose(self.running, n)
            await self.stores.queue.requeue(
                f"{self.owner}/0", [job.id], self.now_ms, count_attempt=n % 2 == 0
            )
            self.running.remove(job)

    async def set_clock_back(self, _: int) -> None:
        """Somebody sets the clock back."""
        self.now_ms = max(10_000, self.now_ms - 5 * LEASE_MS)

    # ---- the loops ------------------------------------------------------------------------------

    async def deliver(self, n: int) -> None:
        """Make the owed posts; some numbers lose the answer."""
        await self.errands.deliver(self.now_ms, lose_answer=n % 4 == 1)

    async def look_for_lost(self, _: int) -> None:
        """Look for messages whose answer was lost."""
        await self.errands.look_for_lost(self.now_ms)

    async def take_down(self, _: int) -> None:
        """Delete doomed messages."""
        await self.errands.take_down(self.now_ms)

    async def amend(self, _: int) -> None:
        """Edit the posts that need an edit."""
        await self.errands.amend()

    async def read(self, _: int) -> None:
        """Open new votes and read reactions; if events were lost, begin a new session first."""
        if self.events_lost:
            await self.stores.gallery.owe_readings()
            self.events_lost = False
        await self.errands.open_votes()
        await self.errands.read(self.now_ms)

    async def erase(self, _: int) -> None:
        """Forget members and clean up."""
        await self.errands.erase()

    def _existing_pictures(self, condition: str) -> list[tuple[str, int, str]]:
        """Job, member and prompt of each picture that still exists."""
        return self.rows(
            "SELECT jobs.id, jobs.user_id, draw ->> 'prompt' FROM pictures"  # noqa: S608
            f" JOIN jobs ON jobs.id = job_id WHERE deleted_ms IS NULL AND {condition} ORDER BY seq"
        )

    def _single_picture_posts(self) -> list[int]:
        """Existing messages that the bot has recorded with a single picture."""
        existing = {int(message["id"]) for message in self.board.messages()}
        known = self.rows(
            "SELECT message_id FROM posts JOIN post_pictures USING (message_id)"
            " GROUP BY message_id HAVING count(*) = 1 ORDER BY message_id"
        )
        return [number for (number,) in known if number in existing]


async def retry_once(deed: Callable[[], Awaitable[T]]) -> T:
    """Do the deed, and repeat it once if the disk fails, as the bot's loops do."""
    try:
        return await deed()
    except BotError:
        return await deed()


def _choose(choices: Sequence[T], n: int) -> T:
    return choices[n % len(choices)]


def _assert_holds_nothing_of(file: io.BufferedIOBase, others: Sequence[Member]) -> None:
    """Assert that an export holds no words and no picture of others; it may name their pictures."""
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        everything = archive.read("everything.json").decode()
    words = [word for other in others for word in other.words if word in everything]
    files = [job for other in others for job in other.job_ids if f"pictures/{job}.png" in names]
    assert not words + files, "a member's export holds another member's data"
