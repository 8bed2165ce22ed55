"""`python -m tests.stages.standin STAGE WORKPLACE PREPARED`: an instant stage of a training.

It writes what the real command writes, in the same order: a manifest that is moved into its place
whole, a candidate, a verdict on its card. `PREPARED` is a ready candidate, with the card that the
gate writes as `passed.json`. Between its steps are boundaries, at which `learning_life.py` kills
the bot that started it. Imports next to nothing, because it starts often.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import sys
import time
from pathlib import Path


def passed(name: str) -> None:
    """Record a boundary in the file `BOUNDARIES`; at number `KILL_AT` the process `VICTIM` dies.

    The count is shared with the victim, which records boundaries of its own.
    """
    victim = int(os.environ["VICTIM"])
    with Path(os.environ["BOUNDARIES"]).open("r+") as trace:
        fcntl.flock(trace, fcntl.LOCK_EX)
        count = len(trace.readlines()) + 1
        trace.write(f"{name}\n")
        trace.flush()
        if count == int(os.environ["KILL_AT"]):
            os.kill(victim, signal.SIGKILL)
            # The leash ends the processes that a dead bot started.
            time.sleep(60)


def export(root: Path) -> None:
    part = root / ".manifest.part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    passed("export: the manifest's folder is made")
    (part / "theirs.png").write_text("theirs")
    passed("export: a picture is in it")
    shutil.rmtree(root / "manifest", ignore_errors=True)
    part.rename(root / "manifest")
    passed("export: the manifest is in its place")


def train(root: Path, prepared: Path) -> None:
    assert (root / "manifest" / "theirs.png").is_file(), "the export comes first"
    assert not (root / "candidate" / "model").exists(), "`prefer` refuses a run that has ended"
    (root / "candidate" / "states").mkdir(parents=True, exist_ok=True)
    passed("train: a state is saved")
    part = root / "candidate" / "model.part"
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(prepared, part, ignore=shutil.ignore_patterns("passed.json"))
    passed("train: the candidate is written beside its place")
    part.rename(root / "candidate" / "model")
    passed("train: the candidate is in its place")


def judge(root: Path, prepared: Path) -> None:
    card = root / "candidate" / "model" / "card.json"
    part = card.with_name("card.json.part")
    shutil.copyfile(prepared / "passed.json", part)
    passed("judge: the verdict is written beside its place")
    part.replace(card)
    passed("judge: the verdict is on the card")


if __name__ == "__main__":
    stage, root, prepared = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    if stage == "export":
        export(root)
    else:
        {"train": train, "judge": judge}[stage](root, prepared)
    print(f"{stage} is done")
