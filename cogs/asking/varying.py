"""*Vary subtle* and *Vary strong*: pictures drawn from a kept one; and reposts.

The source is re-checked: everybody who can read the channel of the press must be allowed to see it.
The result is judged like any other picture.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from bot.client import Interaction, WaifuBot
from bot.domain import STRONG, SUBTLE, JobId, RequestKind
from cogs.asking.again import submit_based_on
from cogs.asking.press import Press
from cogs.asking.requests import fresh_seed
from cogs.asking.showing import find_source, show_again
from cogs.components import Action, template


class _VaryButton(Press, template="wd:none"):
    """A button that draws from a picture."""

    strength: ClassVar[float]

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the member who pressed, if the picture may be shown here."""
        found = await find_source(interaction, JobId(self.target))
        if found is None:
            return
        job, _ = found
        draw = replace(job.draw, seed=fresh_seed(), source=job.id, strength=self.strength)
        await submit_based_on(interaction, job, RequestKind.VARY, draw)


class VarySubtle(_VaryButton, template=template(Action.SUBTLE)):
    """A close variation: the same face with other details."""

    action = Action.SUBTLE
    strength = SUBTLE


class VaryStrong(_VaryButton, template=template(Action.STRONG)):
    """A looser variation: the same composition and colours."""

    action = Action.STRONG
    strength = STRONG


class PostAlone(Press, template=template(Action.ALONE)):
    """Posts one of several pictures alone, with vote reactions."""

    action = Action.ALONE

    async def pressed(self, interaction: Interaction) -> None:
        """Answer like `/show`."""
        await show_again(interaction, JobId(self.target))


class ShowHere(PostAlone, template=template(Action.SHOW_HERE)):
    """Shows an existing picture in the place of the press."""

    action = Action.SHOW_HERE


_PRESSES = (VarySubtle, VaryStrong, PostAlone, ShowHere)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(*_PRESSES)


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(*_PRESSES)
