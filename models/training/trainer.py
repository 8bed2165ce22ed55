"""The trainer: from a training's first step to its last, with states, curves, and a clean end.

It is under every training of the house. A state is saved on the way and gone on from, so a training
that was stopped or killed ends as one that never was. Whatever ends it, the last good state stays,
and the message says how to go on from it. It must not know what is trained, or on what.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Protocol

import torch

from models.contract import EngineError
from models.training.curves import Log, Point
from models.training.learner import Learner, fitting
from models.training.state import KEPT, States
from models.training.watch import (
    CutOffError,
    DivergedError,
    Room,
    Spikes,
    StoppedError,
    require_numbers,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """What one step's gradients, which lie in the weights, are like."""

    loss: float
    #: Before clipping.
    norm: float
    #: How many pictures (or texts) the step is of.
    rows: int
    #: Which time all data are shown, from 1.
    epoch: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What the trainer's messages tell people to do, in the words of the command they gave."""

    #: How to go on from a saved state: a sentence without its stop.
    go_on: str
    #: What needs less of the device's memory: a sentence.
    lighter: str
    #: Another folder to train in, as the command names it.
    elsewhere: str


class Training(Protocol):
    """What a trainer trains. Steps are counted from 0 where they are taken, from 1 behind them."""

    @property
    def learner(self) -> Learner:
        """What learns."""
        ...

    @property
    def steps(self) -> int:
        """How long the whole training is."""
        ...

    @property
    def advice(self) -> Advice:
        """What people can do where it does not go on."""
        ...

    def gradients(self, step: int) -> Gradients:
        """Put the gradients of step number `step` into the weights.

        What is random in it comes from the step's number or from torch's own generators.
        """
        ...

    def rate(self, step: int, peak: float) -> float:
        """The learning rate of that step, of weights whose highest it is `peak`."""
        ...

    def saves(self, step: int) -> bool:
        """Whether a state is due behind so many steps; behind the last it always is."""
        ...

    def facts(self) -> dict[str, Any]:
        """Plain values that are kept with each state."""
        ...

    def recognise(self, facts: dict[str, Any], place: Path) -> None:
        """EngineError unless the state in `place`, with these values, is one of this training."""
        ...

    def passed(self, step: int) -> None:
        """What else is due behind so many steps, such as samples. It leaves all weights alone."""
        ...


class Crew(Protocol):
    """The processes that share a training, as one of them sees it."""

    @property
    def main(self) -> bool:
        """Whether this is the one that writes."""
        ...

    def wait(self) -> None:
        """Until all have come here."""
        ...

    def anywhere(self, asked: bool) -> bool:  # noqa: FBT001  one flag, of this or any process
        """Whether any process was asked; all must agree, or they wait for each other for ever."""
        ...


class Alone:
    """A crew of one."""

    main = True

    def wait(self) -> None:
        """Nobody is waited for."""

    def anywhere(self, asked: bool) -> bool:  # noqa: FBT001  as its protocol has it
        """Nobody else was asked."""
        return asked


class Asked(Protocol):
    """Says between two steps whether the training shall end there, its state saved."""

    @property
    def asked(self) -> bool:
        """Whether it shall."""
        ...


class Trainer:
    """One training in its folder: `states/`, `curve.csv`, `curve.png`. `step` steps are done."""

    def __init__(
        self,
        training: Training,
        folder: Path,
        *,
        say: Callable[[str], None],
        crew: Crew | None = None,
        spike: float = 0.0,
        tensorboard: bool = False,
    ) -> None:
        """Go on from the newest state in the folder, if there is one.

        `say` hears what happens, line by line; `spike` is how many times its usual the loss may
        leap to, 0 for any. EngineError if the state is of another training, or its files would not
        fit on the disk, or the weights not into the device's memory.
        """
        self._training, self._folder, self._say = training, folder, say
        self._crew = crew or Alone()
        self._tensorboard, self._spike = tensorboard, spike
        self._states, self._spikes = States(folder / "states"), Spikes(spike)
        self.step = self._taken = 0
        self._took_s = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if self._crew.main:
            self._states.sweep()
        if latest := self._states.latest():
            self._go_on(latest)
        self._room = Room(folder, training.learner.state_bytes, training.advice.elsewhere)
        self._room.require(KEPT + 1, self._states.size_bytes())

    def _go_on(self, place: Path) -> None:
        """Take over a saved state. EngineError if it is of another training."""
        state = self._states.load(place)
        self._training.recognise(state.facts, place)
        with fitting(self._training.advice.lighter):
            self._training.learner.load(state, place)
        self._spikes = Spikes(self._spike, state.facts["losses"])
        self.step = state.step
        if self.step < self._training.steps:
            self._say(f"going on behind step {self.step}, from {place}")

    def run(self, interruption: Asked) -> None:
        """Take the steps that are left, or those until somebody asks for the end.

        EngineError at a fault and StoppedError where the end was asked for; the message names the
        last good state.
        """
        with self.way_back(), self._curves() as log:
            while self.step < self._training.steps:
                try:
                    self._advance(log)
                except CutOffError as fault:
                    if interruption.asked:
                        raise StoppedError(f"stopped while {fault.doing}") from fault
                    raise
                if self._crew.anywhere(interruption.asked):
                    self._save(log)
                    raise StoppedError("stopped")

    def _advance(self, log: Log | None) -> None:
        """One step, and what is due behind it."""
        began_s = time.perf_counter()
        gradients, rate = self._learn()
        self.step += 1
        seconds = time.perf_counter() - began_s
        if log is not None:
            log.add(_point(self.step, gradients, rate, seconds))
        self._tell(gradients, seconds)
        if self.step == self._training.steps:
            self._save(log)
        elif self._training.saves(self.step):
            self._save(log)
            self._room.require(1)  # Now is the time to stop: nothing is lost yet.
        elif warning := self._room.warning():
            self._say(warning)
        with torch.random.fork_rng(self._training.learner.gpus):
            self._training.passed(self.step)

    def _learn(self) -> tuple[Gradients, float]:
        """Take the step; what its gradients and its rate were. DivergedError before any harm."""
        training, learner = self._training, self._training.learner
        with fitting(training.advice.lighter):
            gradients = training.gradients(self.step)
            try:
                require_numbers(self.step + 1, gradients.loss, gradients.norm)
            except DivergedError:
                learner.drop()
                raise
            rate = learner.update(self.step, training.rate)
        self._spikes.see(self.step + 1, gradients.loss)
        return gradients, rate

    def _tell(self, gradients: Gradients, seconds: float) -> None:
        """A line on where it stands, with the time left by the mean of its steps since it began."""
        self._taken += 1
        self._took_s += seconds
        steps = self._training.steps
        left = timedelta(seconds=round(self._took_s / self._taken * (steps - self.step)))
        self._say(
            f"step {self.step}/{steps}  loss {gradients.loss:.4f}  "
            f"{gradients.rows / seconds:.2f} img/s  {left} left"
        )

    def _save(self, log: Log | None) -> None:
        """Write the state and the plot; the main process alone."""
        if log is not None:
            facts = {**self._training.facts(), "losses": self._spikes.remembered}
            self._states.save(self._training.learner.state(self.step, facts))
            log.plot()
        self._crew.wait()

    @contextmanager
    def _curves(self) -> Iterator[Log | None]:
        """The curves' files, of the main process alone."""
        if not self._crew.main:
            yield None
            return
        log = Log(self._folder, self.step, tensorboard=self._tensorboard)
        try:
            yield log
        finally:
            log.close()

    @contextmanager
    def way_back(self) -> Iterator[None]:
        """Add to whatever ends the training which state is good and how to go on from it."""
        try:
            yield
        except (EngineError, OSError) as fault:
            reason = str(fault).rstrip(".")
            kind = StoppedError if isinstance(fault, StoppedError) else EngineError
            raise kind(f"{reason}; {self._kept()}") from fault
        except KeyboardInterrupt as fault:
            raise StoppedError(f"stopped before it was done; {self._kept()}") from fault

    def _kept(self) -> str:
        latest = self._states.latest()
        kept = f"the last good state is {latest}" if latest else "no state was saved yet"
        return f"{kept}. {self._training.advice.go_on}"


def _point(step: int, gradients: Gradients, rate: float, seconds: float) -> Point:
    return Point(
        step=step,
        epoch=gradients.epoch,
        loss=gradients.loss,
        lr=rate,
        grad_norm=gradients.norm,
        images_per_s=round(gradients.rows / seconds, 3),
    )
