"""Runs the blind test: drawn pairs become duels, and duels decide the test.

A loop that the composition root starts; the rows are the truth, so a kill costs one poll. Requests
enter through `enter_request`, after their member has an answer. Must not know Discord.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from bot.domain import Admitted, BotError, Rating, Request, Ruling
from bot.drawing.signals import Signals
from bot.learning.trial import as_test, duel_decision, is_selected
from bot.policy import decide
from bot.store.consent import Consent
from bot.store.duels import Duels
from bot.store.trials import Trial, TrialBook, TrialOutcome
from bot.store.trust import Trust, stranger_weight
from models.catalogue.registry import CardError, Registry
from models.contract import SEED_COUNT, ModelInfo

log = logging.getLogger(__name__)

#: The pause between two polls.
_POLL_S = 3.0


class Shadow:
    """Has both models draw some requests, and counts which pictures members prefer."""

    def __init__(
        self,
        *,
        trials: TrialBook,
        duels: Duels,
        trust: Trust,
        consent: Consent,
        catalogue: Registry,
        signals: Signals,
        active: Callable[[], ModelInfo],
        clock: Callable[[], int],
    ) -> None:
        self._trials = trials
        self._duels = duels
        self._trust = trust
        self._consent = consent
        self._catalogue = catalogue
        self._signals = signals
        self._active = active
        self._clock = clock

    async def enter_request(self, request: Request, admitted: Admitted) -> bool:
        """Have both models draw this request for the trial, if it is eligible; whether they will.

        A duel is public, so the request must be public and need no review, and its member must have
        accepted the candidate's licence. The request itself is already queued.
        """
        trial = await self._trials.running_trial()
        if trial is None or not self._is_eligible(trial, request, admitted):
            return False
        if not await self._has_accepted_licence(trial, request):
            return False
        for_both = decide.for_trial(admitted, secrets.randbelow(SEED_COUNT))
        asked = await self._trials.queue_pair(
            trial, for_both, self._clock(), since_id=request.since_id
        )
        if asked is not None:
            self._signals.notify_queued()
        return asked is not None

    def _is_eligible(self, trial: Trial, request: Request, admitted: Admitted) -> bool:
        is_plain = admitted.ruling is Ruling.ALLOW and admitted.rating is Rating.GENERAL
        # No model draws an enlargement.
        is_drawn = not admitted.ask.draw.enlarged
        is_shown = is_plain and is_drawn and not admitted.ask.private
        is_here = request.guild_id == trial.guild_id and self._active().card_id == trial.parent
        return is_shown and is_here and is_selected(trial, request.id)

    async def _has_accepted_licence(self, trial: Trial, request: Request) -> bool:
        try:
            licence = self._catalogue.card(trial.candidate).licence.sha256
        except CardError as problem:
            log.warning("the trial cannot draw: %s", problem)
            return False
        return await self._consent.has_accepted(request.user_id, licence)

    async def run(self) -> None:
        """Poll until cancelled."""
        while True:
            try:
                await self.poll()
            except BotError as problem:
                log.error("the trial could not be polled: %s", problem)  # noqa: TRY400  the sentence says it all
            await asyncio.sleep(_POLL_S)

    async def poll(self) -> None:
        """Open duels whose pictures are drawn, and record the results of decided ones."""
        for pair in await self._trials.drawn_pairs():
            if await self._trials.settle_pair(pair, self._clock()):
                self._signals.duels.set()
            self._signals.status.set()
        trial = await self._trials.running_trial()
        if trial is None:
            return
        if self._active().card_id != trial.parent:
            await self._end(trial, TrialOutcome.STOPPED)
            return
        await self._record_steps(trial)

    async def _record_steps(self, trial: Trial) -> None:
        """Record a step for each decided duel, in the order in which the duels were opened."""
        now_ms = self._clock()
        test = as_test(trial, await self._trials.steps(trial.id))
        weights = await self._trust.weights(trial.guild_id, now_ms)
        for duel_id, choices in (await self._trials.undecided_choices(trial.id)).items():
            if test.winner is not None:
                break
            duel = await self._duels.get(duel_id)
            open_ms = now_ms - duel.opened_ms if duel is not None else 0
            win = duel_decision(choices, weights, stranger_weight(), open_ms=open_ms)
            if win is None:
                continue
            test = test.after_duel(win)
            await self._trials.record_step(
                trial.id, duel_id, win=win, e_value=test.e_value, now_ms=now_ms
            )
            self._signals.duels.set()
        if test.winner is not None:
            await self._end(trial, TrialOutcome(test.winner))

    async def _end(self, trial: Trial, outcome: TrialOutcome) -> None:
        await self._trials.end(trial.id, outcome, by_id=None, now_ms=self._clock())
        log.info("trial %s of %s ended: %s", trial.id, trial.candidate, outcome)
