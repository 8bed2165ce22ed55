"""Autocompletion of `prompt:` and `negative:`. Not a cog.

Offers nothing that this place would refuse. Discord's choices hold 100 characters, so a longer
prompt is offered by its end, and `whole_text` restores its beginning.
"""

from __future__ import annotations

from collections.abc import Callable

from discord import app_commands

from bot.client import Interaction
from bot.glossaries import CUT
from bot.policy import decide
from bot.policy.layers import EffectivePolicy
from bot.typed.options import Typed
from bot.words.wording import CHOICE_CHARS_MAX
from cogs.asking.dressing import with_preset_and_style
from cogs.translating import place_of, roles_of, user_of
from models.catalogue.tags.completing import completions, without_counts

#: Discord's limit of choices; more candidates are tried, because a place may refuse some.
_CHOICES, _CANDIDATES = 25, 35


async def prompt_choices(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """At most 25 choices, the likeliest first; the label shows how well the model knows the tag."""
    return await _allowed_choices(interaction, typed, decide.may_offer)


async def negative_choices(interaction: Interaction, typed: str) -> list[app_commands.Choice[str]]:
    """The same for the negative prompt; no choices before a word is begun."""
    if not typed or typed.rstrip()[-1:] in ("", ","):
        return []
    given = interaction.namespace
    prompt = whole_text(interaction, str(given.prompt or "")) or ""
    # Policy judges the choice together with the prompt and the words of a preset and a style.
    completed, _ = await with_preset_and_style(
        interaction, Typed(prompt=prompt, style=given.style or None, preset=given.preset or None)
    )

    def may_offer(negative: str, policy: EffectivePolicy) -> bool:
        out = ", ".join(filter(None, (negative, completed.without)))
        return decide.may_offer(completed.prompt, policy, negative=out)

    return await _allowed_choices(interaction, typed, may_offer)


async def _allowed_choices(
    interaction: Interaction, typed: str, may_offer: Callable[[str, EffectivePolicy], bool]
) -> list[app_commands.Choice[str]]:
    services, user_id = interaction.client.services, user_of(interaction)
    model = services.model()
    glossary = await services.glossaries.of(model)
    prompt = services.tails.whole(user_id, typed)
    if prompt is None or not glossary:
        return []
    policy = await services.policy_at(place_of(interaction), roles_of(interaction), model=model)
    found: list[app_commands.Choice[str]] = []
    for one in completions(prompt, glossary, _CANDIDATES):
        if len(found) < _CHOICES and may_offer(one.prompt, policy):
            shown = services.tails.cut(user_id, one.prompt, CHOICE_CHARS_MAX - len(one.note) - 1)
            found.append(app_commands.Choice(name=f"{shown} {one.note}", value=shown))
    return found


def whole_text(interaction: Interaction, typed: str) -> str | None:
    """The complete text of a shortened choice; None if its beginning is no longer kept."""
    return interaction.client.services.tails.whole(user_of(interaction), without_counts(typed))


def kept_end(typed: str) -> str:
    """What is left of a shortened choice whose beginning is no longer kept."""
    return without_counts(typed).removeprefix(CUT.strip()).lstrip()
