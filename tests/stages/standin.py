"""`python -m tests.stages.standin STAGE WORKPLACE PREPARED`: an instant stage of a training.

It writes the same files as the real command, in the same order: a manifest that is complete before
it moves into place, a candidate, a verdict on its card. `PREPARED` is a finished candidate; its
`passed.json` is the card that the gate would write. Between the steps are boundaries, at which
`learning_life.py` kills the bot that started this stage. It starts often, so it imports little.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def record_boundary(name: str) -> None:
    """Record a boundary in the file `BOUNDARIES`; at number `KILL_AT` the process `VICTIM` dies.

    The victim records its own boundaries in the same file.
    """
    victim = int(os.environ["VICTIM"])
    with Path(os.environ["BOUNDARIES"]).open("r+") as trace:
        fcntl.flock(trace, fcntl.LOCK_EX)
        count = len(trace.readlines()) + 1
        trace.write(f"{name}\n")
        trace.flush()
        if count == int(os.environ["KILL_AT"]):
            os.kill(victim, signal.SIGKILL)
            # The leash ends the child processes of a dead bot.
            time.sleep(60)


def export(root: Path) -> None:
    part = root / ".manifest.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    record_boundary("export: the manifest's folder is made")
    (part / "theirs.png").write_text("theirs")
    record_boundary("export: a picture is in it")
    shutil.rmtree(root / "manifest", ignore_errors=True)
    part.rename(root / "manifest")
    record_boundary("export: the manifest is in its place")


def train(root: Path, prepared: Path) -> None:
    assert (root / "manifest" / "theirs.png").is_file(), "the export comes first"
    assert not (root / "candidate" / "model").exists(), "`prefer` refuses a run that has ended"
    (root / "candidate" / "states").mkdir(parents=True, exist_ok=True)
    record_boundary("train: a state is saved")
    part = root / "candidate" / "model.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(prepared, part, ignore=shutil.ignore_patterns("passed.json"))
    record_boundary("train: the candidate is written beside its place")
    part.rename(root / "candidate" / "model")
    record_boundary("train: the candidate is in its place")


def judge(root: Path, prepared: Path) -> None:
    card = root / "candidate" / "model" / "card.json"
    part = card.with_name("card.json.part")
    shutil.copyfile(prepared / "passed.json", part)
    record_boundary("judge: the verdict is written beside its place")
    part.replace(card)
    record_boundary("judge: the verdict is on the card")


if __name__ == "__main__":
    stage, root, prepared = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if stage == "export":
        export(root)
    else:
        {"train": train, "judge": judge}[stage](root, prepared)
    print(f"{stage} is done")
