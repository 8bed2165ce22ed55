"""The vocabulary of the model in use, for an interaction. Not a cog.

`exploring` and `surprising` show it, filtered by the returned policy.
"""

from __future__ import annotations

import hashlib

from bot.client import Interaction
from bot.policy.layers import EffectivePolicy
from bot.typed.options import Typed
from cogs.asking.requests import submit_typed
from cogs.translating import place_of, roles_of
from models.catalogue.tags.glossary import Glossary


async def vocabulary_here(interaction: Interaction) -> tuple[Glossary, EffectivePolicy]:
    """The model's vocabulary, and the member's policy here."""
    services = interaction.client.services
    model = services.model()
    policy = await services.policy_at(place_of(interaction), roles_of(interaction), model=model)
    return await services.glossaries.of(model), policy


def digest(text: str) -> str:
    """Eight characters by which a button verifies its words after a change of the model."""
    return hashlib.sha256(text.encode()).hexdigest()[:8]


async def draw_words(interaction: Interaction, prompt: str) -> None:
    """Submit these words for the member who pressed, in the place of the press."""
    await submit_typed(interaction, Typed(prompt=prompt))
