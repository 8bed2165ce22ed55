"""Warns about a prompt without any known word, before it is queued. Not a cog.

Called by `requests.submit`. The ask waits under *Draw anyway* as it would for the licence, so it
survives a restart. `buttons.py` answers the press. Also finds the correction that is offered under
the acknowledgement of an otherwise known prompt.
"""

from __future__ import annotations

from dataclasses import replace

from bot.client import Interaction
from bot.domain import Ask, RequestKind
from bot.policy import decide
from bot.policy.layers import EffectivePolicy
from bot.services import Services
from bot.typed.options import Typed
from bot.typed.writing import full_text
from bot.words import knowing
from cogs.asking.refusing import answer_with_words, edit_button
from cogs.components import Action, row_of
from cogs.translating import answer, place_of, roles_of
from models.catalogue.tags.analysing import PromptAnalysis, analyse
from models.catalogue.tags.completing import completions
from models.catalogue.tags.correcting import corrected
from models.catalogue.tags.glossary import Glossary
from models.contract import Draw

#: The number of known words that the warning suggests.
_SUGGESTIONS = 10
#: A longer input is given back to copy: its words are not all named in the warning.
_NAMED_CHARS = 100


async def find_doubt(services: Services, ask: Ask) -> PromptAnalysis | None:
    """The analysis of a prompt with no known word; None if it has one or cannot be checked.

    Only newly typed prompts are checked.
    """
    if ask.kind is not RequestKind.COMMAND:
        return None
    found = analyse(ask.draw.prompt, await services.glossaries.of(services.model()))
    return found if found.is_strange else None


async def show_doubt(
    interaction: Interaction, ask: Ask, found: PromptAnalysis, typed: Typed
) -> None:
    """Warn the member privately, with buttons to draw it anyway, corrected, or changed.

    `typed` is what *Edit* fills in; long words are given back.
    """
    services = interaction.client.services
    glossary = await services.glossaries.of(services.model())
    policy = await services.policy_at(ask.place, model=services.model())
    now_ms = services.clock()
    buttons = [(Action.ANYWAY, await services.consent.add_waiting_ask(ask, now_ms))]
    if (meant := await find_correction(interaction, ask.draw)) is not None:
        ask = replace(ask, draw=replace(ask.draw, prompt=meant))
        buttons.insert(0, (Action.MEANT, await services.consent.add_waiting_ask(ask, now_ms)))
    view = row_of(*buttons, *await edit_button(interaction, typed))
    text = knowing.doubt(found, glossary.book.draws, _known_words(glossary, policy))
    if len(full_text(typed)) > _NAMED_CHARS:
        await answer_with_words(interaction, text, typed, view)
    else:
        await answer(interaction, text, view, private=True)


async def find_correction(interaction: Interaction, draw: Draw) -> str | None:
    """The prompt with its likely typos corrected; None without any, or if policy forbids it here.

    Nothing is said about a draw of another model than the one in use.
    """
    services, info = interaction.client.services, interaction.client.services.model()
    if draw.model not in {None, info.card_id}:
        return None
    found = analyse(draw.prompt, await services.glossaries.of(info))
    prompt = corrected(draw.prompt, found.corrections)
    if prompt == draw.prompt:
        return None
    policy = await services.policy_at(place_of(interaction), roles_of(interaction), model=info)
    return prompt if decide.may_offer(prompt, policy, negative=draw.negative) else None


def _known_words(glossary: Glossary, policy: EffectivePolicy) -> list[str]:
    """Words that the model knows well and this place allows."""
    tags = [one.tag for one in completions("", glossary, 3 * _SUGGESTIONS)]
    return [tag for tag in tags if decide.may_offer(tag, policy)][:_SUGGESTIONS]
