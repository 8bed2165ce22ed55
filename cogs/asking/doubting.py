"""A prompt of which the model knows nothing: told before it costs a place, and drawn all the same.

`requests.submit` asks here. The ask waits under *Draw anyway* as one does for the licence, so it
survives a restart. Not a cog: `buttons.py` answers the press.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Ask, RequestKind
from bot.policy import decide
from bot.policy.layers import EffectivePolicy
from bot.services import Services
from bot.words import knowing
from cogs.components import Action, row_of
from models.catalogue.tags.completing import completions
from models.catalogue.tags.glossary import Glossary
from models.catalogue.tags.grasping import Grasp, grasp

#: So many words are named that the model knows.
_KNOWN = 10


async def doubted(services: Services, ask: Ask) -> Grasp | None:
    """What is known of a prompt of which nothing is; None if something is, or nobody is to say.

    Only what was typed just now is asked about.
    """
    if ask.kind is not RequestKind.COMMAND:
        return None
    found = grasp(ask.draw.prompt, await services.glossaries.of(services.model()))
    return found if found.is_strange else None


async def show_doubt(interaction: Interaction, ask: Ask, found: Grasp) -> None:
    """Say so to the member alone, with a way to have it drawn, and what may have been meant."""
    services = interaction.client.services
    glossary = await services.glossaries.of(services.model())
    policy = await services.policy_at(ask.place, model=services.model())
    now_ms = services.clock()
    buttons = [(Action.ANYWAY, await services.consent.hold(ask, now_ms))]
    meant = _mended(ask, found)
    if meant != ask and decide.may_offer(meant.draw.prompt, policy):
        buttons.insert(0, (Action.MEANT, await services.consent.hold(meant, now_ms)))
    text = knowing.doubt(found, glossary.book.draws, _known(glossary, policy))
    view = row_of(*buttons)
    if interaction.response.is_done():
        await interaction.followup.send(text, view=view, ephemeral=True)
    else:
        await interaction.response.send_message(text, view=view, ephemeral=True)


def _known(glossary: Glossary, policy: EffectivePolicy) -> list[str]:
    """Words that the model knows well and this place takes."""
    tags = [one.tag for one in completions("", glossary, 3 * _KNOWN)]
    return [tag for tag in tags if decide.may_offer(tag, policy)][:_KNOWN]


def _mended(ask: Ask, found: Grasp) -> Ask:
    """The ask with every slip as it was probably meant."""
    prompt = ask.draw.prompt
    for written, tag in found.near.items():
        prompt = prompt.replace(written, tag)
    return replace(ask, draw=replace(ask.draw, prompt=prompt))
