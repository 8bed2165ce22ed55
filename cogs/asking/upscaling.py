"""*Upscale*: enlarges a kept picture as far as the upscaler can.

The source is re-checked, as for a variation: it must be allowed where the button was pressed. The
result is queued, scored and posted like any other picture.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction, WaifuBot
from bot.domain import JobId
from bot.policy.asks import ask_larger
from bot.words import upscaling
from cogs.asking.press import Press
from cogs.asking.requests import submit
from cogs.asking.showing import find_source
from cogs.asking.sourcing import inherited_ruling
from cogs.components import Action, template
from cogs.translating import place_of, tell, user_of


class EnlargeButton(Press, template=template(Action.UPSCALE)):
    """Enlarges the picture."""

    action = Action.UPSCALE

    async def pressed(self, interaction: Interaction) -> None:
        """Ask for the member who pressed, if the picture can be enlarged."""
        found = await find_source(interaction, JobId(self.target))
        if found is None:
            return
        job, picture = found
        services, model = interaction.client.services, interaction.client.services.model()
        if picture.card_id != model.card_id:
            await tell(
                interaction, upscaling.OF_ANOTHER(drew=picture.card_id, serves=model.card_id)
            )
        elif model.upscale_factor <= 1:
            await tell(interaction, upscaling.NO_UPSCALER())
        elif job.draw.enlarged or not (
            size_px := model.enlarged_px(picture.width_px, picture.height_px)
        ):
            await tell(
                interaction,
                upscaling.AT_ITS_LARGEST(width=picture.width_px, height=picture.height_px),
            )
        else:
            ask = ask_larger(
                user_id=user_of(interaction),
                place=place_of(interaction),
                job=job,
                size_px=size_px,
                private=await services.views.is_private(job.id),
            )
            ask = replace(ask, precedent=await inherited_ruling(services, job))
            await submit(interaction, ask)


async def setup(bot: WaifuBot) -> None:
    """Called by discord.py when the extension loads."""
    bot.add_dynamic_items(EnlargeButton)


async def teardown(bot: WaifuBot) -> None:
    """Called by discord.py when the extension goes."""
    bot.remove_dynamic_items(EnlargeButton)
