"""The buttons 1 2 3 4 under several pictures, which pick the best of them.

A press is a vote, and each member has one per post. It is answered after any restart, and only once
recorded: Discord keeps no record of presses that could be read back.
"""

from __future__ import annotations

from bot.client import Interaction, WaifuBot
from bot.domain import OwedPostId
from bot.words import grids
from cogs.asking.pictures import grid_of
from cogs.asking.press import Press
from cogs.components import PICKS, Action, row_of, template
from cogs.translating import tell, user_of


class _PickButton(Press, template="wd:none"):
    """A button under several pictures, or under the answer to one."""

    async def pressed(self, interaction: Interaction) -> None:
        """Record the pick, then confirm it privately."""
        services, name = interaction.client.services, OwedPostId(self.target)
        place = PICKS.index(self.action) + 1 if self.action in PICKS else None
        if await grid_of(interaction, name) is None:
            await tell(interaction, grids.OVER())
            return
        done = await services.grids.pick(name, user_of(interaction), place, services.clock())
        if done is None:
            await tell(interaction, grids.OVER())
        elif done.place is None:
            await interaction.response.edit_message(content=grids.UNPICKED(), view=None)
        else:
            await interaction.response.send_message(
                grids.picked(done.place, done.counts, self_vote=done.self_vote),
                view=row_of((Action.UNPICK, name)),
                ephemeral=True,
            )


class PickFirst(_PickButton, template=template(Action.PICK_1)):
    """The first one is the best."""

    action = Action.PICK_1


class PickSecond(_PickButton, template=template(Action.PICK_2)):
    """The second one is."""

    action = Action.PICK_2


class PickThird(_PickButton, template=template(Action.PICK_3)):
    """The third one is."""

    action = Action.PICK_3


class PickFourth(_PickButton, template=template(Action.PICK_4)):
    """The fourth one is."""

    action = Action.PICK_4


class Unpick(_PickButton, template=template(Action.UNPICK)):
    """Takes the pick back."""

    action = Action.UNPICK


_PRESSES = (PickFirst, PickSecond, PickThird, PickFourth, Unpick)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
