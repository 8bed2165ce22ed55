"""The trainer: runs a training from first step to last, with states, curves, and a clean end.

Every training of the project uses it. It saves states on the way and resumes from them, so a
training that was stopped or killed ends like an unbroken one. Whatever ends it, the last good state
stays, and the message says how to continue from it. Must not know what is trained, or on what.
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
from models.training.learner import Learner, explain_out_of_memory
from models.training.state import KEPT_STATES, States
from models.training.watch import (
    CutOffError,
    DiskSpace,
    DivergedError,
    SpikeDetector,
    StoppedError,
    require_finite,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Gradients:
    """Facts about one step's gradients, which are stored in the weights."""

    loss: float
    #: Before clipping.
    norm: float
    #: The number of pictures (or texts) in the step.
    rows: int
    #: The current pass over all data, from 1.
    epoch: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """Advice in the trainer's messages, in the words of the command that people gave."""

    #: How to continue from a saved state: a sentence without its full stop.
    resume: str
    #: How to save device memory: a sentence.
    save_memory: str
    #: Another folder to train in, as the command names it.
    other_folder: str


class Training(Protocol):
    """What a trainer trains. Steps are numbered from 0 before they are taken, from 1 afterwards."""

    @property
    def learner(self) -> Learner:
        """The trained weights with their optimizers."""
        ...

    @property
    def steps(self) -> int:
        """The length of the whole training."""
        ...

    @property
    def advice(self) -> Advice:
        """Advice for people when it cannot go on."""
        ...

    def gradients(self, step: int) -> Gradients:
        """Compute the gradients of step number `step`.

        Its randomness comes from the step's number or from torch's own generators.
        """
        ...

    def rate(self, step: int, peak: float) -> float:
        """The learning rate at that step, for weights with the peak rate `peak`."""
        ...

    def is_save_due(self, step: int) -> bool:
        """Whether to save a state after this many steps; the last step always does."""
        ...

    def facts(self) -> dict[str, Any]:
        """Plain values stored with each state."""
        ...

    def require_match(self, facts: dict[str, Any], folder: Path) -> None:
        """Raise EngineError unless the state in `folder`, with these facts, is of this training."""
        ...

    def after_step(self, step: int) -> None:
        """Do whatever else is due after this many steps, such as samples.

        Leaves all weights alone.
        """
        ...


class Crew(Protocol):
    """The processes that share a training, from the view of one."""

    @property
    def is_main(self) -> bool:
        """Whether this process writes."""
        ...

    def wait(self) -> None:
        """Wait until all processes have come here."""
        ...

    def any_requested(self, requested: bool) -> bool:  # noqa: FBT001  one flag, of this or any process
        """Whether any process shall stop; all must agree, or they wait for each other forever."""
        ...


class SoloCrew:
    """A crew of one."""

    is_main = True

    def wait(self) -> None:
        """Return at once: there is nobody to wait for."""

    def any_requested(self, requested: bool) -> bool:  # noqa: FBT001  as its protocol has it
        """Return the argument: there is nobody else."""
        return requested


class StopRequest(Protocol):
    """A request to stop after the current step, with the state saved."""

    @property
    def requested(self) -> bool:
        """Whether somebody made it."""
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
        """Resume from the newest state in the folder, if there is one.

        `say` receives progress lines; `spike` is the factor by which the loss may exceed its usual
        value, 0 for any. Raises EngineError if the state is of another training, its files would
        not fit on the disk, or the weights not into the device's memory.
        """
        self._training, self._folder, self._say = training, folder, say
        self._crew = crew or SoloCrew()
        self._tensorboard, self._spike = tensorboard, spike
        self._states, self._spike_detector = States(folder / "states"), SpikeDetector(spike)
        self.step = self._steps_taken = 0
        self._steps_took_s = 0.0
        folder.mkdir(parents=True, exist_ok=True)
        if self._crew.is_main:
            self._states.remove_partial()
        if latest := self._states.latest():
            self._resume(latest)
        self._disk_space = DiskSpace(
            folder, training.learner.state_bytes, training.advice.other_folder
        )
        self._disk_space.require(KEPT_STATES + 1, self._states.size_bytes())

    def _resume(self, folder: Path) -> None:
        """Restore a saved state. Raises EngineError if it is of another training."""
        state = self._states.load(folder)
        self._training.require_match(state.facts, folder)
        with explain_out_of_memory(self._training.advice.save_memory):
            self._training.learner.load(state, folder)
        self._spike_detector = SpikeDetector(self._spike, state.facts["losses"])
        self.step = state.step
        if self.step < self._training.steps:
            self._say(f"resuming after step {self.step}, from {folder}")

    def run(self, interruption: StopRequest) -> None:
        """Take the remaining steps, or those until somebody requests a stop.

        Raises EngineError for a fault and StoppedError after a request; the message names the last
        good state.
        """
        with self.explain_resuming(), self._open_log() as log:
            while self.step < self._training.steps:
                try:
                    self._advance(log)
                except CutOffError as fault:
                    if interruption.requested:
                        raise StoppedError(f"stopped while {fault.work}") from fault
                    raise
                if self._crew.any_requested(interruption.requested):
                    self._save(log)
                    raise StoppedError("stopped")

    def _advance(self, log: Log | None) -> None:
        """Take one step, and do what is due after it."""
        began_s = time.perf_counter()
        gradients, rate = self._take_step()
        self.step += 1
        seconds = time.perf_counter() - began_s
        if log is not None:
            log.add(_point(self.step, gradients, rate, seconds))
        self._report_progress(gradients, seconds)
        if self.step == self._training.steps:
            self._save(log)
        elif self._training.is_save_due(self.step):
            self._save(log)
            self._disk_space.require(1)  # Stop now, before anything is lost.
        elif warning := self._disk_space.warning():
            self._say(warning)
        with torch.random.fork_rng(self._training.learner.gpus):
            self._training.after_step(self.step)

    def _take_step(self) -> tuple[Gradients, float]:
        """Take the step; return its gradients and rate. DivergedError leaves the weights alone."""
        training, learner = self._training, self._training.learner
        with explain_out_of_memory(training.advice.save_memory):
            gradients = training.gradients(self.step)
            try:
                require_finite(self.step + 1, gradients.loss, gradients.norm)
            except DivergedError:
                learner.drop_gradients()
                raise
            rate = learner.update(self.step, training.rate)
        self._spike_detector.add(self.step + 1, gradients.loss)
        return gradients, rate

    def _report_progress(self, gradients: Gradients, seconds: float) -> None:
        """Report the progress, with the remaining time from the mean of the steps so far."""
        self._steps_taken += 1
        self._steps_took_s += seconds
        steps = self._training.steps
        left = timedelta(
            seconds=round(self._steps_took_s / self._steps_taken * (steps - self.step))
        )
        self._say(
            f"step {self.step}/{steps}  loss {gradients.loss:.4f}  "
            f"{gradients.rows / seconds:.2f} img/s  {left} left"
        )

    def _save(self, log: Log | None) -> None:
        """Write the state and the plot; only in the main process."""
        if log is not None:
            facts = {**self._training.facts(), "losses": self._spike_detector.remembered}
            self._states.save(self._training.learner.state(self.step, facts))
            log.plot()
        self._crew.wait()

    @contextmanager
    def _open_log(self) -> Iterator[Log | None]:
        """The curves' files; only in the main process."""
        if not self._crew.is_main:
            yield None
            return
        log = Log(self._folder, self.step, tensorboard=self._tensorboard)
        try:
            yield log
        finally:
            log.close()

    @contextmanager
    def explain_resuming(self) -> Iterator[None]:
        """Add to any error the last good state and how to continue from it."""
        try:
            yield
        except (EngineError, OSError) as fault:
            reason = str(fault).rstrip(".")
            kind = StoppedError if isinstance(fault, StoppedError) else EngineError
            raise kind(f"{reason}; {self._resume_hint()}") from fault
        except KeyboardInterrupt as fault:
            raise StoppedError(f"stopped before it was done; {self._resume_hint()}") from fault

    def _resume_hint(self) -> str:
        latest = self._states.latest()
        state_note = f"the last good state is {latest}" if latest else "no state was saved yet"
        return f"{state_note}. {self._training.advice.resume}"


def _point(step: int, gradients: Gradients, rate: float, seconds: float) -> Point:
    return Point(
        step=step,
        epoch=gradients.epoch,
        loss=gradients.loss,
        lr=rate,
        grad_norm=gradients.norm,
        images_per_s=round(gradients.rows / seconds, 3),
    )
