"""From an ask to its acknowledgement: consent, policy, queue, answer. Not a cog.

The command, the forms and the buttons all submit requests here, and only here. Nothing slow comes
before the answer, which Discord expects within three seconds.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace

import discord

from bot.client import Interaction, report_incident
from bot.domain import (
    Admitted,
    Ask,
    BotError,
    MessageId,
    MessageRef,
    PostLayout,
    RefusalReason,
    Refused,
    Request,
    RequestId,
    RequestKind,
    Standing,
)
from bot.drawing.progress import Estimate
from bot.log import whereabouts
from bot.policy import decide
from bot.policy.asks import bound_to_model, make_ask, typed_of
from bot.policy.filling import with_completions
from bot.policy.quotas import Quota, quota
from bot.services import Services
from bot.store.caps import Caps
from bot.store.members import EVERYWHERE
from bot.typed.options import Typed
from bot.typed.reading import parse_input
from bot.words import asking, knowing, permissions, pictures, standing, wording
from cogs.asking.alike import ExistingPictures, find_existing, show_existing
from cogs.asking.doubting import find_correction, find_doubt, show_doubt
from cogs.asking.dressing import with_preset_and_style
from cogs.asking.private import show_when_done
from cogs.asking.refusing import alert_moderators, refuse, refuse_input, return_words
from cogs.asking.sourcing import with_source
from cogs.asking.terms import await_licence, close_terms
from cogs.components import cancel_view, private_view
from cogs.posting.faults import DISCORD_ERRORS
from cogs.posting.noting import unknown_words_note
from cogs.translating import answer, for_everybody, place_of, roles_of, tell, user_of
from models.catalogue.tags.analysing import PromptAnalysis

log = logging.getLogger(__name__)


def fresh_seed() -> int:
    """A random seed."""
    return secrets.randbelow(2**32)


async def submit_typed(interaction: Interaction, typed: Typed) -> None:
    """Submit a member's input, and tell them which parts were left out."""
    try:
        await _submit_typed(interaction, typed)
    except Exception as error:  # noqa: BLE001  reported here, so that the words come below it
        await report_incident(interaction, error)
        await return_words(interaction, typed)


async def _submit_typed(interaction: Interaction, typed: Typed) -> None:
    read = parse_input(typed)
    full, unknown = await with_preset_and_style(interaction, read.typed)
    full, ruling, missing = await with_source(interaction, full)
    ask = make_ask(
        info=interaction.client.services.model(),
        user_id=user_of(interaction),
        place=place_of(interaction),
        typed=full,
        faults=read.faults + unknown + missing,
        fresh_seed=fresh_seed(),
    )
    if isinstance(ask, Refused):
        await refuse_input(interaction, ask, typed)
    else:
        await submit(interaction, replace(ask, precedent=ruling), typed=typed)
    if read.left_out:
        await send_remark(interaction, asking.left_out(read.left_out, read.remarks))


async def send_remark(interaction: Interaction, text: str) -> None:
    """Send an optional remark. If Discord refuses it, the request goes on."""
    try:
        await tell(interaction, text)
    except DISCORD_ERRORS as problem:
        log.warning("a remark could not be sent: %s", problem)


async def submit(
    interaction: Interaction,
    ask: Ask,
    waiting_id: RequestId | None = None,
    *,
    confirmed: bool = False,
    typed: Typed | None = None,
    instead_of: RequestId | None = None,
) -> Request | None:
    """Queue a request, refuse it, or ask for what is missing; then answer.

    Returns the queued request; None if nothing was queued.
    An ask that waited for a press as `waiting_id` keeps waiting, with its button, until its outcome
    is recorded: a crash before that costs a second press, not the request. With `confirmed`,
    unknown words and existing pictures raise no question, and the button is removed. `typed` is the
    new input that the ask was made from; a refusal and a question about unknown words return it to
    the member. What is not drawn of the request `instead_of` is cancelled with the queueing.
    """
    decided = await _decide(
        interaction, ask, waiting_id, confirmed=confirmed, instead_of=instead_of
    )
    if confirmed and waiting_id is not None:
        queued = isinstance(decided.outcome, Request)
        await close_terms(interaction, (knowing.HERE_WE_GO if queued else knowing.NOT_TAKEN)())
    return await _tell_outcome(interaction, decided, typed, waited=waiting_id is not None)


async def submit_licensed(
    interaction: Interaction, asks: Mapping[RequestId, Ask], closing_text: str
) -> None:
    """Submit the asks that waited for the licence, all of them before the first answer.

    The text then replaces the terms. After a fault their button stays, for those that still wait.
    """
    decisions: list[_Decided] = []
    try:
        for waiting_id, ask in asks.items():
            decisions.append(await _decide(interaction, ask, waiting_id, confirmed=False))
        await close_terms(interaction, closing_text)
    finally:
        for decided in decisions:
            await _tell_waiting_outcome(interaction, decided)


async def _tell_waiting_outcome(interaction: Interaction, decided: _Decided) -> None:
    """Tell the outcome of an ask that waited. If Discord refuses, the next is told all the same."""
    try:
        await _tell_outcome(interaction, decided, None, waited=True)
    except DISCORD_ERRORS as problem:
        log.warning("the outcome of a waiting request could not be sent: %s", problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Decided:
    """What became of an ask; an outcome of None: its licence is not accepted yet."""

    ask: Ask
    outcome: Request | Refused | PromptAnalysis | ExistingPictures | None


async def _decide(
    interaction: Interaction,
    ask: Ask,
    waiting_id: RequestId | None,
    *,
    confirmed: bool,
    instead_of: RequestId | None = None,
) -> _Decided:
    """Queue a request or find out why not, which ends its wait."""
    services = interaction.client.services
    ask = await with_precedent(services, await _with_completion(interaction, ask))
    outcome = permission_refusal(interaction) or await _exclusion_refusal(interaction, ask)
    outcome = outcome or await _try_to_queue(
        interaction, ask, waiting_id, confirmed=confirmed, instead_of=instead_of
    )
    # A queued ask stopped waiting in its own transaction.
    if waiting_id is not None and not isinstance(outcome, Request):
        await services.consent.take_waiting_ask(waiting_id, ask.user_id)
    return _Decided(ask=ask, outcome=outcome)


async def _tell_outcome(
    interaction: Interaction, decided: _Decided, typed: Typed | None, *, waited: bool
) -> Request | None:
    """Tell the member the outcome, and ask for what is missing; returns the queued request."""
    services, ask, outcome = interaction.client.services, decided.ask, decided.outcome
    typed = typed or typed_of(ask.draw, services.model(), private=ask.private, count=ask.count)
    if outcome is None:
        # After acceptance it is submitted again, and re-checked against policy and place.
        await await_licence(interaction, ask, typed)
    elif isinstance(outcome, PromptAnalysis):
        await show_doubt(interaction, ask, outcome, typed)
    elif isinstance(outcome, ExistingPictures):
        await show_existing(interaction, ask, outcome)
    elif isinstance(outcome, Refused):
        # Only newly typed words earn a strike: others are somebody else's, or were once allowed.
        fresh = ask.kind is RequestKind.COMMAND and not waited
        outcome = outcome if fresh else replace(outcome, strike=False)
        await refuse(interaction, ask, outcome, typed)
    else:
        services.signals.notify_queued()
        answer_id = await _acknowledge(interaction, outcome)
        if outcome.layout is PostLayout.PRIVATE:
            showing = show_when_done(interaction, outcome.id, answer_id)
            interaction.client.spawn(showing, name="a private picture")
        return outcome
    return None


async def _try_to_queue(
    interaction: Interaction,
    ask: Ask,
    waiting_id: RequestId | None,
    *,
    confirmed: bool,
    instead_of: RequestId | None,
) -> Request | Refused | PromptAnalysis | ExistingPictures | None:
    """The queued request, or why there is none; None if the licence is not accepted yet.

    Unless `confirmed`, also the analysis of a prompt with no known word, or the pictures that
    already exist.
    """
    services = interaction.client.services
    roles, model = roles_of(interaction), services.model()
    policy = await services.policy_at(ask.place, roles, model=model)
    # Pin the model whose rules and licence are checked here; the one in use may change.
    verdict = decide.admit(bound_to_model(ask, model), policy)
    if isinstance(verdict, Refused):
        return verdict
    if not await services.consent.has_accepted(ask.user_id, model.licence_sha256):
        return None
    if not confirmed and (doubt := await find_doubt(services, ask)) is not None:
        return doubt
    if not confirmed and (existing := await find_existing(interaction, ask, policy)) is not None:
        return existing
    caps = _member_caps(services.caps, quota(policy.guild, roles))
    if waiting_id is not None and not confirmed:
        # The asks that waited for the licence come at once, but were made one after another.
        caps = replace(caps, cooldown_ms=0)
    queued = await services.queue.enqueue(
        verdict,
        caps,
        services.clock(),
        waiting_id,
        since_id=interaction.id,
        instead_of=instead_of,
    )
    if isinstance(queued, Request):
        queueing = _queue_shadow(services, queued, verdict)
        interaction.client.spawn(queueing, name="for the trial")
    if verdict.alert and isinstance(queued, Request):
        await _alert_or_log(services, ask, queued)
    return queued


async def _with_completion(interaction: Interaction, ask: Ask) -> Ask:
    """The ask with its open attributes completed, for the serving model."""
    services, model = interaction.client.services, interaction.client.services.model()
    policy = await services.policy_at(ask.place, roles_of(interaction), model=model)
    return with_completions(ask, await services.glossaries.of(model), policy)


async def with_precedent(services: Services, ask: Ask) -> Ask:
    """The ask with moderators' rulings on the pictures that it would draw again."""
    found = await services.reviews.precedent(
        ask.place.guild_id, ask.draws, services.model().card_id
    )
    return ask if found is None else replace(ask, precedent=max(found, ask.precedent or found))


async def _queue_shadow(services: Services, request: Request, verdict: Admitted) -> None:
    """Queue a copy for the blind test, if one is running. A failure does not affect the request."""
    try:
        await services.learning.shadow.enter_request(request, verdict)
    except BotError as problem:
        log.warning("request %s is left out of the trial: %s", request.id, problem)


async def _alert_or_log(services: Services, ask: Ask, request: Request) -> None:
    """Alert the moderators as the rule demands. A failure does not affect the request."""
    try:
        await alert_moderators(services, ask, f"asked for: `{request.jobs[0].id}`")
    except BotError as problem:
        log.warning("an alert was not recorded: %s", problem)


def _member_caps(operators: Caps, allowed: Quota) -> Caps:
    """The member's caps: the server's limits, within the operator's."""
    return replace(
        operators,
        per_user=allowed.waiting_under(operators.per_user),
        per_day=allowed.per_day_max,
        cooldown_ms=allowed.cooldown_s * 1000,
    )


async def _exclusion_refusal(interaction: Interaction, ask: Ask) -> Refused | None:
    """The refusal of an excluded member, before their input is examined; None if they may ask."""
    services, guild_id = interaction.client.services, ask.place.guild_id
    found = await services.members.exclusion(guild_id, ask.user_id, services.clock())
    if found is None:
        return None
    everywhere = found.guild_id == EVERYWHERE
    text = standing.excluded(found.until_ms, found.reason, everywhere=everywhere)
    return Refused(reason=RefusalReason.EXCLUDED, text=text)


def permission_refusal(interaction: Interaction) -> Refused | None:
    """A refusal if the bot lacks a permission here, so that nobody waits in vain; else None."""
    in_thread = isinstance(interaction.channel, discord.Thread)
    # Without the history, a post whose answer was lost cannot be found and would come twice.
    needed = ("view_channel", "attach_files", "read_message_history") + (
        ("send_messages_in_threads",) if in_thread else ("send_messages",)
    )
    missing = [n for n in needed if not getattr(interaction.app_permissions, n)]
    if not missing:
        return None
    text = pictures.NO_RIGHTS(names=permissions.in_words(missing))
    return Refused(reason=RefusalReason.CHANNEL, text=text)


async def _acknowledge(interaction: Interaction, request: Request) -> MessageId | None:
    """Report the request's position. If Discord refuses, the jobs still go on.

    Returns the id of the message, if it exists.
    """
    first = request.jobs[0]
    with whereabouts(job=first.id, guild=first.guild_id):
        try:
            return await _send_acknowledgement(interaction, request)
        except (*DISCORD_ERRORS, BotError) as problem:
            log.warning(
                "the acknowledgement is incomplete (%s); the pictures will still come", problem
            )
    return None


async def _send_acknowledgement(interaction: Interaction, request: Request) -> MessageId:
    services = interaction.client.services
    standing = await services.views.standing(request.jobs[0].id)
    expected = await services.outlook.estimate(request.jobs, standing)
    correctable = await _is_correctable(interaction, request)
    if request.layout is PostLayout.PRIVATE:
        text = asking.for_member_only(await _status_text(services, request, standing, expected))
        view = private_view(request.id, correctable=correctable)
        return await answer(interaction, text, view, private=True)
    with for_everybody(interaction):
        text = await _status_text(services, request, standing, expected)
        view = cancel_view(request.id, correctable=correctable)
        message_id = await answer(interaction, text, view)
    message = MessageRef(
        message_id=message_id, channel_id=request.channel_id, guild_id=request.guild_id
    )
    if not await services.views.set_status_message(request.id, message):
        services.signals.doomed.set()
    return message_id


async def _is_correctable(interaction: Interaction, request: Request) -> bool:
    """Whether it was typed with a likely typo, whose correction this place allows."""
    if request.kind is not RequestKind.COMMAND:
        return False
    return await find_correction(interaction, request.jobs[0].draw) is not None


async def _status_text(
    services: Services, request: Request, standing: Standing | None, expected: Estimate | None
) -> str:
    note_text = await unknown_words_note(services, request.jobs[0])
    return wording.status(
        request.jobs, standing=standing, expected=expected, progress={}, note=note_text
    )
