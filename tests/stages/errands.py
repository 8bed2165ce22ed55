"""What the bot's loops do, one round each, on real stores and a fake Discord.

Each loop records and acts in the same order as its cog, without Discord's delays. Errors of the
stores pass through, and the caller repeats the round. Called by `tests/stages/story.py`.
"""

from __future__ import annotations

from dataclasses import replace

from bot.domain import MessageId, OwedPost, UserId
from bot.store.gallery import PostDebt
from bot.store.sends import Send, SendAttempt
from tests.stages.board import Board
from tests.stages.factories import make_message, make_post
from tests.stages.stores import Stores
from tests.stages.trouble import DISCORD, FaultInjector

_ALL = 1_000


class Errands:
    """The loops of one process."""

    def __init__(self, stores: Stores, board: Board, injector: FaultInjector) -> None:
        self._stores = stores
        self._board = board
        self._injector = injector

    async def deliver(self, now_ms: int, *, lose_answer: bool = False) -> None:
        """Make the owed posts; `lose_answer` loses Discord's answer to the first."""
        for owed in await self._stores.outbox.owed_posts(now_ms, limit=_ALL):
            posting = await self._stores.outbox.begin_posting(owed.id, now_ms)
            if posting is None:
                continue
            found = [] if posting.is_first else self._board.messages_named(owed.id)
            number = found[0] if found else await self._post(owed)
            if lose_answer and not found:
                await self._stores.outbox.record_lost_answer(owed, posting)
                return
            shown = self._board.pictures_in(number)
            places = {place: job.id for place, job in owed.jobs.items() if job.id in shown}
            post = replace(make_post(message=number, at_ms=now_ms), pictures=places)
            await self._stores.outbox.record_delivery(owed.id, post, now_ms)

    async def _post(self, owed: OwedPost) -> int:
        self._injector.pass_moment(f"{DISCORD}before a post is made")
        first = next(iter(owed.jobs.values()))
        number = self._board.post(
            owed.id,
            f"<@{first.user_id}> {first.draw.prompt}",
            [job.id for job in owed.drawn.values()],
            answers_command=False,
        )
        self._injector.pass_moment(f"{DISCORD}after a post is made")
        return number

    async def show(
        self, send: Send, now_ms: int, content: str, *, lose_answer: bool = False
    ) -> None:
        """Record that pictures are shown again, then show them."""
        if await self._stores.sends.begin(send) is SendAttempt.GONE:
            return
        self._injector.pass_moment(f"{DISCORD}before a picture is shown")
        number = self._board.post(send.name, content, send.job_ids, answers_command=True)
        self._injector.pass_moment(f"{DISCORD}after a picture is shown")
        if lose_answer:
            await self._stores.sends.record_lost_answer(send)
        else:
            post = make_post(*send.job_ids, message=number, at_ms=now_ms)
            await self._stores.sends.record_post(send, post)

    async def look_for_lost(self, now_ms: int) -> None:
        """Look for messages whose answer was lost."""
        for send in await self._stores.sends.lost_sends(_ALL):
            if found := self._board.messages_named(send.name):
                post = make_post(*send.job_ids, message=found[0], at_ms=now_ms)
                await self._stores.sends.record_post(send, post)
            else:
                await self._stores.sends.abandon(send)

    async def take_down(self, now_ms: int) -> None:
        """Find the messages whose id is unknown, then delete the doomed ones."""
        for hunt in await self._stores.doomed.hunts(_ALL):
            found = [MessageId(number) for number in self._board.messages_named(hunt.name)]
            await self._stores.doomed.end_hunt(hunt, found)
        for message in await self._stores.doomed.messages(_ALL):
            self._injector.pass_moment(f"{DISCORD}before a message is deleted")
            self._board.delete(message.message_id)
            await self._stores.doomed.record_deleted(message.message_id, now_ms)

    async def amend(self) -> None:
        """Edit the posts that need an edit."""
        gallery = self._stores.gallery
        for post in await gallery.posts_with_debt(PostDebt.AMENDMENT, _ALL):
            shown = await gallery.pictures_to_show(post.message_id)
            left = [job_id for job_id in post.pictures.values() if job_id in shown]
            if left:
                self._board.edit(post.message_id, left)
                await gallery.record_amendment(post.message_id, shown)
            else:
                await self._stores.doomed.add(make_message(post.message_id))
                await gallery.clear_debt(PostDebt.AMENDMENT, post.message_id)

    async def open_votes(self) -> None:
        """Put the bot's own reactions under new posts."""
        for post in await self._stores.gallery.posts_with_debt(PostDebt.VOTES, _ALL):
            self._board.open_vote(post.message_id)
            await self._stores.gallery.clear_debt(PostDebt.VOTES, post.message_id)

    async def read(self, now_ms: int) -> None:
        """Read the reactions under every post that needs a reading."""
        votes, gallery = self._stores.votes, self._stores.gallery
        while posts := await gallery.posts_with_debt(PostDebt.READING, _ALL):
            for post in posts:
                begun = await votes.begin_reading()
                reactions = self._reactions_under(post.message_id)
                recorded = {
                    emoji for _, emoji, _ in await votes.standing_reactions(post.message_id)
                }
                for emoji in {*reactions, *recorded}:
                    people = reactions.get(emoji, set())
                    await votes.reconcile(post.message_id, emoji, people, now_ms)
                await votes.end_reading(post.message_id, reactions, begun)
                await gallery.clear_debt(PostDebt.READING, post.message_id)

    def _reactions_under(self, number: int) -> dict[str, set[UserId]]:
        under: dict[str, set[UserId]] = {}
        for message, who, emoji in self._board.reactions_of_people():
            if message == number:
                under.setdefault(emoji, set()).add(UserId(who))
        return under

    async def erase(self) -> None:
        """Forget the members who asked for it, and clean up their traces."""
        for user_id in await self._stores.privacy.pending_erasures():
            await self._stores.privacy.forget(user_id)
        assert await self._stores.privacy.clean(), "nobody else reads the file"
