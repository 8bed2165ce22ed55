"""`/tags`: the vocabulary of the model in use, by groups or by search.

The custom id holds everything that a press needs; only tags that the place's policy allows are
shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import discord
from discord import app_commands
from discord.ext import commands

from bot.client import Interaction, WaifuBot
from bot.policy import decide
from bot.policy.layers import EffectivePolicy
from bot.words import exploring
from cogs.asking.press import Menu, Press
from cogs.asking.vocabulary import digest, draw_words, vocabulary_here
from cogs.components import Action, button, custom_id, template
from cogs.translating import tell
from models.catalogue.tags.book import plain
from models.catalogue.tags.glossary import Glossary

#: Tags on a page, and Discord's limit for a menu.
_PAGE = 25
#: The most group menus in one message.
_MENUS = 4


class Exploring(commands.Cog):
    """Lets members browse what the model knows."""

    @app_commands.command(description="Browse or search the words that the model knows")
    @app_commands.describe(search="A word, or the beginning of one")
    async def tags(self, interaction: Interaction, search: str | None = None) -> None:
        """Show all groups, or search results, to the member alone."""
        glossary, policy = await vocabulary_here(interaction)
        if not glossary:
            await tell(interaction, exploring.NO_WORDS())
            return
        text, view = (
            _overview(interaction, glossary, policy)
            if search is None
            else _search_page(search, glossary, policy)
        )
        await interaction.response.send_message(text, view=view, ephemeral=True)


def _overview(
    interaction: Interaction, glossary: Glossary, policy: EffectivePolicy
) -> tuple[str, discord.ui.View]:
    """Every group with some of its tags, and menus to open one."""
    groups = [(name, _tags_of(name, glossary)) for name in glossary.book.groups]
    shown = [
        (name, [tag for tag in tags[:_PAGE] if decide.may_offer(tag, policy)])
        for name, tags in groups
    ]
    view = discord.ui.View(timeout=None)
    for start in range(0, min(len(groups), _MENUS * _PAGE), _PAGE):
        part = list(enumerate(groups))[start : start + _PAGE]
        options = [
            discord.SelectOption(
                label=_label(name), description=exploring.words(len(tags)), value=f"{i}"
            )
            for i, (name, tags) in part
        ]
        if options:
            hint = exploring.open_group(options[0].label, options[-1].label)
            view.add_item(_menu(Action.GROUP, f"{start}", options, hint))
    view.stop()
    name = interaction.client.services.model().name
    return exploring.overview(name, len(glossary.book.tags), shown), view


def _tags_of(group: str, glossary: Glossary) -> list[str]:
    """The group's tags, the most used first: the order of the file."""
    return [text for text, tag in glossary.book.tags.items() if tag.group == group]


def _search_page(
    search: str, glossary: Glossary, policy: EffectivePolicy
) -> tuple[str, discord.ui.View]:
    matches = glossary.starting_with(plain(search), _PAGE)
    # Tags that contain the search come before those that only have it in another name.
    found = [match.text for match in sorted(matches, key=lambda match: match.alias is not None)]
    found = found or glossary.nearest(plain(search), 5)
    tags = [tag for tag in found if decide.may_offer(tag, policy)]
    also = {
        match.text: match.alias
        for match in matches
        if match.alias and decide.may_offer(match.alias, policy)
    }
    text = _tag_lines(search, tags, glossary, first=0, total=len(tags), also=also)
    return text, _tag_chooser(tags)


def _tag_lines(
    title: str,
    tags: list[str],
    glossary: Glossary,
    *,
    first: int,
    total: int,
    also: Mapping[str, str] = MappingProxyType({}),
) -> str:
    counted = [(tag, glossary.book.tags[tag].count) for tag in tags]
    return exploring.listed(title, counted, first=first, total=total, also=also)


def _group_page(
    place: int, first: int, glossary: Glossary, policy: EffectivePolicy
) -> tuple[str, discord.ui.View]:
    """A page of a group's tags, starting at index `first`."""
    group = list(glossary.book.groups)[place]
    every = _tags_of(group, glossary)
    tags = [tag for tag in every[first : first + _PAGE] if decide.may_offer(tag, policy)]
    view = _tag_chooser(tags)
    if first:
        view.add_item(button(Action.TAGS, f"{place}p{max(0, first - _PAGE)}"))
    if first + _PAGE < len(every):
        view.add_item(button(Action.MORE_TAGS, f"{place}p{first + _PAGE}"))
    return _tag_lines(group, tags, glossary, first=first, total=len(every)), view


def _tag_chooser(tags: list[str]) -> discord.ui.View:
    """A menu to open one of these tags."""
    view = discord.ui.View(timeout=None)
    options = [discord.SelectOption(label=_label(tag), value=tag[:100]) for tag in tags]
    if options:
        view.add_item(_menu(Action.TAG, "1", options, exploring.LOOK_AT_ONE()))
    view.stop()
    return view


def _label(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _menu(
    action: Action, target: str, options: list[discord.SelectOption], hint: str
) -> discord.ui.Select[discord.ui.View]:
    return discord.ui.Select(custom_id=custom_id(action, target), options=options, placeholder=hint)


async def _show(interaction: Interaction, shown: tuple[str, discord.ui.View]) -> None:
    """Replace the message."""
    text, view = shown
    await interaction.response.edit_message(content=text, view=view)


class GroupMenu(Menu, template=template(Action.GROUP)):
    """Opens a group."""

    async def chosen(self, interaction: Interaction, value: str) -> None:
        """Show its first page; the model may have changed since."""
        glossary, policy = await vocabulary_here(interaction)
        place = int(value) if value.isdecimal() else 0
        gone = place >= len(glossary.book.groups)
        await _show(
            interaction,
            (exploring.GONE(), _tag_chooser([]))
            if gone
            else _group_page(place, 0, glossary, policy),
        )


class TagMenu(Menu, template=template(Action.TAG)):
    """Opens a tag."""

    async def chosen(self, interaction: Interaction, value: str) -> None:
        """Show everything known about the tag, with a button to draw it."""
        glossary, policy = await vocabulary_here(interaction)
        await _show(interaction, _tag_page(value, glossary, policy))


def _tag_page(
    text: str, glossary: Glossary, policy: EffectivePolicy
) -> tuple[str, discord.ui.View]:
    tag = glossary.book.tags.get(text)
    view = discord.ui.View(timeout=None)
    view.stop()
    if tag is None or not decide.may_offer(text, policy):
        return exploring.GONE(), view
    place = list(glossary.book.tags).index(text)
    view.add_item(button(Action.EXAMPLE, f"{place}x{digest(text)}"))
    if tag.group:
        view.add_item(button(Action.TAGS, f"{list(glossary.book.groups).index(tag.group)}p0"))
    return exploring.one(text, tag), view


class _PageButton(Press, template="wd:none"):
    """Opens a page of a group; the target has the indices of the group and of its first tag."""

    async def pressed(self, interaction: Interaction) -> None:
        """Show the page in place."""
        place, _, first = self.target.partition("p")
        glossary, policy = await vocabulary_here(interaction)
        if not place.isdecimal() or int(place) >= len(glossary.book.groups):
            await tell(interaction, exploring.GONE())
            return
        start = int(first) if first.isdecimal() else 0
        await _show(interaction, _group_page(int(place), start, glossary, policy))


class PreviousTags(_PageButton, template=template(Action.TAGS)):
    """The previous page, or the group of a tag."""

    action = Action.TAGS


class NextTags(_PageButton, template=template(Action.MORE_TAGS)):
    """The next page."""

    action = Action.MORE_TAGS


class DrawExample(Press, template=template(Action.EXAMPLE)):
    """Draws one tag; the target has its index and a digest that verifies it."""

    action = Action.EXAMPLE

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the tag alone; completion fills in the rest."""
        place, _, mark = self.target.partition("x")
        glossary, _ = await vocabulary_here(interaction)
        tags = list(glossary.book.tags)
        tag = tags[int(place)] if place.isdecimal() and int(place) < len(tags) else ""
        if not tag or digest(tag) != mark:
            await tell(interaction, exploring.GONE())
            return
        await draw_words(interaction, tag)


_ITEMS = (GroupMenu, TagMenu, PreviousTags, NextTags, DrawExample)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_ITEMS)
    await bot.add_cog(Exploring())


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_ITEMS)
