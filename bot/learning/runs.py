"""One training run as a value: its stage, its folders and the command of each stage.

A small file records how far the run is, so that the next start continues from there. Called by
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
    """How far a run is; in the first three stages it is under way, in the others it has ended."""

    #: The manifest is written.
    EXPORT = "export"
    #: The candidate is trained.
    TRAIN = "train"
    #: The gate judges the candidate.
    JUDGE = "judge"
    #: The gate passed the candidate: it may be tried and promoted.
    PASSED = "passed"
    #: The gate did not pass the candidate.
    REFUSED = "refused"
    #: A command failed.
    FAILED = "failed"
    #: The owner stopped it.
    STOPPED = "stopped"


UNDER_WAY = frozenset({RunStage.EXPORT, RunStage.TRAIN, RunStage.JUDGE})


@dataclass(frozen=True, slots=True, kw_only=True)
class LearningRun:
    """One run. `said` is the last line of its command, or why it failed."""

    #: The id of the candidate's card, present or future.
    id: str
    #: The id of the card that is trained further, and what the commands call its model.
    base: str
    place: str
    stage: RunStage
    begun_ms: int
    #: How many members had ever been forgotten when the export of its manifest began.
    forgotten: int
    #: How often it started over because a member was forgotten.
    restarts: int = 0
    said: str = ""
    #: For a failed run whose work is kept: the stage from which it can continue.
    failed_in: RunStage | None = None

    @property
    def needs_workplace(self) -> bool:
        """Whether its workplace is still needed."""
        return self.stage in UNDER_WAY or self.failed_in is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Workplace:
    """The folder of a run: the manifest with members' pictures, and the candidate."""

    root: Path

    @property
    def manifest(self) -> Path:
        """The manifest that the candidate learns from."""
        return self.root / "manifest"

    @property
    def out(self) -> Path:
        """The training's output: its states, its curves and the candidate."""
        return self.root / "candidate"

    @property
    def states(self) -> Path:
        """The saved states from which a training continues."""
        return self.out / "states"

    @property
    def model(self) -> Path:
        """The candidate's model."""
        return self.out / "model"


#: Gives the command for the stage that a run is in, without the interpreter.
StageCommand = Callable[[LearningRun, Workplace], Sequence[str]]


def stage_commands(tagger: str | None, named: str | None = None) -> StageCommand:
    """The commands of the stages under way; the gate reads pictures with this WD tagger.

    The gate also compares a candidate with the first model of its line, the one that MODEL names
    (`named`): whoever sets MODEL has chosen it as it is.
    """
    tagging = () if tagger is None else ("--tagger", tagger)
    first = () if named is None else ("--first", named)

    def orders(run: LearningRun, place: Workplace) -> Sequence[str]:
        match run.stage:
            case RunStage.EXPORT:
                return ("-m", "bot", "export", str(place.manifest))
            case RunStage.TRAIN:
                resume = ("--resume",) if place.states.exists() else ()
                return (
                    "-m", "models", "prefer", str(place.manifest), "--base", run.place,
                    "--out", str(place.out), "--name", run.id, *resume,
                )  # fmt: skip
            case RunStage.JUDGE:
                return (
                    "-m", "models", "gate", str(place.model), "--manifest", str(place.manifest),
                    "--parent", run.place, *first, *tagging,
                )  # fmt: skip
            case _:
                raise AssertionError("a run that has ended has no command")

    return orders


#: What a command that fails with a sentence writes before that sentence.
_PREFIX = re.compile(r"\A(python -m \w+ \w+|error): ")


def why_failed(code: int, said: str) -> str:
    """Why a command failed, from its exit code and last line, in one or two sentences."""
    if code == _EXPLAINED:
        sentence = _PREFIX.sub("", said)
        return sentence[:1].upper() + sentence[1:]
    return learning.killed(said) if code == _KILLED else learning.broke(code, said)


#: The exit codes of a command that explains its own failure, and of one that was killed.
_EXPLAINED, _KILLED = 2, 137

_JSON = Dialect(unknown_field="is not a field of a run")


def read(path: Path) -> LearningRun | None:
    """The run in this file; None if there is no file, or it cannot be read."""
    try:
        return decode(LearningRun, json.loads(path.read_text("utf-8")), _JSON)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, MisfitError) as problem:
        log.warning("%s cannot be read, so no training continues: %s", path, problem)
        return None


def write(path: Path, run: LearningRun) -> None:
    """Write the run to the file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(asdict(run)), "utf-8")
    part.replace(path)
