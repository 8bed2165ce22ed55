"""`/duel`: compare two pictures, alone or as a party in a channel; and the leaderboard.

Handles the presses under two pictures, wherever they are and after any restart. `parties.py` posts
and ends the channels' duels.
"""

from __future__ import annotations

from typing import ClassVar

import discord
from discord import app_commands
from discord.ext import commands

from bot.ballot import Choice, Duel, DuelId, DuelOrigin, Party, PartyId
from bot.client import Interaction, WaifuBot
from bot.domain import ChannelId, GuildId, JobId, StorageError
from bot.ids import new_id
from bot.policy.layers import EffectivePolicy
from bot.store.duels import DuelVoteResult
from bot.words import duelling, listing, wording
from cogs.asking.press import Press
from cogs.asking.requests import permission_refusal
from cogs.asking.terms import require_licence
from cogs.components import Action, row_of, template
from cogs.posting.sheets import PLACES
from cogs.translating import guild_of, place_of, roles_of, speak_to_everybody, tell, url_of, user_of
from cogs.voting.duelling import choice_buttons, make_blind
from cogs.voting.listing import (
    PERIODS,
    ListEntry,
    Period,
    entry_here,
    ratings_in,
    require_list_policy,
    send_list,
)
from cogs.voting.pairing import next_pair, sides_here, weighted_wins
from models.statistics.board import Rung, rank_by_duels

_MINUTE_MS = 60_000
#: Places of the leaderboard that are checked for what may be shown here.
_READ = 50


class DuelsCog(commands.Cog):
    """Shows duel statistics to members, and begins their duels."""

    duel = app_commands.Group(
        name="duel", description="Which of two pictures is better?", guild_only=True
    )

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @duel.command(description="Rate one pair after another; only you see them")
    async def rate(self, interaction: Interaction) -> None:
        """Show the first pair; a button brings the next."""
        if not await require_licence(interaction):
            return
        await interaction.response.defer(ephemeral=True)
        await _show_pair(interaction)

    @duel.command(description="Show this channel one pair after another for a while")
    @app_commands.describe(minutes="How many minutes (10 if you don't say)")
    @app_commands.checks.cooldown(2, 60)
    async def party(
        self, interaction: Interaction, minutes: app_commands.Range[int, 1, 60] = 10
    ) -> None:
        """Begin a party; its pairs are posted in the background."""
        if not await require_licence(interaction):
            return
        if refused := permission_refusal(interaction):
            await tell(interaction, refused.text)
            return
        await interaction.response.defer(ephemeral=True)
        if isinstance(pair := await _choose_pair(interaction), str):
            await tell(interaction, pair)
            return
        await self._begin(interaction, minutes)

    async def _begin(self, interaction: Interaction, minutes: int) -> None:
        assert interaction.channel_id is not None, "commands come from a channel"
        now_ms = self._services.clock()
        party = Party(
            id=PartyId(new_id()),
            guild_id=guild_of(interaction),
            channel_id=ChannelId(interaction.channel_id),
            user_id=user_of(interaction),
            since_id=interaction.id,
            begun_ms=now_ms,
            ends_ms=now_ms + minutes * _MINUTE_MS,
        )
        if not await self._services.parties.begin(party):
            there = await self._services.parties.running_in(party.channel_id)
            until_s = (there or party).ends_ms // 1000
            await tell(interaction, duelling.PARTY_IS_ON(ends_s=until_s))
            return
        self._services.signals.duels.set()
        await interaction.followup.send(
            duelling.PARTY_BEGINS(ends_s=party.ends_ms // 1000),
            view=row_of((Action.STOP_PARTY, party.id)),
            ephemeral=True,
        )

    @duel.command(description="The pictures of this server that won the most duels")
    @app_commands.describe(period="How far to look back (a month if you don't say)")
    @app_commands.checks.cooldown(5, 30)
    async def top(self, interaction: Interaction, period: Period = "month") -> None:
        """Show a leaderboard of pictures, not of people."""
        guild = interaction.guild
        assert guild is not None, "the tree's gate lets only servers in"
        policy = await require_list_policy(interaction)
        if policy is None:
            return
        best = await self._best(guild, policy, PERIODS[period])
        if not best:
            text = f"{listing.NO_WINNERS[period]()} {listing.HOW_TO_DUEL()}"
            await tell(interaction, text)
            return
        speak_to_everybody(interaction)
        lines = [
            duelling.leaderboard_line(place, rung.up, rung.down, rung.picture, url_of(entry.post))
            for place, (rung, entry) in enumerate(best, 1)
        ]
        text = wording.fitting([listing.WINNERS[period](), *lines])
        await send_list(interaction, text, [entry for _, entry in best])

    async def _best(
        self, guild: discord.Guild, policy: EffectivePolicy, length_ms: int | None
    ) -> list[tuple[Rung[JobId], ListEntry]]:
        """The best winners that may be shown here; a picture that never won is left out."""
        services = self._services
        since_ms = 0 if length_ms is None else services.clock() - length_ms
        rungs = rank_by_duels(await weighted_wins(services, GuildId(guild.id), since_ms))
        best: list[tuple[Rung[JobId], ListEntry]] = []
        for rung in [rung for rung in rungs if rung.up][:_READ]:
            picture = await services.gallery.get(rung.picture)
            if picture is None or picture.rating not in ratings_in(policy.place):
                continue
            if entry := await entry_here(services, guild, policy, picture):
                best.append((rung, entry))
            if len(best) == PLACES:
                break
        return best


async def _choose_pair(interaction: Interaction) -> tuple[JobId, JobId] | str:
    """A pair that the member has not rated and may see here, else the reason for none."""
    services, guild = interaction.client.services, interaction.guild
    assert guild is not None, "the tree's gate lets only servers in"
    policy = await services.policy_at(place_of(interaction), roles_of(interaction))
    rated = await services.duels.chosen_pairs(guild_of(interaction), user_of(interaction))
    return await next_pair(services, guild, policy, besides=rated)


async def _show_pair(interaction: Interaction) -> None:
    """Put another pair into the private answer, or the reason for none."""
    pair = await _choose_pair(interaction)
    duel = pair if isinstance(pair, str) else await _open_duel(interaction, pair)
    if isinstance(duel, str):
        await interaction.edit_original_response(content=duel, attachments=[], view=None)
        return
    services, guild = interaction.client.services, interaction.guild
    assert guild is not None, "the tree's gate lets only servers in"
    policy = await services.policy_at(place_of(interaction), roles_of(interaction))
    sides = await sides_here(services, guild, policy, duel.job_ids)
    if sides is None:
        await interaction.edit_original_response(
            content=duelling.NOTHING_TO_COMPARE(), attachments=[], view=None
        )
        return
    try:
        blind = await make_blind(interaction.client, sides)
        files = await blind.files(interaction.filesize_limit)
    except (StorageError, ValueError):
        await interaction.edit_original_response(
            content=duelling.UNREADABLE(), attachments=[], view=_buttons_after_choice(duel)
        )
        return
    await interaction.edit_original_response(
        content=duelling.question(blind.prompt), attachments=files, view=choice_buttons(duel)
    )


async def _open_duel(interaction: Interaction, pair: tuple[JobId, JobId]) -> Duel | str:
    """Open the duel about this pair, which all members who rate alone share; else why not."""
    services = interaction.client.services
    duel = Duel(
        id=DuelId(new_id()),
        guild_id=guild_of(interaction),
        channel_id=None,
        left_job=pair[0],
        right_job=pair[1],
        origin=DuelOrigin.ALONE,
        message_id=None,
        opened_ms=services.clock(),
        closed_ms=None,
    )
    return await services.duels.open(duel) or duelling.NOTHING_TO_COMPARE()


def _buttons_after_choice(duel: Duel) -> discord.ui.View:
    """The buttons after a choice; members can change their choice under the pictures."""
    more = ((Action.TAKE_BACK, duel.id), (Action.NEXT_PAIR, duel.id))
    return choice_buttons(duel, *more) if duel.origin is DuelOrigin.ALONE else row_of(*more)


class _ChoiceButton(Press, template="wd:none"):
    """A button under two pictures."""

    choice: ClassVar[Choice | None]

    async def pressed(self, interaction: Interaction) -> None:
        """Record the choice, then reveal the authors and results."""
        services = interaction.client.services
        duel = await services.duels.get(DuelId(self.target))
        if duel is None or duel.guild_id != guild_of(interaction):
            await tell(interaction, duelling.OVER())
            return
        voted = await services.duels.vote(
            duel.id, user_of(interaction), self.choice, services.clock()
        )
        if voted is None:
            await tell(interaction, duelling.OVER())
            return
        await self._answer(interaction, voted)

    async def _answer(self, interaction: Interaction, voted: DuelVoteResult) -> None:
        """Answer in place if only this member sees it; under a channel's duel, privately."""
        words, view = _answer_text(voted), _buttons_after_choice(voted.duel)
        if voted.duel.origin is DuelOrigin.ALONE or self.choice is None:
            await interaction.response.edit_message(content=words, view=view)
        else:
            await interaction.response.send_message(words, view=view, ephemeral=True)


def _answer_text(voted: DuelVoteResult) -> str:
    if voted.choice is None:
        return duelling.TAKEN_BACK()
    is_trial = voted.duel.origin is DuelOrigin.TRIAL
    return duelling.answer(
        voted.choice,
        voted.tally,
        asked=voted.requesters,
        job_ids=voted.duel.job_ids,
        self_vote=voted.self_vote,
        models=voted.card_ids if is_trial else None,
    )


class ChooseLeft(_ChoiceButton, template=template(Action.LEFT)):
    """The left one is better."""

    action = Action.LEFT
    choice = Choice.LEFT


class ChooseRight(_ChoiceButton, template=template(Action.RIGHT)):
    """The right one is better."""

    action = Action.RIGHT
    choice = Choice.RIGHT


class ChooseNone(_ChoiceButton, template=template(Action.SKIP)):
    """Neither is better."""

    action = Action.SKIP
    choice = Choice.SKIP


class TakeBack(_ChoiceButton, template=template(Action.TAKE_BACK)):
    """Takes the choice back."""

    action = Action.TAKE_BACK
    choice = None


class NextPair(Press, template=template(Action.NEXT_PAIR)):
    """Replaces the answer with another pair."""

    action = Action.NEXT_PAIR

    async def pressed(self, interaction: Interaction) -> None:
        """Show the pair in the private message, to members who accepted the licence."""
        if not await require_licence(interaction):
            return
        alone = interaction.message is not None and interaction.message.flags.ephemeral
        await interaction.response.defer(ephemeral=True, thinking=not alone)
        await _show_pair(interaction)


class StopParty(Press, template=template(Action.STOP_PARTY)):
    """Ends a party."""

    action = Action.STOP_PARTY

    async def pressed(self, interaction: Interaction) -> None:
        """End the party, for the member who began it and for moderators."""
        services = interaction.client.services
        party = await services.parties.get(PartyId(self.target))
        if party is None or party.guild_id != guild_of(interaction):
            await tell(interaction, duelling.PARTY_IS_OVER())
            return
        if user_of(interaction) != party.user_id and not interaction.permissions.manage_messages:
            await tell(interaction, duelling.NOT_YOURS())
            return
        await services.parties.step(party.id, None, services.clock())
        services.signals.duels.set()
        services.signals.doomed.set()
        await tell(interaction, duelling.STOPPED())


_PRESSES = (ChooseLeft, ChooseRight, ChooseNone, TakeBack, NextPair, StopParty)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)
    await bot.add_cog(DuelsCog(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
