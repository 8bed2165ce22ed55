"""`python -m models prefer MANIFEST --base CARD --out DIR`: a model learns from what people like.

The entry point: it reads the manifest, fits a reward model to what the judgements have in common,
runs the training and hands the candidate over; each part has a file in `models/preference/`. The
gate (`python -m models gate`) says whether the candidate may be promoted.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from models.aesthetics.scorer import OWN_TOWER
from models.contract import EngineError
from models.preference.course import Course, Loss, Reach
from models.training.progress import Progress
from models.training.watch import Interruption

if TYPE_CHECKING:
    from models.preference.workshop import Prepared

#: The candidate's place in a run's folder.
MODEL = "model"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; the defaults are the course's, which were measured."""
    add, usual = parser.add_argument, Course()
    add("manifest", type=Path, metavar="MANIFEST", help="a folder that `python -m bot export` made")
    add("--base", default="embedded", help="the model to begin with: embedded, or a folder")
    add("--out", type=Path, required=True, help="the folder of this run: states, curves, model")
    add("--name", default="", help="the candidate's name (default: --out's name)")
    add("--resume", action="store_true", help="go on from the newest state in the run's folder")
    add("--loss", type=Loss, choices=list(Loss), default=usual.loss)
    add(
        "--reach",
        type=Reach,
        choices=list(Reach),
        help="which weights learn (default: by the UNet's size)",
    )
    add("--steps", type=int, help="the number of steps (default: by the loss)")
    add("--pairs", type=int, default=usual.pairs, help="pairs per step")
    add("--lr", type=float, help="the peak learning rate (default: by which weights learn)")
    add("--beta", type=float, default=usual.beta, help="higher stays nearer to the base")
    add("--noise", type=float, default=usual.noise, help="the share of judgements assumed wrong")
    add("--replay", type=float, default=usual.replay, help="the cost of forgetting")
    add("--seed", type=int, default=usual.seed)
    add("--tower", type=Path, default=OWN_TOWER, help="the reward model's image tower")
    add("--blind-to", nargs="*", default=[], help="features that the reward model does not get")
    add("--fresh", type=int, default=0, help="new pictures per prompt for the reward to rank")
    add("--as-judged", action="store_true", help="take pairs as they were judged, without a reward")
    add("--device", help="cuda, mps or cpu (default: the best available)")
    add("--threads", type=int, help="CPU cores to use (default: all but one)")


def run(args: argparse.Namespace) -> int:
    """Train and print where the candidate is. EngineError and StoppedError say how to go on."""
    show = Progress()
    try:
        show.say(f"written: {prefer(args, show.say)}")
    finally:
        show.end()
    return 0


def prefer(args: argparse.Namespace, say: Callable[[str], None] = print) -> Path:
    """Run a course to its end; return the candidate's folder. EngineError if it cannot be done."""
    course = _course(args)
    _require_free(args.out, resume=args.resume)
    import torch

    from models.engine.slots import default_threads
    from models.preference.workshop import prepare

    torch.set_num_threads(args.threads or default_threads())
    prepared = prepare(args, course, _resume_command(args), say)
    return _train(args, prepared, say)


def _train(args: argparse.Namespace, prepared: Prepared, say: Callable[[str], None]) -> Path:
    """Train, draw the sheets before and after it, and write the candidate."""
    from models.preference.candidate import write
    from models.preference.run import PreferenceTraining
    from models.preference.workshop import draw_sheet
    from models.training.trainer import Trainer

    setting = prepared.setting
    training = PreferenceTraining(setting)
    trainer = Trainer(training, args.out, say=say)
    say(f"training {prepared.card.id} for {training.steps} steps on {setting.parts.device}")
    with trainer.explain_resuming():
        if trainer.step == 0:
            draw_sheet(prepared, args.out / "samples" / "before.png")
        with Interruption() as interruption:
            trainer.run(interruption)
        draw_sheet(prepared, args.out / "samples" / "after.png")
        final_weights = {
            name: w.detach().cpu() for name, w in training.learner.final_weights.items()
        }
        write(args.base, prepared.card, setting.course, final_weights, args.out / MODEL)
    return args.out / MODEL


def _course(args: argparse.Namespace) -> Course:
    """The course that the options describe. EngineError for numbers that make no sense."""
    for name in ("steps", "pairs", "threads"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise EngineError(f"--{name} must be at least 1.")
    if args.fresh < 0 or (args.fresh and args.as_judged):
        raise EngineError("--fresh starts at 0, and needs the reward that --as-judged leaves out.")
    if not 0 <= args.noise < 0.5:
        raise EngineError("--noise must be 0 to less than 0.5: at a half nothing can be learned.")
    if args.beta <= 0 or args.replay < 0 or (args.lr is not None and not 0 < args.lr <= 1):
        raise EngineError("--beta is above 0, --replay at least 0, --lr above 0 and at most 1.")
    return Course(
        loss=args.loss,
        reach=args.reach,
        steps=args.steps,
        pairs=args.pairs,
        lr=args.lr,
        beta=args.beta,
        noise=args.noise,
        replay=args.replay,
        seed=args.seed,
    )


def _require_free(out: Path, *, resume: bool) -> None:
    """Raise EngineError if the folder holds a run that the caller did not ask to resume."""
    if (out / MODEL).exists():
        raise EngineError(f"{out} holds a run that has ended; name another --out.")
    if (out / "states").exists() and not resume:
        raise EngineError(
            f"{out} holds a run that has not ended; go on with --resume, or name another --out."
        )


def _resume_command(args: argparse.Namespace) -> str:
    """The command that resumes this run."""
    quoted = shlex.quote(str(args.manifest)), shlex.quote(args.base), shlex.quote(str(args.out))
    return "python -m models prefer {} --base {} --out {} --resume, and the same options".format(
        *quoted
    )
