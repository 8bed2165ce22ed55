"""A training on judgements as the trainer sees it: its gradients, its rate, its states.

Called by the command. How a step learns is in `tuning`; what stops a run and how it goes on is the
trainer's.
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
from models.preference.lots import Lots, audit
from models.preference.pulling import Pull, Pulling
from models.preference.tuning import Student, loss_of
from models.training.exhibits import Errors, Exhibit, Exhibits
from models.training.learner import Learner, fitting
from models.training.objective import Curve, Objective, learning_rate
from models.training.trainer import Advice, Gradients

#: The share of all steps over which the learning rate rises.
_WARMUP = 0.05
#: Steps between saved states, and between looks at the held-out pairs.
_SAVED, _LOOKED = 20, 20
#: So many standard errors below the best look is clearly worse. The best of ten looks is good by
#: chance too: two errors below it would end four of ten trainings that change nothing (simulated).
_CLEARLY = 4.0
#: What needs less of the device's memory.
LIGHTER = "Less is needed with fewer --pairs, or with --reach lora."


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classroom:
    """What a run is made of. `resume` is the command that goes on with it; `say` tells people."""

    course: Course
    parts: Components
    evidence: Evidence
    held_out: Evidence
    exhibits: Exhibits
    #: Files of the exhibits that may be learned from.
    learned_from: tuple[str, ...]
    #: What else must be the same for a saved state to be of this run.
    made_of: dict[str, str]
    resume: str
    say: Callable[[str], None]
    #: What pictures are pulled towards, where the loss is `pull`.
    pull: Pull | None = None


class Preferring:
    """One run of a course."""

    def __init__(self, room: Classroom) -> None:
        """Build everything. EngineError if the weights do not fit into the device's memory."""
        self._room = room
        course, parts = room.course, room.parts
        with fitting(LIGHTER):
            self._student = Student(parts.unet, course, parts.device)
        self._objective = Objective(parts.schedule, parts.card.prediction, parts.device)
        self._lots = Lots(course, room.evidence, room.exhibits, room.learned_from)
        self._pulling = room.pull and Pulling(room.pull, parts, room.exhibits)
        # A pull has no implicit reward to ask.
        asked = [] if self._pulling else audit(room.held_out, room.exhibits, course.seed)
        self._audit = asked
        self._live = self._student.learning()
        lr = course.rate_of(self._student.reach)
        optimizer = torch.optim.AdamW(self._live.values(), lr=lr, weight_decay=0.0)
        self.learner = Learner(self._live, {"optimizer": optimizer})
        #: The share of held-out pairs told right behind so many steps; JSON has texts for keys.
        self._told: dict[str, float] = {}

    @property
    def student(self) -> Student:
        """The network that learns."""
        return self._student

    @property
    def steps(self) -> int:
        """How long the run is: the course's steps, or fewer where held-out pairs suffer."""
        return self._ended or self._room.course.length

    @property
    def advice(self) -> Advice:
        """What people can do where it does not go on."""
        return Advice(
            go_on=f"Go on with: {self._room.resume}", lighter=LIGHTER, elsewhere="another --out"
        )

    def gradients(self, step: int) -> Gradients:
        """Those of the step's pairs, clipped."""
        course = self._room.course
        pulling = self._pulling
        rows = self._lots.any_of(step) if pulling else self._lots.rows(step)
        if pulling:
            loss = pulling.loss(rows, self._student, step, course.seed)
        else:
            loss = self._loss(rows, step)
        if course.replay:
            loss = loss + course.replay * self._forgotten(self._lots.replayed(step, rows[0]), step)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._live.values(), course.clip_norm)
        return Gradients(loss=loss.item(), norm=norm.item(), rows=len(rows))

    def _loss(self, rows: Sequence[Exhibit], step: int) -> Tensor:
        errors = self._errors(rows, step)
        reference = errors.of(errors.said(self._student.reference))
        said = errors.said(self._student.says)
        return loss_of(self._room.course, rows, errors.of(said), reference)

    def _forgotten(self, rows: Sequence[Exhibit], step: int) -> Tensor:
        """How far what is said of these rows has gone from what was said, in implicit rewards."""
        errors = self._errors(rows, step)
        before = errors.said(self._student.reference)
        change = (errors.said(self._student.says) - before).square().mean()
        return self._room.course.beta * change

    def _errors(self, rows: Sequence[Exhibit], step: int) -> Errors:
        room = self._room
        return Errors(rows, room.exhibits, self._objective, step, room.course.seed)

    def rate(self, step: int, peak: float) -> float:
        """A short rise, then a line down to nothing."""
        return learning_rate(step, self._room.course.length, peak, _WARMUP, Curve.LINEAR)

    def saves(self, step: int) -> bool:
        """Every so many steps, one behind a look at the held-out pairs: the look is saved too."""
        return step > 1 and step % _SAVED == 1

    def facts(self) -> dict[str, Any]:
        """The course, what it is made of, and what held-out pairs have said so far."""
        room = self._room
        return {"course": room.course.as_json, "made_of": room.made_of, "told": self._told}

    def recognise(self, facts: dict[str, Any], place: Path) -> None:
        """EngineError if a state is of other judgements, another base or another course."""
        room = self._room
        for name, now in (("course", room.course.as_json), ("made_of", room.made_of)):
            if changed := [key for key in now if facts[name].get(key) != now[key]]:
                raise EngineError(
                    f"{place} was saved with another {changed[0].replace('_', ' ')}; put it back "
                    "as it was, or begin in another --out."
                )
        self._told = dict(facts["told"])

    def passed(self, step: int) -> None:
        """Look at the held-out pairs now and then."""
        if self._audit and step % _LOOKED == 0:
            self._told[str(step)] = told_right = self.told_right()
            self._room.say(f"behind step {step}: {told_right:.0%} of held-out pairs told right")
            if self._ended:
                self._room.say("held-out pairs are told worse than they were: ending here")

    @torch.no_grad()
    def told_right(self) -> float:
        """The weighted share of held-out pairs whose better side has gained more."""
        right = total = 0.0
        for rows in self._audit:
            errors = self._errors(rows, -1)
            before = errors.of(errors.said(self._student.reference))
            gained = before - errors.of(errors.said(self._student.says))
            weights = torch.tensor([row.weight for row in rows[0::2]], device=gained.device)
            right += float((weights * (gained[0::2] > gained[1::2])).sum())
            total += float(weights.sum())
        return right / total

    @property
    def _ended(self) -> int | None:
        """Behind which step it ends early, if it does."""
        return fallen(self._told, sum(len(rows) for rows in self._audit) // 4)


def fallen(told: Mapping[str, float], pairs: int) -> int | None:
    """Behind which step, if any, clearly fewer held-out pairs are told right than were before.

    `told` are shares of so many pairs, 0 to 1, by the step behind which they were asked, in order.
    """
    best = 0.0
    for step, share in told.items():
        if best - share > _CLEARLY * 0.5 / sqrt(pairs):
            return int(step) + 1
        best = max(best, share)
    return None
