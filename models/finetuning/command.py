"""`python -m models finetune CONFIG.toml`: the Waifu Diffusion recipe, on any base of its family.

The entry point: it reads the recipe, prepares base and pictures, runs the training and hands the
result over; each part has a file in `models/finetuning/`. On several GPUs, `accelerate launch -m
models finetune CONFIG.toml` runs it once for each of them.
"""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from models.contract import EngineError
from models.training.progress import Progress
from models.training.watch import Interruption

if TYPE_CHECKING:
    from accelerate import Accelerator
    from torch import Tensor

    from models.catalogue.card import Card
    from models.engine.loader import Components
    from models.finetuning.recipe import Recipe
    from models.finetuning.run import Setting

#: The result's place in a run's folder.
MODEL, LORA = "model", "lora"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("config", type=Path, metavar="CONFIG.toml", help="see docs/finetuning.md")
    parser.add_argument(
        "--resume", action="store_true", help="resume from the newest state in the run's folder"
    )
    parser.add_argument("--cpu", action="store_true", help="do not use GPUs")


def run(args: argparse.Namespace) -> int:
    """Train and print where the result is. EngineError and StoppedError say how to go on."""
    show = Progress()
    try:
        for folder in finetune(args.config, resume=args.resume, cpu=args.cpu, say=show.say):
            show.say(f"written: {folder}")
    finally:
        show.end()
    return 0


def finetune(
    config: Path, *, resume: bool, cpu: bool = False, say: Callable[[str], None] = print
) -> list[Path]:
    """Run a recipe to its end; return the folders written: the model, the LoRA, or both.

    `say` receives progress lines. Raises EngineError for whatever cannot be done.
    """
    from models.finetuning.recipe import read

    recipe = read(config)
    out = Path(recipe.out)
    _require_free(recipe, out, config, resume=resume)
    accelerator = _accelerator(recipe, cpu=cpu)
    say_once = say if accelerator.is_main_process else _ignore_line
    setting = _prepare(recipe, config, accelerator, say_once)
    from models.finetuning.run import FineTuning, trainer_of
    from models.training.learner import explain_out_of_memory

    training = FineTuning(setting)
    trainer = trainer_of(setting, training)
    with trainer.explain_resuming(), explain_out_of_memory(training.advice.save_memory):
        _prepare_latents(setting)
    say_once(f"training {setting.card.id} for {training.steps} steps on {accelerator.device}")
    if recipe.compile:
        say_once("the first steps compile the UNet, which takes minutes")
    with Interruption() as interruption:
        trainer.run(interruption)
    if not accelerator.is_main_process:
        return []
    final_weights = {
        name: weight.detach().cpu() for name, weight in training.learner.final_weights.items()
    }
    with trainer.explain_resuming():
        return _hand_over(recipe, setting.card, final_weights)


def _result_names(recipe: Recipe) -> list[str]:
    """The folders that a finished run has written."""
    from models.finetuning.recipe import Method

    if recipe.method is Method.FULL:
        return [MODEL]
    return [LORA, MODEL] if recipe.lora.merge else [LORA]


def _require_free(recipe: Recipe, out: Path, config: Path, *, resume: bool) -> None:
    """Raise EngineError if the folder holds a run that the caller did not ask to resume."""
    if all((out / name).exists() for name in _result_names(recipe)):
        raise EngineError(f"{out} holds a run that has ended; name another `out` in {config}.")
    if (out / "states").exists() and not resume:
        raise EngineError(
            f"{out} holds a run that has not ended; go on with --resume, or name another `out`."
        )


def _accelerator(recipe: Recipe, *, cpu: bool) -> Accelerator:
    import torch
    from accelerate import Accelerator

    from models.finetuning.recipe import Precision

    cuda = torch.cuda.is_available() and not cpu
    has_bf16 = cuda and torch.cuda.is_bf16_supported(including_emulation=False)
    precision = recipe.precision
    if precision is Precision.AUTO:
        precision = Precision.BF16 if has_bf16 else Precision.FP32
    if cuda:
        torch.set_float32_matmul_precision("high")
    return Accelerator(mixed_precision="bf16" if precision is Precision.BF16 else "no", cpu=cpu)


def _prepare(
    recipe: Recipe, config: Path, accelerator: Accelerator, say: Callable[[str], None]
) -> Setting:
    """Base, card and pictures, checked against each other."""
    from models.data.findings import Report
    from models.engine.loader import load
    from models.finetuning.export import successor
    from models.finetuning.material import Material, gather
    from models.finetuning.run import Setting
    from models.finetuning.trainee import require_plain

    parts = load(recipe.base, device="cpu")
    require_plain(parts)
    clip_skip = recipe.clip_skip or parts.card.defaults.clip_skip
    _require_layers(parts, clip_skip)
    card = successor(recipe, parts.card, clip_skip, f"python -m models finetune {config.name}")
    report = Report()
    examples = gather(recipe, report)
    if report.skipped:
        say(f"{len(report.skipped)} files are not used; python -m models dataset says why")
    if left_out := report.used - len(examples):
        say(f"{left_out} pictures have no score or one below {recipe.min_score} and are left out")
    launch = "python" if accelerator.num_processes == 1 else "accelerate launch"
    rows = recipe.batch * recipe.accumulate * accelerator.num_processes
    material = Material(recipe, parts, examples, rows)
    say(f"{material.describe()}, {rows} a step")
    native_px = max(max(size.native) for size in parts.card.sizes_px.values())
    if recipe.resolution_px > 2 * native_px:
        say(f"resolution_px = {recipe.resolution_px} is far over the {native_px} px that it draws")
    return Setting(
        recipe=recipe,
        parts=parts,
        card=card,
        material=material,
        accelerator=accelerator,
        resume=f"{launch} -m models finetune {shlex.quote(str(config))} --resume",
        say=say,
    )


def _require_layers(parts: Components, clip_skip: int) -> None:
    from models.finetuning.recipe import RecipeError

    config: Any = parts.text_encoder.config
    if clip_skip > config.num_hidden_layers:
        raise RecipeError(
            f"clip_skip: the text encoder of {parts.card.id} has {config.num_hidden_layers} "
            f"layers, so {clip_skip} is too many."
        )


def _prepare_latents(setting: Setting) -> None:
    """Fill the cache, divided among the processes; the autoencoder then leaves the GPU."""
    accelerator, vae = setting.accelerator, setting.parts.vae
    vae.to(accelerator.device)

    def report_progress(done: int, total: int) -> None:
        setting.say(f"latents of {done}/{total} pictures")

    setting.material.fill_cache(
        accelerator.process_index, accelerator.num_processes, report_progress
    )
    vae.to("cpu")
    accelerator.wait_for_everyone()
    if accelerator.device.type == "cuda":
        import torch

        torch.cuda.empty_cache()


def _hand_over(recipe: Recipe, card: Card, final_weights: dict[str, Tensor]) -> list[Path]:
    """Write the model, and the LoRA if one was trained."""
    from models.finetuning.export import write_lora, write_model

    folders = [Path(recipe.out) / name for name in _result_names(recipe)]
    for folder in folders:
        write = write_lora if folder.name == LORA else write_model
        write(recipe, card, final_weights, folder)
    return folders


def _ignore_line(line: str) -> None:
    """Ignore a progress line of another process."""
