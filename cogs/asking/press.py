"""`Press` and `Menu`: items that work after any restart. Not a cog.

discord.py rebuilds one from its custom id for every press; the id holds the action and its target,
the database the rest. Subclasses do the work.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self, TypeVar, cast

import discord

from bot.client import Interaction, report_incident, speak_to
from bot.domain import UserId
from cogs.components import Action

_Item = TypeVar("_Item", bound=discord.ui.Item[Any])


def may_end_or_delete(interaction: Interaction, requester_id: UserId) -> bool:
    """Whether whoever pressed made the request, or may manage messages in this channel."""
    return interaction.user.id == requester_id or interaction.permissions.manage_messages


class _PersistentItem(discord.ui.DynamicItem[_Item], template="wd:none"):
    """The common base of buttons and menus."""

    def __init__(self, item: _Item, target: str) -> None:
        super().__init__(item)
        self.target = target

    @classmethod
    async def from_custom_id(
        cls,
        interaction: discord.Interaction[Any],
        item: discord.ui.Item[Any],
        match: re.Match[str],
        /,
    ) -> Self:
        """Called by discord.py for a press whose id fits the template."""
        del interaction
        return cls(cast("_Item", item), match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Run `pressed`; an error gets the same incident report as a command's.

        discord.py only logs what a `DynamicItem` raises and leaves the user without an answer.
        """
        speak_to(interaction)
        try:
            await self.pressed(interaction)
        except Exception as error:  # noqa: BLE001  the tree's on_error, for components
            await report_incident(interaction, error)

    @abstractmethod
    async def pressed(self, interaction: Interaction) -> None:
        """Answer the press."""


class Press(_PersistentItem[discord.ui.Button[discord.ui.View]], template="wd:none"):
    """A button: subclass as `class Vary(Press, template=template(Action.VARY))`, set `action`."""

    action: ClassVar[Action]


class Menu(_PersistentItem[discord.ui.Select[discord.ui.View]], template="wd:none"):
    """A menu with one choice; subclass like `Press`."""

    async def pressed(self, interaction: Interaction) -> None:
        """Answer the choice; it is "" in a forged message."""
        values = cast("dict[str, Any]", interaction.data or {}).get("values") or [""]
        await self.chosen(interaction, str(values[0]))

    @abstractmethod
    async def chosen(self, interaction: Interaction, value: str) -> None:
        """Answer the choice."""
