"""Puts every reaction event of Discord into the vote ledger; `/votes top` reads it.

Events go into the inbox without waiting; the reconciler makes up for outages. Must not know what a
vote is worth.
"""

from __future__ import annotations

import contextlib

import discord
from discord import app_commands
from discord.ext import commands

from bot.ballot import Reaction, Tally, VoteEmoji
from bot.client import Interaction, WaifuBot
from bot.domain import BotError, GuildId, MessageId, UserId
from bot.policy.layers import EffectivePolicy
from bot.words import listing, wording
from bot.words.speaking import sentences
from cogs.posting.sheets import PLACES
from cogs.translating import speak_to_everybody, tell, url_of
from cogs.voting.inbox import Inbox, MessagesDeleted, ReactionsCleared, ReactionSeen
from cogs.voting.listing import (
    PERIODS,
    ListEntry,
    Period,
    entry_here,
    ratings_in,
    require_list_policy,
    send_list,
)
from cogs.voting.reconciling import Reconciler, emoji_name
from cogs.voting.seeding import Seeder

#: Places read from the ledger.
_READ = 50


class VotesCog(commands.Cog):
    """Listens to reactions and shows the best pictures."""

    votes = app_commands.Group(
        name="votes", description="What people think of the pictures", guild_only=True
    )

    def __init__(self, bot: WaifuBot) -> None:
        self._bot = bot
        self._services = bot.services
        self._inbox = Inbox(bot.services)
        self._reconciler = Reconciler(bot, self._inbox)
        self._seeder = Seeder(bot, self._reconciler.wake)

    async def cog_load(self) -> None:
        """Start writing; the reconciler and the seeder wait until the bot is connected."""
        self._bot.spawn(self._inbox.run(), name="vote inbox")
        self._bot.spawn(self._seeder.run(), name="vote seeding")
        self._bot.spawn(self._reconciler.run(), name="vote reconciliation")

    async def cog_unload(self) -> None:
        """Write the last events; the next start reconciles those that a fault leaves out."""
        with contextlib.suppress(BotError):
            await self._inbox.flush()

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        """Note a fresh session: Discord does not repeat earlier events."""
        self._seeder.begin_session()
        self._reconciler.begin_session()

    @commands.Cog.listener()
    async def on_raw_reaction_add(self, payload: discord.RawReactionActionEvent) -> None:
        """Record an added reaction; only this event says whether it is a bot's."""
        if payload.member is None or not payload.member.bot:
            self._put(payload, added=True)

    @commands.Cog.listener()
    async def on_raw_reaction_remove(self, payload: discord.RawReactionActionEvent) -> None:
        """Record a removed reaction.

        A bot's was never in the ledger, so removing it changes nothing.
        """
        self._put(payload, added=False)

    def _put(self, payload: discord.RawReactionActionEvent, *, added: bool) -> None:
        me = self._bot.user
        if payload.guild_id is None or (me is not None and payload.user_id == me.id):
            return
        reaction = Reaction(
            message_id=MessageId(payload.message_id),
            voter_id=UserId(payload.user_id),
            emoji=emoji_name(payload.emoji),
            added=added,
            at_ms=self._services.clock(),
            burst=payload.burst,
        )
        self._inbox.put(ReactionSeen(reaction=reaction))

    @commands.Cog.listener()
    async def on_raw_reaction_clear(self, payload: discord.RawReactionClearEvent) -> None:
        """Record that a moderator cleared every reaction."""
        self._put_cleared(payload.message_id, None)

    @commands.Cog.listener()
    async def on_raw_reaction_clear_emoji(
        self, payload: discord.RawReactionClearEmojiEvent
    ) -> None:
        """Record that a moderator cleared one emoji."""
        self._put_cleared(payload.message_id, emoji_name(payload.emoji))

    def _put_cleared(self, message_id: int, emoji: str | None) -> None:
        at_ms = self._services.clock()
        self._inbox.put(
            ReactionsCleared(message_id=MessageId(message_id), emoji=emoji, at_ms=at_ms)
        )

    @commands.Cog.listener()
    async def on_raw_message_delete(self, payload: discord.RawMessageDeleteEvent) -> None:
        """Record that a message is gone; the votes on its picture stay."""
        self._put_deleted({payload.message_id})

    @commands.Cog.listener()
    async def on_raw_bulk_message_delete(self, payload: discord.RawBulkMessageDeleteEvent) -> None:
        """Record that many messages are gone at once."""
        self._put_deleted(payload.message_ids)

    def _put_deleted(self, message_ids: set[int]) -> None:
        ids = tuple(MessageId(message_id) for message_id in sorted(message_ids))
        self._inbox.put(MessagesDeleted(message_ids=ids, at_ms=self._services.clock()))

    @votes.command(name="top")
    @app_commands.describe(period="How far to look back (a week if you don't say)")
    @app_commands.checks.cooldown(5, 30)
    async def top(self, interaction: Interaction, period: Period = "week") -> None:
        """Show the pictures of this server that people like best."""
        guild = interaction.guild
        assert guild is not None, "the tree's gate lets only servers in"
        policy = await require_list_policy(interaction)
        if policy is None:
            return
        places = await self._best(guild, policy, PERIODS[period])
        if not places:
            text = sentences(listing.NO_VOTES[period](), listing.HOW_TO_VOTE())
            await tell(interaction, text)
            return
        speak_to_everybody(interaction)
        emoji = await self._services.guilds.vote_emoji(GuildId(guild.id))
        lines = [_line(place, emoji, *entry) for place, entry in enumerate(places, 1)]
        text = wording.fitting([listing.BEST[period](), *lines])
        await send_list(interaction, text, [entry for entry, _ in places])

    async def _best(
        self,
        guild: discord.Guild,
        policy: EffectivePolicy,
        length_ms: int | None,
    ) -> list[tuple[ListEntry, Tally]]:
        """The best pictures that may be shown here, each with a post that every reader may see."""
        now_ms = self._services.clock()
        best: list[tuple[ListEntry, Tally]] = []
        for picture, tally in await self._services.votes.top(
            GuildId(guild.id),
            0 if length_ms is None else now_ms - length_ms,
            now_ms,
            _READ,
            ratings=ratings_in(policy.place),
        ):
            if entry := await entry_here(self._services, guild, policy, picture):
                best.append((entry, tally))
            if len(best) == PLACES:
                break
        return best


def _line(place: int, emoji: VoteEmoji, entry: ListEntry, tally: Tally) -> str:
    return (
        f"{place}. {_emoji_text(emoji.up)} {tally.up} {_emoji_text(emoji.down)} {tally.down} · "
        f"<@{entry.job.user_id}> · [`{entry.job.id}`]({url_of(entry.post)})"
    )


def _emoji_text(emoji: str) -> str:
    """An emoji as message text shows it."""
    return f"<:{emoji}>" if ":" in emoji else emoji


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    await bot.add_cog(VotesCog(bot))
