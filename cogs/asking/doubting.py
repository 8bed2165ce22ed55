"""Warns about a prompt without any known word, before it is queued. Not a cog.

Called by `requests.submit`. The ask waits under *Draw anyway* as it would for the licence, so it
survives a restart. `buttons.py` answers the press.
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
from models.catalogue.tags.analysing import PromptAnalysis, analyse
from models.catalogue.tags.completing import completions
from models.catalogue.tags.glossary import Glossary

#: The number of known words that the warning suggests.
_SUGGESTIONS = 10


async def find_doubt(services: Services, ask: Ask) -> PromptAnalysis | None:
    """The analysis of a prompt with no known word; None if it has one or cannot be checked.

    Only newly typed prompts are checked.
    """
    if ask.kind is not RequestKind.COMMAND:
        return None
    found = analyse(ask.draw.prompt, await services.glossaries.of(services.model()))
    return found if found.is_strange else None


async def show_doubt(interaction: Interaction, ask: Ask, found: PromptAnalysis) -> None:
    """Warn the member privately, with a button to draw it anyway and a likely correction."""
    services = interaction.client.services
    glossary = await services.glossaries.of(services.model())
    policy = await services.policy_at(ask.place, model=services.model())
    now_ms = services.clock()
    buttons = [(Action.ANYWAY, await services.consent.add_waiting_ask(ask, now_ms))]
    corrected = _with_corrections(ask, found)
    if corrected != ask and decide.may_offer(corrected.draw.prompt, policy):
        buttons.insert(0, (Action.MEANT, await services.consent.add_waiting_ask(corrected, now_ms)))
    text = knowing.doubt(found, glossary.book.draws, _known_words(glossary, policy))
    view = row_of(*buttons)
    if interaction.response.is_done():
        await interaction.followup.send(text, view=view, ephemeral=True)
    else:
        await interaction.response.send_message(text, view=view, ephemeral=True)


def _known_words(glossary: Glossary, policy: EffectivePolicy) -> list[str]:
    """Words that the model knows well and this place allows."""
    tags = [one.tag for one in completions("", glossary, 3 * _SUGGESTIONS)]
    return [tag for tag in tags if decide.may_offer(tag, policy)][:_SUGGESTIONS]


def _with_corrections(ask: Ask, found: PromptAnalysis) -> Ask:
    """The ask with each typo replaced by its likely meaning."""
    prompt = ask.draw.prompt
    for written, tag in found.corrections.items():
        prompt = prompt.replace(written, tag)
    return replace(ask, draw=replace(ask.draw, prompt=prompt))
