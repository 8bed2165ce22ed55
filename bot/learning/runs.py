"""One run of a training as a value: how far it is, where it works, which commands it is made of.

What has been done is a small file, so that a start goes on where the last one ended. Called by
`schooling.py`, which carries runs out; it must not know processes.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path

from bot.words import learning
from models.decoding import Dialect, MisfitError, decode

log = logging.getLogger(__name__)


class RunStage(StrEnum):
    """How far a run has come; the first three are under way, the others are ends."""

    #: What is learned from is written down.
    EXPORT = "export"
    #: The candidate learns.
    TRAIN = "train"
    #: The gate looks at it.
    JUDGE = "judge"
    #: The gate passed it: it may be tried and promoted.
    PASSED = "passed"
    #: The gate did not pass it.
    REFUSED = "refused"
    #: A command failed.
    FAILED = "failed"
    #: The owner stopped it.
    STOPPED = "stopped"


UNDER_WAY = frozenset({RunStage.EXPORT, RunStage.TRAIN, RunStage.JUDGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRun:
    """One run. `said` is the last line of its command, or why it failed."""

    #: The id that the candidate's card has, or will have.
    id: str
    #: The card that it learns from, and what the commands call its model.
    base: str
    place: str
    stage: RunStage
    begun_ms: int
    #: How many members had ever been forgotten when its manifest was begun.
    forgotten: int
    #: How often it was begun anew because a member was forgotten.
    restarts: int = 0
    said: str = ""
    #: Of a failed run whose work is kept: the stage with which it can go on.
    failed_in: RunStage | None = None

    @property
    def is_kept(self) -> bool:
        """Whether what it works with is needed still."""
        return self.stage in UNDER_WAY or self.failed_in is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """Where a run works: the manifest with members' pictures in it, and what is trained."""

    root: Path

    @property
    def manifest(self) -> Path:
        """What is learned from."""
        return self.root / "manifest"

    @property
    def out(self) -> Path:
        """The folder of the training: its states, its curves."""
        return self.root / "candidate"

    @property
    def states(self) -> Path:
        """What a training goes on from."""
        return self.out / "states"

    @property
    def model(self) -> Path:
        """The candidate."""
        return self.out / "model"


#: The command of a stage of a run, without the interpreter.
Orders = Callable[[LearningRun, Workplace], Sequence[str]]


def orders_with(tagger: str | None, named: str | None = None) -> Orders:
    """What is run in a stage that is under way; the gate reads pictures with this WD tagger.

    What came of a line of models is held against the one that MODEL names (`named`): whoever sets
    MODEL has chosen it as it is.
    """
    reading = () if tagger is None else ("--tagger", tagger)
    since = () if named is None else ("--first", named)

    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        match run.stage:
            case RunStage.EXPORT:
                return ("-m", "bot", "export", str(place.manifest))
            case RunStage.TRAIN:
                again = ("--resume",) if place.states.exists() else ()
                return (
                    "-m", "models", "prefer", str(place.manifest), "--base", run.place,
                    "--out", str(place.out), "--name", run.id, *again,
                )  # fmt: skip
            case RunStage.JUDGE:
                return (
                    "-m", "models", "gate", str(place.model), "--manifest", str(place.manifest),
                    "--parent", run.place, *since, *reading,
                )  # fmt: skip
            case _:
                raise AssertionError("nothing is run after the end")

    return orders


#: What a command that fails with a sentence puts before it.
_PREFIX = re.compile(r"\A(python -m \w+ \w+|error): ")


def why_failed(code: int, said: str) -> str:
    """Why a command failed that ended with this code after this last line; one sentence or two."""
    if code == _TOLD:
        told = _PREFIX.sub("", said)
        return told[:1].upper() + told[1:]
    return learning.killed(said) if code == _KILLED else learning.broke(code, said)


#: The exit codes of a command that says itself what is wrong, and of one that was killed.
_TOLD, _KILLED = 2, 137

_JSON = Dialect(unknown_field="is not a field of a run")


def read(path: Path) -> LearningRun | None:
    """The run in this file; None if there is none, or none that can be read."""
    try:
        return decode(LearningRun, json.loads(path.read_text("utf-8")), _JSON)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, MisfitError) as problem:
        log.warning("%s cannot be read, so no training goes on: %s", path, problem)
        return None


def write(path: Path, run: LearningRun) -> None:
    """Write the run down, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(run)), "utf-8")
    part.replace(path)
