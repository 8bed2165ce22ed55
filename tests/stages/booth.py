"""A voting booth: the simulated scene with direct access to the votes cog."""

from __future__ import annotations

import discord
from simcord.actors import MemberActor
from simcord.builders import ChannelHandle

from bot.domain import Job, MessageId, Post, UserId
from bot.store.gallery import PostDebt
from cogs.voting.votes import VotesCog
from tests.stages.simulated import Scene, run_until_idle

UP, DOWN = "👍", "👎"


class Booth(Scene):
    """The scene with the votes cog."""

    @property
    def votes_cog(self) -> VotesCog:
        cog: VotesCog = self.cog("VotesCog")
        return cog

    async def flush_votes(self) -> None:
        await self.votes_cog._inbox.flush()

    async def reconcile(self) -> None:
        await run_until_idle(self.votes_cog._reconciler._lanes.look)

    async def run_seeding(self) -> bool:
        """Run a round of seeding. True if a channel rests."""
        lanes = self.votes_cog._seeder._lanes
        await run_until_idle(lanes.look)
        return bool(lanes.openings().closed | lanes.openings().resting)

    async def post_picture(self, channel: ChannelHandle | None = None) -> tuple[Job, Post]:
        jobs = await self.queue_jobs(channel=channel)
        await self.draw_jobs(jobs)
        return jobs[0], await self.deliver_job(jobs[0])

    def add_member(self, name: str) -> MemberActor:
        return self.guild.add_member(self.env.create_user(name))

    async def recorded_reactions(self, post: Post) -> set[tuple[UserId, str]]:
        await self.flush_votes()
        standing = await self.services.votes.standing_reactions(post.message_id)
        return {(voter, emoji) for voter, emoji, _ in standing}

    async def unread_posts(self) -> set[MessageId]:
        """The newest post of each channel whose reactions must still be read."""
        return {
            post.message_id
            for post in await self.services.gallery.posts_with_debt(PostDebt.READING, 100)
        }

    def discord_reactions(self, post: Post) -> set[tuple[UserId, str]]:
        """The reactions on Discord, without the bot's."""
        backend = self.env.backend
        message = backend.messages[post.channel_id][post.message_id]
        return {
            (UserId(user_id), reaction.emoji)
            for reaction in message.reactions
            for user_id in reaction.user_ids
            if not backend.get_user(user_id).bot
        }

    def seed_reactions(self, post: Post) -> list[str]:
        """The reactions that the bot itself added."""
        backend = self.env.backend
        reactions = backend.messages[post.channel_id][post.message_id].reactions
        return [r.emoji for r in reactions if backend.bot_user.id in r.user_ids]

    def message_of(self, post: Post) -> discord.Message:
        return next(m for m in self.channel.history() if m.id == post.message_id)

    def cut_gateway(self) -> None:
        """Cut the gateway: nothing that happens from now on reaches the bot."""
        self.env.backend.subscribers.clear()


class ManualClock:
    """A clock that a test moves by hand, for rests and for remembered events."""

    def __init__(self) -> None:
        self.now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds
