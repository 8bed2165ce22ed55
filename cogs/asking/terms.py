"""The licence before a first picture: its plain words, its file and the Accept button. Not a cog.

The button names the licence that was shown, so that nobody accepts one they have not seen: the
model may change while the terms stand there.
"""

from __future__ import annotations

import io
import logging

import discord

from bot.client import Interaction
from bot.domain import RequestId
from bot.words import wording
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS
from models.contract import ModelInfo

log = logging.getLogger(__name__)

_TERMS = """\
**Before your first picture: how you may use it**
I draw with **{name}** under the **{licence}** (attached). In plain words:
- Your pictures are yours, and what you do with them is your responsibility.
- Nothing unlawful, and nothing that harms, exploits or sexualises minors.
- No harassment, no defamation, no discrimination, no lies meant to hurt somebody.
- Nobody's personal data; no medical advice, no judging of people by it.
- If you pass the model on, pass the licence and these rules on with it.
I keep your request, your pictures and votes until you say `/privacy forget`.
"""
#: A waiting ask's id has ten characters; what follows in the button is the licence's hash.
_ID_CHARS, _HASH_CHARS = 10, 20
#: There is room for a line before the terms.
_TERMS_CHARS_MAX = wording.CONTENT_CHARS_MAX - 100


def licence_file(info: ModelInfo) -> discord.File:
    """The licence that came with the model."""
    return discord.File(io.BytesIO(info.licence_text.encode()), "LICENCE.txt")


def terms_of(info: ModelInfo, waiting_id: RequestId) -> tuple[str, discord.ui.View]:
    """The words, and the button that accepts this licence and lets the waiting ask go on."""
    target = waiting_id + info.licence_sha256[:_HASH_CHARS]
    words = _TERMS.format(name=info.name, licence=info.licence_name)
    return wording.fit(words, _TERMS_CHARS_MAX), row_of((Action.ACCEPT, target))


def accepted_by(target: str, info: ModelInfo) -> tuple[RequestId, bool]:
    """What a press of Accept is about: the waiting ask, and whether this licence was shown."""
    shown = target[_ID_CHARS:]
    is_this = len(shown) == _HASH_CHARS and info.licence_sha256.startswith(shown)
    return RequestId(target[:_ID_CHARS]), is_this


async def close_terms(interaction: Interaction, what: str) -> None:
    """Thank for the acceptance and take the button away; `what` says how it goes on.

    If Discord does not take it, the request goes on all the same.
    """
    try:
        await interaction.response.edit_message(
            content=f"Accepted, thank you. {what}".rstrip(), view=None, attachments=[]
        )
    except DISCORD_ERRORS as problem:
        log.warning("the terms stay as they are: %s", problem)


async def show_terms(interaction: Interaction, waiting_id: RequestId) -> None:
    """Answer a request with the terms, for its member's eyes only."""
    info = interaction.client.services.model()
    words, view = terms_of(info, waiting_id)
    file = licence_file(info)
    if interaction.response.is_done():
        await interaction.followup.send(words, file=file, view=view, ephemeral=True)
    else:
        await interaction.response.send_message(words, file=file, view=view, ephemeral=True)
