"""`python -m models draw "PROMPT" -o out.png`: pictures without Discord.

A command of `models.__main__`; torch is imported when it runs. Must not know the bot.
"""

from __future__ import annotations

import argparse
import secrets
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from models.catalogue.hub import locate
from models.catalogue.registry import card_of, model_info
from models.contract import (
    Aspect,
    Draw,
    Engine,
    EngineError,
    ModelInfo,
    Rendered,
    RenderRequest,
    Sampler,
)
from models.provenance import Provenance, encode_png

_BAR_CELLS = 30
#: Seeds are whole numbers below this, like the bot's.
_SEEDS = 2**32


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; defaults come from the model's card."""
    parser.add_argument("prompt", help='what to draw, such as "1girl, blue hair, (smile:1.2)"')
    parser.add_argument("-o", "--out", type=Path, required=True, help="the PNG to write")
    parser.add_argument("--model", default="embedded", help="embedded, a folder or a hub id")
    parser.add_argument("--negative", help="the negative prompt")
    parser.add_argument("--aspect", choices=[a.value for a in Aspect], default=Aspect.SQUARE)
    parser.add_argument("--count", type=int, default=1, help="number of pictures; seeds count up")
    parser.add_argument("--seed", type=int, help="a whole number (default: random)")
    parser.add_argument("--steps", type=int)
    parser.add_argument("--guidance", type=float)
    parser.add_argument("--sampler", choices=[s.value for s in Sampler])
    parser.add_argument(
        "--clip-skip", type=int, help="the text encoder's layer, counted from its end"
    )
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best available)")
    parser.add_argument("--threads", type=int, help="CPU cores to use (default: all but one)")


def run(args: argparse.Namespace) -> int:
    """Draw, write, and print one line per picture: path, seed, seconds.

    The exit code is 1 if some picture could not be drawn.
    """
    _require_possible_options(args)
    folder, name = locate(args.model)
    # Check against the card first: loading the weights takes seconds.
    info = model_info(card_of(folder, name), folder)
    requests = {request.row_id: request for request in _requests(args, info)}
    args.out.parent.mkdir(parents=True, exist_ok=True)
    from models.engine.slots import open_engine

    engine = open_engine(args.model, device=args.device, threads=args.threads)
    failures = 0
    began = time.monotonic()
    for row_id, outcome in draw_all(engine, list(requests.values())):
        request = requests[row_id]
        if isinstance(outcome, str):
            print(f"seed {request.draw.seed}: {outcome}", file=sys.stderr)
            failures += 1
            continue
        path = _output_path(args.out, int(row_id))
        _write(path, outcome, Provenance.of(request, info, batch_width=outcome.batch_width))
        print(f"{path}  seed {request.draw.seed}  {time.monotonic() - began:.1f} s")
    engine.close()
    return 1 if failures else 0


def _require_possible_options(args: argparse.Namespace) -> None:
    """Raise EngineError for options that no model could draw."""
    if not args.prompt.strip():
        raise EngineError('the prompt is empty: say what to draw, such as "1girl, blue hair".')
    if args.out.suffix.lower() != ".png":
        raise EngineError(f"{args.out} must end in .png: only PNG keeps everything.")
    for name in ("count", "threads"):
        value = getattr(args, name)
        if value is not None and value < 1:
            raise EngineError(f"--{name} must be at least 1.")
    if args.seed is not None and not 0 <= args.seed < _SEEDS:
        raise EngineError(f"--seed must be 0 to {_SEEDS - 1}.")


def require_within_limits(info: ModelInfo, steps: int, guidance: float) -> None:
    """Raise EngineError for steps or guidance outside the model's limits."""
    limits = info.limits
    if not limits.steps_min <= steps <= limits.steps_max:
        raise EngineError(f"--steps must be {limits.steps_min} to {limits.steps_max}.")
    if not limits.guidance_min <= guidance <= limits.guidance_max:
        raise EngineError(f"--guidance must be {limits.guidance_min} to {limits.guidance_max}.")


def _requests(args: argparse.Namespace, info: ModelInfo) -> Iterator[RenderRequest]:
    """One request per picture, within the model's limits. Raises EngineError if one is outside."""
    steps = args.steps if args.steps is not None else info.default_steps
    guidance = args.guidance if args.guidance is not None else info.default_guidance
    require_within_limits(info, steps, guidance)
    if args.clip_skip is not None and not 1 <= args.clip_skip <= info.clip_skip_max:
        raise EngineError(f"--clip-skip must be 1 to {info.clip_skip_max}.")
    width, height = info.sizes_px[Aspect(args.aspect)]
    seed = args.seed if args.seed is not None else secrets.randbelow(_SEEDS)
    for index in range(args.count):
        yield RenderRequest(
            row_id=str(index),
            draw=Draw(
                prompt=args.prompt,
                negative=info.default_negative if args.negative is None else args.negative,
                seed=(seed + index) % _SEEDS,
                steps=steps,
                guidance=guidance,
                sampler=Sampler(args.sampler or info.default_sampler),
                width_px=width,
                height_px=height,
                clip_skip=args.clip_skip,
            ),
        )


def draw_all(engine: Engine, waiting: list[RenderRequest]) -> Iterator[tuple[str, Rendered | str]]:
    """Draw all, with the engine kept full; yield each row's picture, or why there is none."""
    total, done = sum(request.draw.steps for request in waiting), 0
    in_flight = 0
    while waiting or in_flight:
        while waiting and in_flight < engine.capacity:
            engine.admit(waiting.pop(0))
            in_flight += 1
        result = engine.step()
        done += len(result.reports)
        _show_progress(done, total)
        in_flight -= len(result.finished) + len(result.failed)
        yield from ((rendered.row_id, rendered) for rendered in result.finished)
        yield from ((failed.row_id, failed.reason) for failed in result.failed)


def _show_progress(done: int, total: int) -> None:
    """A bar on one line of the terminal; nothing if the output is no terminal."""
    if sys.stderr.isatty():
        filled = _BAR_CELLS * done // total
        bar = "#" * filled + "." * (_BAR_CELLS - filled)
        print(f"\r[{bar}] {done}/{total} steps ", end="", file=sys.stderr, flush=True)
        if done >= total:
            print(file=sys.stderr)


def _output_path(out: Path, index: int) -> Path:
    """The requested name for the first picture, and with a number appended for the others."""
    return out if index == 0 else out.with_stem(f"{out.stem}-{index + 1}")


def _write(path: Path, rendered: Rendered, provenance: Provenance) -> None:
    path.write_bytes(encode_png(rendered.rgb, rendered.width_px, rendered.height_px, provenance))
