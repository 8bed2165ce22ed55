"""`/history`: a member's pictures as a searchable, paged contact sheet; and ⭐, favourites.

Only the member sees it. Policy is checked for every thumbnail, and again when one is chosen. The
custom id holds everything that a press needs: the button of a page contains the search.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from dataclasses import dataclass, replace

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.domain import Job, JobId, JobState, Picture, Refused
from bot.policy.layers import EffectivePolicy
from bot.policy.showing import may_show
from bot.store.views import Search
from bot.words import history, wording
from cogs.asking.pictures import find_picture, may_read
from cogs.asking.press import Menu, Press
from cogs.asking.private import show_privately
from cogs.asking.terms import require_licence
from cogs.components import SEARCH_CHARS_MAX, Action, button, custom_id, row_of, template
from cogs.posting.sheets import PLACES, sheet_of
from cogs.translating import guild_of, place_of, roles_of, tell, url_of, user_of

#: A button's target before the search words: the id of the last picture, whether only favourites
#: are listed, and a digest of the model.
_ID_CHARS, _MODEL_CHARS = 10, 4
_NOTHING = "-"
#: The numbers of a sheet stand in rows of five, the most that Discord allows.
_ROW = 5
#: Discord counts an emoji as two characters.
_WORDS_MAX = SEARCH_CHARS_MAX - _ID_CHARS - 1 - _MODEL_CHARS
_CHOICES = 25


@dataclass(frozen=True, slots=True, kw_only=True)
class _Entry:
    """A picture on a page, with the reason if the sheet does not show it."""

    job: Job
    picture: Picture | None
    missing: str | None
    #: Whether its words and link may be shown: they are the member's own, or they can read them.
    is_open: bool = True


class History(commands.Cog):
    """The member's own pictures, and their favourites."""

    def __init__(self, bot: WaifuBot) -> None:
        self._services = bot.services

    @app_commands.command(description="Your pictures in this server, newest first")
    @app_commands.describe(
        search="Words that their prompts have",
        model="Only what this model drew",
        favourites="Only pictures that you marked with ⭐, also of others",
    )
    async def history(
        self,
        interaction: Interaction,
        search: app_commands.Range[str, 1, _WORDS_MAX] | None = None,
        model: app_commands.Range[str, 1, wording.CHOICE_CHARS_MAX] | None = None,
        favourites: bool = False,  # noqa: FBT001, FBT002  an option of the command
    ) -> None:
        """Show the first page; a button brings the next."""
        await interaction.response.defer(ephemeral=True, thinking=True)
        query = Search(words=_cut_to_fit(search or ""), card_id=model, favourites=favourites)
        await _show_page(interaction, None, query)

    @history.autocomplete("model")
    async def _models(
        self, interaction: Interaction, current: str
    ) -> list[app_commands.Choice[str]]:
        known = await self._services.views.cards_of(user_of(interaction), guild_of(interaction))
        fitting = [card_id for card_id in known if current.lower() in card_id.lower()]
        return [
            app_commands.Choice(name=wording.short(card_id, 100), value=card_id)
            for card_id in fitting[:_CHOICES]
            if len(card_id) <= wording.CHOICE_CHARS_MAX
        ]


class Older(Press, template=template(Action.HISTORY)):
    """The next page; the target is the last picture shown, and the search."""

    action = Action.HISTORY

    async def pressed(self, interaction: Interaction) -> None:
        """Turn the page in place."""
        await interaction.response.defer()
        before, query = await _read_target(interaction, self.target)
        await _show_page(interaction, before, query)


class Newest(Older, template=template(Action.NEWEST)):
    """The first page again."""

    action = Action.NEWEST


class Open(Press, template=template(Action.OPEN)):
    """A number on the sheet; shows its picture with its buttons."""

    action = Action.OPEN

    async def pressed(self, interaction: Interaction) -> None:
        """Show it to the member alone, if it may still be shown."""
        await _open(interaction, JobId(self.target))


class Choose(Menu, template=template(Action.LOOK_AT)):
    """The menu that earlier messages have instead of the numbers."""

    async def chosen(self, interaction: Interaction, value: str) -> None:
        """Show the picture as its number would."""
        await _open(interaction, JobId(value))


class Star(Press, template=template(Action.STAR)):
    """Adds a picture to one's favourites."""

    action = Action.STAR

    async def pressed(self, interaction: Interaction) -> None:
        """Add it once, however often it is pressed; the answer has a button to remove it."""
        job = await find_picture(interaction, JobId(self.target))
        if job is None:
            return
        services = interaction.client.services
        if not await services.favourites.add(user_of(interaction), job.id, services.clock()):
            await tell(interaction, history.GONE())
            return
        await interaction.response.send_message(
            history.STARRED(), view=row_of((Action.UNSTAR, job.id)), ephemeral=True
        )


class Unstar(Press, template=template(Action.UNSTAR)):
    """Removes a favourite."""

    action = Action.UNSTAR

    async def pressed(self, interaction: Interaction) -> None:
        """Remove it, whether or not it was a favourite."""
        favourites = interaction.client.services.favourites
        await favourites.remove(user_of(interaction), JobId(self.target))
        await interaction.response.edit_message(content=history.UNSTARRED(), view=None)


async def _open(interaction: Interaction, job_id: JobId) -> None:
    """Show a picture of the sheet to the member alone, if it may still be shown."""
    if not await require_licence(interaction):
        return
    await interaction.response.defer(ephemeral=True, thinking=True)
    job = await find_picture(interaction, job_id)
    if job is None:
        return
    picture = await interaction.client.services.gallery.get(job.id)
    if picture is None:
        await tell(interaction, history.GONE())
    else:
        await show_privately(interaction, job, picture)


async def _show_page(interaction: Interaction, before: JobId | None, query: Search) -> None:
    """Put a page into the deferred answer."""
    services, user_id = interaction.client.services, user_of(interaction)
    jobs = await services.views.history(
        user_id, guild_of(interaction), PLACES + 1, before, search=query
    )
    head = await _held_line(interaction) if before is None else ""
    head += history.heading(query.words, query.card_id, favourites=query.favourites)
    if not jobs:
        text = head + _empty_page_text(before, query)
        await interaction.edit_original_response(
            content=text, attachments=[], view=_page_view([], before, query, more=None)
        )
        return
    entries = await _entries(interaction, jobs[:PLACES])
    lines = await _lines(interaction, entries)
    # The next page begins with the first picture that did not fit here.
    count = max(1, wording.fits(lines, wording.CONTENT_CHARS_MAX - len(head)))
    entries, more = entries[:count], len(jobs) > count
    sheet = await sheet_of(services, [entry.picture for entry in entries])
    await interaction.edit_original_response(
        content=wording.fit(head + "\n".join(lines[:count])),
        attachments=[] if sheet is None else [_sheet_file(sheet, entries)],
        view=_page_view(entries, before, query, more=entries[-1].job.id if more else None),
    )


def _empty_page_text(before: JobId | None, query: Search) -> str:
    if before is not None:
        return history.NO_OLDER()
    if query.words or query.card_id:
        return history.NOT_FOUND()
    return history.NO_FAVOURITES() if query.favourites else history.NONE_YET()


async def _entries(interaction: Interaction, jobs: Sequence[Job]) -> list[_Entry]:
    """The entries of the jobs, with the pictures that this member may see here."""
    services, model = interaction.client.services, interaction.client.services.model()
    # A member who has not accepted the licence sees their own words, but no picture.
    accepted = await services.consent.has_accepted(user_of(interaction), model.licence_sha256)
    policy = await services.policy_at(place_of(interaction), roles_of(interaction))
    return [await _entry(interaction, job, policy if accepted else None) for job in jobs]


async def _entry(interaction: Interaction, job: Job, policy: EffectivePolicy | None) -> _Entry:
    if not await may_read(interaction, job):
        return _Entry(job=job, picture=None, missing=history.NOT_SHOWN(), is_open=False)
    if policy is None:
        return _Entry(job=job, picture=None, missing=None)
    picture = await interaction.client.services.gallery.get(job.id)
    if picture is None:
        return _Entry(job=job, picture=None, missing=history.NOT_SHOWN())
    verdict = may_show(job, picture, policy)
    if isinstance(verdict, Refused):
        return _Entry(job=job, picture=None, missing=history.NOT_SHOWN())
    missing = history.SPOILED() if verdict.spoiler else None
    return _Entry(job=job, picture=replace(picture, spoiler=verdict.spoiler), missing=missing)


async def _lines(interaction: Interaction, entries: Sequence[_Entry]) -> list[str]:
    services = interaction.client.services
    starred = await services.favourites.favourites_among(
        user_of(interaction), [entry.job.id for entry in entries]
    )
    lines: list[str] = []
    for place, entry in enumerate(entries, 1):
        post = next(iter(await services.gallery.posts(entry.job.id)), None)
        url = post and url_of(post)
        is_starred = entry.job.id in starred
        lines.append(
            history.entry(place, entry.job, url, starred=is_starred, missing=entry.missing)
            if entry.is_open
            else history.closed(place, entry.job)
        )
    return lines


async def _held_line(interaction: Interaction) -> str:
    """A line about pictures held for a moderator, if there are any."""
    mine = await interaction.client.services.views.unfinished_jobs(
        user_of(interaction), guild_of(interaction)
    )
    held = sum(job.state is JobState.HELD for job in mine)
    return f"{wording.awaited(held)}\n" if held else ""


def _sheet_file(sheet: bytes, entries: Sequence[_Entry]) -> discord.File:
    shown = [entry.job if entry.picture and not entry.missing else None for entry in entries]
    return discord.File(io.BytesIO(sheet), "sheet.png", description=history.alt_text(shown))


def _page_view(
    entries: Sequence[_Entry], before: JobId | None, query: Search, *, more: JobId | None
) -> discord.ui.View:
    """The numbers of the pictures on the sheet or behind a spoiler, and buttons to other pages."""
    view = discord.ui.View(timeout=None)
    for place, entry in enumerate(entries, 1):
        if entry.picture is not None:
            view.add_item(_number(place, entry.job.id))
    turns = [] if before is None else [button(Action.NEWEST, _target(None, query))]
    if more is not None:
        turns.append(button(Action.HISTORY, _target(more, query)))
    for turn in turns:
        # Below the numbers, however few there are.
        turn.row = -(-PLACES // _ROW)
        view.add_item(turn)
    view.stop()
    return view


def _number(place: int, job_id: JobId) -> discord.ui.Button[discord.ui.View]:
    """The button of the picture at this place of the sheet."""
    return discord.ui.Button(
        label=str(place), custom_id=custom_id(Action.OPEN, job_id), row=(place - 1) // _ROW
    )


def _target(before: JobId | None, query: Search) -> str:
    """The target of a page's button."""
    head = before or _NOTHING * _ID_CHARS
    model = _model_digest(query.card_id) if query.card_id else _NOTHING * _MODEL_CHARS
    return f"{head}{'f' if query.favourites else _NOTHING}{model}{query.words}"


async def _read_target(interaction: Interaction, target: str) -> tuple[JobId | None, Search]:
    """Read what `_target` wrote; a target of another version lists everything."""
    head, rest = target[:_ID_CHARS], target[_ID_CHARS:]
    flag, mark, words = rest[:1], rest[1 : 1 + _MODEL_CHARS], rest[1 + _MODEL_CHARS :]
    views = interaction.client.services.views
    known = await views.cards_of(user_of(interaction), guild_of(interaction))
    before = None if head.startswith(_NOTHING) else JobId(head)
    # A model that no longer has pictures lists nothing.
    gone = None if not mark.strip(_NOTHING) else mark
    card_id = next((card_id for card_id in known if _model_digest(card_id) == mark), gone)
    return before, Search(words=words, card_id=card_id, favourites=flag == "f")


def _model_digest(card_id: str) -> str:
    return hashlib.sha256(card_id.encode()).hexdigest()[:_MODEL_CHARS]


def _cut_to_fit(words: str) -> str:
    """Put the words on one line, cut to fit a button."""
    words = " ".join(words.split())
    while len(words.encode("utf-16-le")) > 2 * _WORDS_MAX:
        words = words[:-1]
    return words


_ITEMS = (Older, Newest, Open, Choose, Star, Unstar)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_ITEMS)
    await bot.add_cog(History(bot))


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_ITEMS)
