"""The licence before a first picture: its summary, file, buttons, and the gate. Not a cog.

Requests made meanwhile wait with the first one, and do not show the terms again. The buttons name
the licence that was shown, so that nobody accepts one they have not seen: the model may change
while the terms are on screen. Code that shows or hands a picture to a member calls
`require_licence` first; a test checks every command and button.
"""

from __future__ import annotations

import io
import logging

import discord

from bot.client import Interaction
from bot.domain import Ask, RequestId
from bot.store.consent import UNLICENSED_MAX
from bot.typed.options import Typed
from bot.words import licensing
from cogs.asking.refusing import answer_with_words
from cogs.components import Action, row_of
from cogs.posting.faults import DISCORD_ERRORS
from cogs.translating import answer, user_of
from models.contract import ModelInfo

log = logging.getLogger(__name__)

#: A waiting ask's id has ten characters; the rest of the target is the licence's hash.
_ID_CHARS, _HASH_CHARS = 10, 20
#: The id in the buttons when no ask waits.
NOTHING_WAITS = RequestId("0" * _ID_CHARS)


def licence_file(info: ModelInfo) -> discord.File:
    """The licence that came with the model."""
    return discord.File(io.BytesIO(info.licence_text.encode()), "LICENCE.txt")


def terms_view(info: ModelInfo, waiting_id: RequestId) -> discord.ui.View:
    """The buttons that accept this licence, or decline it and end the waiting ask."""
    target = waiting_id + info.licence_sha256[:_HASH_CHARS]
    return row_of((Action.ACCEPT, target), (Action.DECLINE, target))


def read_terms_target(target: str, info: ModelInfo) -> tuple[RequestId, bool]:
    """The waiting ask that a target names, and whether it shows this model's licence."""
    shown = target[_ID_CHARS:]
    is_current = len(shown) == _HASH_CHARS and info.licence_sha256.startswith(shown)
    return RequestId(target[:_ID_CHARS]), is_current


async def close_terms(interaction: Interaction, text: str) -> None:
    """Replace the buttons with `text`, which says what happens next.

    If Discord refuses, the request still goes on.
    """
    try:
        await interaction.response.edit_message(content=text, view=None, attachments=[])
    except DISCORD_ERRORS as problem:
        log.warning("the terms could not be edited: %s", problem)


async def show_terms(interaction: Interaction, waiting_id: RequestId = NOTHING_WAITS) -> None:
    """Answer with the terms, for the member alone."""
    services = interaction.client.services
    info = services.model()
    words = licensing.terms(info, services.rulebook.clauses)
    view, file = terms_view(info, waiting_id), licence_file(info)
    if interaction.response.is_done():
        await interaction.followup.send(words, file=file, view=view, ephemeral=True)
    else:
        await interaction.response.send_message(words, file=file, view=view, ephemeral=True)


async def await_licence(interaction: Interaction, ask: Ask, typed: Typed) -> None:
    """Let the ask wait until the licence is accepted; show the terms unless they just were.

    One press then submits every ask that waits in this channel. `typed` goes back to the member if
    too many wait.
    """
    services = interaction.client.services
    waiting = await services.consent.add_unlicensed_ask(
        ask, services.model().licence_sha256, services.clock()
    )
    if waiting is None:
        text, view = licensing.TOO_MANY(count=UNLICENSED_MAX), _read_again_view(NOTHING_WAITS)
        await answer_with_words(interaction, text, typed, view)
    elif waiting.terms_shown:
        view = _read_again_view(waiting.id)
        await answer(interaction, licensing.ONE_MORE(), view, private=True)
    else:
        await show_terms(interaction, waiting.id)


def _read_again_view(waiting_id: RequestId) -> discord.ui.View:
    """Discord may have dropped the message with the terms, so each answer leads back to them."""
    return row_of((Action.RECONSIDER, waiting_id))


async def show_terms_again(
    interaction: Interaction, waiting_id: RequestId = NOTHING_WAITS, why: str = ""
) -> None:
    """Replace an outdated licence, whose button was pressed, with that of the model in use."""
    services = interaction.client.services
    info = services.model()
    words = licensing.terms(info, services.rulebook.clauses)
    await interaction.response.edit_message(
        content=f"{why}\n{words}".lstrip(),
        attachments=[licence_file(info)],
        view=terms_view(info, waiting_id),
    )


async def require_licence(interaction: Interaction) -> bool:
    """True if the member accepted the licence of the model in use; else shows it to them."""
    services = interaction.client.services
    accepted = await services.consent.has_accepted(
        user_of(interaction), services.model().licence_sha256
    )
    if not accepted:
        await show_terms(interaction)
    return accepted
