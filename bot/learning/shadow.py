"""The blind test as it runs: pairs that are drawn become duels, and duels decide the test.

A loop that the composition root starts; the rows are the truth, so a kill costs a look. Requests
enter through `ask`, after their member has the answer. It must not know Discord.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable

from bot.domain import Admitted, BotError, Rating, Request, Ruling
from bot.drawing.signals import Signals
from bot.learning.trial import as_test, decision, draws
from bot.policy import decide
from bot.store.consent import Consent
from bot.store.duels import Duels
from bot.store.trials import Trial, TrialBook, TrialOutcome
from bot.store.trust import Trust, stranger
from models.catalogue.registry import CardError, Registry
from models.contract import SEEDS, ModelInfo

log = logging.getLogger(__name__)

#: Between two looks.
_POLL_S = 3.0


class Shadow:
    """Draws for the test what was asked of one model, and counts what members say of the two."""

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

    async def ask(self, request: Request, admitted: Admitted) -> bool:
        """Have both models draw this too, if a trial wants it; whether they will.

        Only what nobody has to look at first and what is for all to see, for a duel is; and only of
        members who accepted the candidate's licence. The request itself is queued already.
        """
        trial = await self._trials.running()
        if trial is None or not self._wants(trial, request, admitted):
            return False
        if not await self._may_draw(trial, request):
            return False
        twice = decide.for_trial(admitted, secrets.randbelow(SEEDS))
        asked = await self._trials.ask(trial, twice, self._clock(), since_id=request.since_id)
        if asked is not None:
            self._signals.queued()
        return asked is not None

    def _wants(self, trial: Trial, request: Request, admitted: Admitted) -> bool:
        plain = admitted.ruling is Ruling.ALLOW and admitted.rating is Rating.GENERAL
        # What is enlarged is drawn by no model.
        drawn = not admitted.ask.draw.enlarged
        shown = plain and drawn and not admitted.ask.private
        here = request.guild_id == trial.guild_id and self._active().card_id == trial.parent
        return shown and here and draws(trial, request.id)

    async def _may_draw(self, trial: Trial, request: Request) -> bool:
        try:
            licence = self._catalogue.card(trial.candidate).licence.sha256
        except CardError as problem:
            log.warning("the trial draws nothing: %s", problem)
            return False
        return await self._consent.accepted(request.user_id, licence)

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            try:
                await self.look()
            except BotError as problem:
                log.error("the trial is not looked at: %s", problem)  # noqa: TRY400  the sentence says it all
            await asyncio.sleep(_POLL_S)

    async def look(self) -> None:
        """Open the duels whose pictures are there, and count what duels decided."""
        for pair in await self._trials.drawn():
            if await self._trials.settle(pair, self._clock()):
                self._signals.duels.set()
            self._signals.status.set()
        trial = await self._trials.running()
        if trial is None:
            return
        if self._active().card_id != trial.parent:
            await self._end(trial, TrialOutcome.STOPPED)
            return
        await self._count(trial)

    async def _count(self, trial: Trial) -> None:
        """Take the steps that duels have decided, in the order in which they were opened."""
        now_ms = self._clock()
        test = as_test(trial, await self._trials.steps(trial.id))
        weights = await self._trust.weights(trial.guild_id, now_ms)
        for duel_id, choices in (await self._trials.undecided(trial.id)).items():
            if test.winner is not None:
                break
            duel = await self._duels.get(duel_id)
            open_ms = now_ms - duel.opened_ms if duel is not None else 0
            win = decision(choices, weights, stranger(), open_ms=open_ms)
            if win is None:
                continue
            test = test.after_duel(win)
            await self._trials.step(trial.id, duel_id, win=win, e_value=test.e_value, now_ms=now_ms)
            self._signals.duels.set()
        if test.winner is not None:
            await self._end(trial, TrialOutcome(test.winner))

    async def _end(self, trial: Trial, outcome: TrialOutcome) -> None:
        await self._trials.end(trial.id, outcome, by_id=None, now_ms=self._clock())
        log.info("trial %s of %s ended: %s", trial.id, trial.candidate, outcome)
