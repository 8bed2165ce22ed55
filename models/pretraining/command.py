"""`python -m models pretrain`: makes the embedded model from scratch, stage by stage.

Called from the command table. Separate processes paint pictures while the first stages train; every
stage saves its states in the work folder, resumes from them, and returns quickly once done. Must
not know how a stage works inside.
"""

from __future__ import annotations

import argparse
import dataclasses
import multiprocessing
import os
import re
import signal
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models.contract import EngineError
from models.pretraining.architecture import FULL, TOY, Blueprint

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How long a stage waits for pictures that are still being painted.
WAIT_S = 3 * 3600.0
#: The stages that cannot start from a finished model's weights.
FROM_SCRATCH = ("autoencoder", "words")
STAGES = ("paint", "autoencoder", "words", "judge", "unet", "decoder", "upscaler", "export")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of `pretrain`."""
    parser.add_argument("--work", type=Path, required=True, help="folder for pictures and states")
    parser.add_argument("--out", type=Path, help="model folder to write (default: WORK/model)")
    parser.add_argument(
        "--from",
        dest="model",
        metavar="MODEL",
        help='train a finished model further ("embedded" or a folder); with --only',
    )
    parser.add_argument("--name", default="", help="the model's (default: the work folder's)")
    parser.add_argument("--device", help="cuda or cpu (default: cuda where there is one)")
    parser.add_argument("--toy", action="store_true", help="a rehearsal at toy size")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="painting processes")
    parser.add_argument(
        "--only", choices=STAGES, action="append", help="just this stage (repeatable)"
    )
    parser.add_argument(
        "--set",
        metavar="NAME=N",
        action="append",
        default=[],
        help="another length, such as unet_steps=9000",
    )


def blueprint_of(*, toy: bool, changes: list[str]) -> Blueprint:
    """The blueprint with the lengths changed by options. Raises EngineError for an unknown name."""
    blueprint = TOY if toy else FULL
    fields = dataclasses.fields(Blueprint)
    known = sorted(f.name for f in fields if isinstance(getattr(blueprint, f.name), int))
    values: dict[str, int] = {}
    for text in changes:
        name, _, value = text.partition("=")
        if name not in known or not re.fullmatch("[0-9]+", value) or int(value) < 1:
            raise EngineError(f"--set {text}: NAME=N with N from 1 and one of {', '.join(known)}")
        values[name] = int(value)
    return dataclasses.replace(blueprint, **values)


def run(args: argparse.Namespace) -> int:
    """Run the stages in order; Ctrl-C saves the one in progress."""
    blueprint = blueprint_of(toy=args.toy, changes=args.set)
    if args.jobs < 1:
        raise EngineError("--jobs starts at 1")
    if args.model and not args.only:
        raise EngineError(
            "--from needs --only STAGE: all but those named are taken from the finished model"
        )
    if args.model and (clashes := {*args.only} & {*FROM_SCRATCH}):
        raise EngineError(
            f"--from and --only {min(clashes)} do not go together: that stage begins from nothing, "
            "and the finished model's UNet would not know what it makes"
        )
    if args.model:
        from models.pretraining.further import start_from

        start_from(blueprint, args.model, args.work, _out_folder(args))
    wanted: list[str] = args.only or list(STAGES)
    # If the command is stopped, the painting processes must stop too.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _paint_in_background(blueprint, args.work / "pictures", args.jobs, wanted=wanted):
        to_train = [stage for stage in STAGES if stage in wanted and stage != "paint"]
        if to_train:
            _train(blueprint, args, to_train, wait_s=WAIT_S if "paint" in wanted else 0.0)
    return 0


def _train(
    blueprint: Blueprint, args: argparse.Namespace, stages: list[str], *, wait_s: float
) -> None:
    import torch

    from models.engine.loader import choose_device
    from models.pretraining.workshop import Workshop

    device = choose_device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    torch.set_float32_matmul_precision("high")
    work = Workshop(blueprint, args.work, _out_folder(args), device, wait_s=wait_s, name=args.name)
    for stage in stages:
        getattr(work, stage)()
    if "export" in stages:
        print(f"written: {_out_folder(args)}")


def _out_folder(args: argparse.Namespace) -> Path:
    """The model folder."""
    return args.out or args.work / "model"


@contextmanager
def _paint_in_background(
    blueprint: Blueprint, folder: Path, jobs: int, *, wanted: list[str]
) -> Iterator[None]:
    """Paint in the background during the block, so that training begins on the first pictures."""
    if "paint" not in wanted:
        yield
        return
    from models.pretraining.painting import paint

    process = multiprocessing.get_context("spawn").Process(
        target=paint, args=(blueprint, folder, jobs)
    )
    process.start()
    try:
        yield
        process.join()
    except BaseException:
        process.terminate()
        raise
    if process.exitcode:
        raise EngineError("painting failed; what was painted is kept, run the same command again")
