"""A training on judgements for the trainer: its gradients, its rate, its states.

Called by the command. `tuning` has the loss of a step; the trainer decides when a run stops and
resumes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import sqrt
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.contract import EngineError
from models.data.evidence import Evidence
from models.engine.loader import Components
from models.preference.course import Course
from models.preference.pulling import Pull, PullLoss
from models.preference.step_rows import StepRows, held_out_rows
from models.preference.tuning import Student, loss_of
from models.training.judged_pictures import Errors, JudgedPictures, StepPicture
from models.training.learner import Learner, explain_out_of_memory
from models.training.objective import Curve, Objective, learning_rate
from models.training.trainer import Advice, Gradients

#: The share of all steps over which the learning rate rises.
_WARMUP = 0.05
#: Steps between saved states, and between checks of the held-out pairs.
_SAVE_EVERY, _CHECK_EVERY = 20, 20
#: How many standard errors below the best check is clearly worse. The best of ten checks is good by
#: chance too: with two errors, four of ten trainings that change nothing would end (simulated).
_CLEAR_ERRORS = 4.0
#: Advice on saving device memory.
MEMORY_ADVICE = "Less is needed with fewer --pairs, or with --reach lora."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PreferenceSetting:
    """The parts of a run. `resume` is the command that continues it; `say` informs people."""

    course: Course
    parts: Components
    evidence: Evidence
    held_out: Evidence
    pictures: JudgedPictures
    #: The files of those pictures that may be learned from.
    learned_from: tuple[str, ...]
    #: Whatever else must be the same for a saved state to belong to this run.
    made_of: dict[str, str]
    resume: str
    say: Callable[[str], None]
    #: The reward that pictures are pulled towards, if the loss is `pull`.
    pull: Pull | None = None


class PreferenceTraining:
    """One run of a course."""

    def __init__(self, setting: PreferenceSetting) -> None:
        """Build everything. Raises EngineError if the device's memory does not suffice."""
        self._setting = setting
        course, parts = setting.course, setting.parts
        with explain_out_of_memory(MEMORY_ADVICE):
            self._student = Student(parts.unet, course, parts.device)
        self._objective = Objective(parts.schedule, parts.card.prediction, parts.device)
        self._rows = StepRows(course, setting.evidence, setting.pictures, setting.learned_from)
        self._pull_loss = setting.pull and PullLoss(setting.pull, parts, setting.pictures)
        # A pull has no implicit reward to check.
        held_out = (
            []
            if self._pull_loss
            else held_out_rows(setting.held_out, setting.pictures, course.seed)
        )
        self._held_out_rows = held_out
        self._live = self._student.trained_parameters()
        lr = course.rate_of(self._student.reach)
        optimizer = torch.optim.AdamW(self._live.values(), lr=lr, weight_decay=0.0)
        self.learner = Learner(self._live, {"optimizer": optimizer})
        #: The accuracy on held-out pairs by number of steps done; the keys are text, as in JSON.
        self._accuracy_by_step: dict[str, float] = {}

    @property
    def student(self) -> Student:
        """The trained network with its reference."""
        return self._student

    @property
    def steps(self) -> int:
        """The length of the run: the course's steps, or fewer if held-out pairs get worse."""
        return self._early_end or self._setting.course.length

    @property
    def advice(self) -> Advice:
        """Advice for people when the run cannot go on."""
        return Advice(
            resume=f"Go on with: {self._setting.resume}",
            save_memory=MEMORY_ADVICE,
            other_folder="another --out",
        )

    def gradients(self, step: int) -> Gradients:
        """The clipped gradients of the step's pairs."""
        course = self._setting.course
        pull_loss = self._pull_loss
        rows = self._rows.any_prompt_rows(step) if pull_loss else self._rows.rows(step)
        if pull_loss:
            loss = pull_loss.loss(rows, self._student, step, course.seed)
        else:
            loss = self._loss(rows, step)
        if course.replay:
            loss = loss + course.replay * self._replay_loss(
                self._rows.replay_rows(step, rows[0]), step
            )
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._live.values(), course.clip_norm)
        return Gradients(loss=loss.item(), norm=norm.item(), rows=len(rows))

    def _loss(self, rows: Sequence[StepPicture], step: int) -> Tensor:
        errors = self._errors(rows, step)
        reference = errors.losses(errors.output(self._student.reference))
        output = errors.output(self._student.predict)
        return loss_of(self._setting.course, rows, errors.losses(output), reference)

    def _replay_loss(self, rows: Sequence[StepPicture], step: int) -> Tensor:
        """How far the outputs for these rows strayed from the reference's, in implicit rewards."""
        errors = self._errors(rows, step)
        reference = errors.output(self._student.reference)
        change = (errors.output(self._student.predict) - reference).square().mean()
        return self._setting.course.beta * change

    def _errors(self, rows: Sequence[StepPicture], step: int) -> Errors:
        setting = self._setting
        return Errors(rows, setting.pictures, self._objective, step, setting.course.seed)

    def rate(self, step: int, peak: float) -> float:
        """A short rise, then a linear fall to 0."""
        return learning_rate(step, self._setting.course.length, peak, _WARMUP, Curve.LINEAR)

    def is_save_due(self, step: int) -> bool:
        """Whether to save: one step after a check of held-out pairs, so its result is saved too."""
        return step > 1 and step % _SAVE_EVERY == 1

    def facts(self) -> dict[str, Any]:
        """The course, what the run is made of, and the accuracy on held-out pairs so far."""
        setting = self._setting
        return {
            "course": setting.course.as_json,
            "made_of": setting.made_of,
            "told": self._accuracy_by_step,
        }

    def require_match(self, facts: dict[str, Any], folder: Path) -> None:
        """Raise EngineError if a state is of other judgements, another base or another course."""
        setting = self._setting
        for name, current in (("course", setting.course.as_json), ("made_of", setting.made_of)):
            if changed := [key for key in current if facts[name].get(key) != current[key]]:
                raise EngineError(
                    f"{folder} was saved with another {changed[0].replace('_', ' ')}; put it back "
                    "as it was, or begin in another --out."
                )
        self._accuracy_by_step = dict(facts["told"])

    def after_step(self, step: int) -> None:
        """Check the held-out pairs every `_CHECK_EVERY` steps."""
        if self._held_out_rows and step % _CHECK_EVERY == 0:
            self._accuracy_by_step[str(step)] = held_out_accuracy = self.held_out_accuracy()
            self._setting.say(
                f"after step {step}: {held_out_accuracy:.0%} of held-out pairs ranked correctly"
            )
            if self._early_end:
                self._setting.say("the result on held-out pairs has become worse: ending here")

    @torch.no_grad()
    def held_out_accuracy(self) -> float:
        """The weighted share of held-out pairs, 0 to 1, whose better side gained more."""
        right = total = 0.0
        for rows in self._held_out_rows:
            errors = self._errors(rows, -1)
            reference_errors = errors.losses(errors.output(self._student.reference))
            gains = reference_errors - errors.losses(errors.output(self._student.predict))
            weights = torch.tensor([row.weight for row in rows[0::2]], device=gains.device)
            right += float((weights * (gains[0::2] > gains[1::2])).sum())
            total += float(weights.sum())
        return right / total

    @property
    def _early_end(self) -> int | None:
        """The step after which the run ends early, or None."""
        return find_drop(
            self._accuracy_by_step, sum(len(rows) for rows in self._held_out_rows) // 4
        )


def find_drop(accuracy_by_step: Mapping[str, float], pairs: int) -> int | None:
    """The step after the first check that is clearly worse than an earlier one, or None.

    `accuracy_by_step` are accuracies on `pairs` pairs, 0 to 1, by number of steps done, in order.
    """
    best = 0.0
    for step, share in accuracy_by_step.items():
        if best - share > _CLEAR_ERRORS * 0.5 / sqrt(pairs):
            return int(step) + 1
        best = max(best, share)
    return None
