"""A voting booth: the simulated scene with direct access to the votes cog."""

from __future__ import annotations

import discord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.domain import Job, MessageId, Post, UserId
from bot.store.gallery import PostDebt
from cogs.voting.votes import VotesCog
from tests.stages.simulated import Scene, works_off

UP, DOWN = "👍", "👎"


class Booth(Scene):
    """The scene with the votes cog."""

    @property
    def votes_cog(self) -> VotesCog:
        cog: VotesCog = self.cog("VotesCog")
        return cog

    async def written(self) -> None:
        await self.votes_cog._inbox.flush()

    async def reconciled(self) -> None:
        await works_off(self.votes_cog._reconciler._lanes.look)

    async def seeded(self) -> bool:
        """Run a round of seeding; True if some channel rests."""
        lanes = self.votes_cog._seeder._lanes
        await works_off(lanes.look)
        return bool(lanes.openings().closed | lanes.openings().resting)

    async def a_post(self, channel: ChannelHandle | None = None) -> tuple[Job, Post]:
        jobs = await self.queued(channel=channel)
        await self.drawn(jobs)
        return jobs[0], await self.posted(jobs[0])

    def another(self, name: str) -> MemberActor:
        return self.guild.add_member(self.env.create_user(name))

    async def standing(self, post: Post) -> set[tuple[UserId, str]]:
        await self.written()
        standing = await self.services.votes.standing_reactions(post.message_id)
        return {(voter, emoji) for voter, emoji, _ in standing}

    async def owed(self) -> set[MessageId]:
        """The newest post of each channel that is owed a reading."""
        return {
            post.message_id
            for post in await self.services.gallery.posts_with_debt(PostDebt.READING, 100)
        }

    def truth(self, post: Post) -> set[tuple[UserId, str]]:
        """The reactions on Discord, without the bot's."""
        backend = self.env.backend
        message = backend.messages[post.channel_id][post.message_id]
        return {
            (UserId(user_id), reaction.emoji)
            for reaction in message.reactions
            for user_id in reaction.user_ids
            if not backend.get_user(user_id).bot
        }

    def seeds(self, post: Post) -> list[str]:
        """The reactions that the bot itself added."""
        backend = self.env.backend
        reactions = backend.messages[post.channel_id][post.message_id].reactions
        return [r.emoji for r in reactions if backend.bot_user.id in r.user_ids]

    def message(self, post: Post) -> discord.Message:
        return next(m for m in self.channel.history() if m.id == post.message_id)

    def outage(self) -> None:
        """Cut the gateway: nothing that happens from now on reaches the bot."""
        self.env.backend.subscribers.clear()


class Hourglass:
    """A manual clock for rests and for the memory of events."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s

    def run(self, seconds: float) -> None:
        self.now_s += seconds
