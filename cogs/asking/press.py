"""`Press`: a button of ours that works after any restart. Not a cog.

discord.py makes one from its custom id for every press; the id says the action and its target, the
database says the rest. Subclasses say what to do.
"""

from __future__ import annotations

import re
from abc import abstractmethod
from typing import Any, ClassVar, Self

import discord

from bot.client import Interaction, report_incident
from bot.domain import UserId
from cogs.components import Action, button

NOT_YOURS = "Only the person who requested this, or a moderator, can do that."


def may_touch(interaction: Interaction, owner: UserId) -> bool:
    """Whether who pressed may end or delete what this member asked for."""
    return interaction.user.id == owner or interaction.permissions.manage_messages


class Press(discord.ui.DynamicItem[discord.ui.Button[discord.ui.View]], template="wd:none"):
    """Subclass as `class Vary(Press, template=template(Action.VARY))` and set `action`."""

    action: ClassVar[Action]

    def __init__(self, target: str) -> None:
        super().__init__(button(self.action, target))
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
        del interaction, item
        return cls(match["id"])

    async def callback(self, interaction: discord.Interaction[Any]) -> None:
        """Do it; an error gets the same incident report as a command's.

        discord.py only logs what a `DynamicItem` raises and leaves the user without an answer.
        """
        try:
            await self.pressed(interaction)
        except Exception as error:  # noqa: BLE001  the tree's on_error, for components
            await report_incident(interaction, error)

    @abstractmethod
    async def pressed(self, interaction: Interaction) -> None:
        """Answer the press."""
