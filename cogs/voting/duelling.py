"""Posts a duel to a channel once and shows its end, and prepares blind pairs of pictures.

`/duel`, the rating party and the blind test of a candidate post through `post_duel`. The pictures
are blind: the texts in the files are removed, and no file name reveals a picture. Must not know why
two pictures are compared. Not a cog.
"""

from __future__ import annotations

import asyncio
import io
import logging
from collections.abc import Sequence
from dataclasses import dataclass

import discord

from bot.ballot import Duel
from bot.client import WaifuBot
from bot.curating.bare import without_texts
from bot.domain import BotError, MessageId, StorageError
from bot.words import duelling
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS, is_gone, is_too_large, is_transient
from cogs.posting.finding import HistoryUnreadableError, Stretch, newest_own, shows
from cogs.posting.uploads import fit_picture
from cogs.translating import channel_at, in_public, place_at
from cogs.voting.pairing import Contender, sides_here

log = logging.getLogger(__name__)

#: Discord's limit for one request, shared by both pictures and the message's words.
_BOTH_BYTES_MAX = 24 * 2**20
#: The factor for the next attempt after Discord called an upload too large.
_SHRINK = 0.75
_NAMES = ("left", "right")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlindPair:
    """Two pictures without any trace of their origin, and the question about them."""

    pngs: tuple[bytes, bytes]
    spoilers: tuple[bool, bool]
    prompt: str

    async def files(self, limit_bytes: int) -> list[discord.File]:
        """The files of both pictures, each of at most `limit_bytes`.

        Raises `ValueError` if impossible.
        """
        limit_bytes = min(limit_bytes, _BOTH_BYTES_MAX // 2)
        fitting = [await fit_picture(png, limit_bytes) for png in self.pngs]
        return [
            discord.File(
                io.BytesIO(data),
                f"{name}.{extension}",
                spoiler=spoiler,
                description=alt_text(),
            )
            for name, alt_text, spoiler, (data, extension) in zip(
                _NAMES, duelling.ALT_TEXTS, self.spoilers, fitting, strict=True
            )
        ]


async def make_blind(bot: WaifuBot, sides: Sequence[Contender]) -> BlindPair:
    """Remove every trace of origin from two pictures.

    Raises `StorageError` if one is unreadable.
    """
    left, right = [await _read_without_origin(bot, side) for side in sides]
    return BlindPair(
        pngs=(left, right),
        spoilers=(sides[0].picture.spoiler, sides[1].picture.spoiler),
        prompt=sides[0].job.draw.prompt,
    )


async def _read_without_origin(bot: WaifuBot, side: Contender) -> bytes:
    try:
        png = await bot.services.gallery.read(side.picture)
        return without_texts(png, "")
    except (ValueError, FileNotFoundError) as problem:
        raise StorageError(f"the file of picture {side.job.id} is damaged: {problem}") from None


def choice_buttons(duel: Duel, *more: tuple[Action, str]) -> discord.ui.View:
    """The buttons under two pictures."""
    actions = (Action.LEFT, Action.RIGHT, Action.SKIP)
    return row_of(*((action, duel.id) for action in actions), *more)


async def post_duel(bot: WaifuBot, duel: Duel, *, until_ms: int | None = None) -> None:
    """Post a duel to its channel exactly once, even after a crash and if called again.

    A duel that may not be shown there is closed. Passing faults propagate (Discord out of reach, a
    locked database), and the duel stays owed.
    """
    try:
        with in_public(bot, duel.guild_id):
            await _post_once(bot, duel, until_ms)
    except (ValueError, StorageError, HistoryUnreadableError) as problem:
        await _give_up(bot, duel, problem)
    except discord.HTTPException as problem:
        if is_transient(problem):
            raise
        await _give_up(bot, duel, problem)


async def _give_up(bot: WaifuBot, duel: Duel, problem: Exception) -> None:
    log.warning("duel %s cannot be posted: %s", duel.id, problem)
    await bot.services.duels.close(duel.id, bot.services.clock())
    bot.services.signals.doomed.set()


async def _post_once(bot: WaifuBot, duel: Duel, until_ms: int | None) -> None:
    services = bot.services
    sides = await _allowed_sides(bot, duel)
    if sides is None:
        await services.duels.close(duel.id, services.clock())
        services.signals.doomed.set()
        return
    blind = await make_blind(bot, sides)
    spoilered = [side.job.id for side in sides if side.picture.spoiler]
    first = await services.duels.begin_posting(duel.id, services.clock(), spoilered=spoilered)
    if first is None:
        return
    message = None if first else await _find(bot, duel)
    if message is None:
        message = await _post_tracked(bot, duel, blind, until_ms)
    await asyncio.shield(_record(bot, duel, message))


async def _allowed_sides(bot: WaifuBot, duel: Duel) -> Sequence[Contender] | None:
    """Both pictures; None if policy does not allow them in the channel now."""
    guild = bot.get_guild(duel.guild_id)
    assert duel.channel_id is not None, "what one member sees is not posted"
    if guild is None:
        return None
    channel = await channel_at(bot, duel.guild_id, duel.channel_id)
    place = place_at(duel.guild_id, duel.channel_id, channel=channel, guild=guild)
    policy = await bot.services.policy_at(place)
    return await sides_here(bot.services, guild, policy, duel.job_ids)


async def _find(bot: WaifuBot, duel: Duel) -> discord.Message | None:
    """The message of an earlier attempt whose answer was lost."""
    assert duel.channel_id is not None, "what one member sees is not posted"
    stretch = Stretch(guild_id=duel.guild_id, channel_id=duel.channel_id, since_id=duel.since_id)
    found = await newest_own(bot, stretch, lambda message: shows(message, duel.id))
    log.info("an earlier attempt %s", "is in the channel" if found else "sent nothing")
    return found


async def _post_tracked(
    bot: WaifuBot, duel: Duel, blind: BlindPair, until_ms: int | None
) -> discord.Message:
    try:
        return await _post(bot, duel, blind, until_ms)
    except DISCORD_ERRORS as problem:
        if is_transient(problem):
            await bot.services.duels.record_lost_answer(duel)
            bot.services.signals.doomed.set()
        raise


async def _post(
    bot: WaifuBot, duel: Duel, blind: BlindPair, until_ms: int | None
) -> discord.Message:
    """Send it, shrinking the pictures until Discord accepts them."""
    assert duel.channel_id is not None, "what one member sees is not posted"
    channel = bot.get_partial_messageable(duel.channel_id, guild_id=duel.guild_id)
    guild = bot.get_guild(duel.guild_id)
    limit = guild.filesize_limit if guild else discord.utils.DEFAULT_FILE_SIZE_LIMIT_BYTES
    stop = () if duel.party_id is None else ((Action.STOP_PARTY, duel.party_id),)
    while True:
        try:
            return await channel.send(
                duelling.question(blind.prompt, until_ms=until_ms),
                files=await blind.files(limit),
                view=choice_buttons(duel, *stop),
                nonce=duel.id,
                suppress_embeds=True,
            )
        except discord.HTTPException as problem:
            if not is_too_large(problem):
                raise
            limit = int(min(limit, max(map(len, blind.pngs))) * _SHRINK)
            log.warning("two pictures were too large, trying %s bytes each", limit)


async def _record(bot: WaifuBot, duel: Duel, message: discord.Message) -> None:
    services = bot.services
    if not await services.duels.record_message(duel, MessageId(message.id), services.clock()):
        log.info("duel %s is no longer owed, so its message is deleted", duel.id)
        services.signals.doomed.set()


async def show_end(bot: WaifuBot, duel: Duel) -> None:
    """Show the result in a closed duel's message, without buttons. Passing faults propagate."""
    services = bot.services
    assert duel.channel_id is not None, "what one member sees has no message of ours"
    assert duel.message_id is not None, "a duel without a message owes no end"
    message = bot.get_partial_messageable(duel.channel_id, guild_id=duel.guild_id)
    with in_public(bot, duel.guild_id):
        words = await _end_text(bot, duel)
    try:
        await message.get_partial_message(duel.message_id).edit(content=words, view=None)
    except discord.HTTPException as problem:
        if is_transient(problem):
            raise
        if is_gone(problem):
            await services.gallery.record_deleted_messages([duel.message_id], services.clock())
            return
        log.warning("duel %s keeps its buttons: %s", duel.id, problem)
    await services.duels.record_result_shown(duel.id)


async def _end_text(bot: WaifuBot, duel: Duel) -> str:
    services = bot.services
    jobs = [await services.views.get(job_id) for job_id in duel.job_ids]
    left, right = jobs
    if left is None or right is None:
        raise BotError(f"a picture of duel {duel.id} is gone, and its message will be")
    tally = await services.duels.tally(duel.id)
    return duelling.ended(left.draw.prompt, tally, (left.user_id, right.user_id), duel.origin)
