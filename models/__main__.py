"""The models' command line: `python -m models COMMAND ...`.

Each command lives in the module that does its work, as `add_arguments(parser)` and `run(args) ->
int`; this file holds only the table. A module is imported when its command is called, so that
`--help` answers at once and without torch.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from typing import Protocol, cast

from models.commands import Command, command_parser, discard_output
from models.contract import EngineError
from models.training.watch import StoppedError

COMMANDS: dict[str, Command] = {
    "draw": Command("models.engine.draw", "draw pictures of a prompt"),
    "check": Command("models.engine.check", "load a model, draw two steps and describe it"),
    "finetune": Command("models.finetuning.command", "fine-tune a model on your pictures"),
    "prefer": Command("models.preference.command", "train a model on the votes on its pictures"),
    "dataset": Command("models.data.command", "summarise a folder of training pictures"),
    "export": Command(
        "models.checkpoint.exporting", "write a folder as one original .safetensors/.ckpt"
    ),
    "import": Command("models.checkpoint.importing", "convert an original checkpoint to a folder"),
    "tags": Command("models.data.lexicon", "write the list of words that a model knows"),
    "paint": Command("models.painter.paint", "paint labelled training pictures"),
    "safety-report": Command(
        "models.engine.safety.command", "count the harmless pictures that are taken for nude ones"
    ),
    "score": Command("models.aesthetics.command", "score pictures and list the good ones"),
    "pretrain": Command("models.pretraining.command", "train the embedded model from scratch"),
    "evaluate": Command("models.measuring.command", "measure how well a model follows its prompts"),
    "gate": Command(
        "models.measuring.gate.command", "decide whether a trained model may replace its parent"
    ),
    "aesthetic-train": Command("models.aesthetics.training", "train our own scorer on the painter"),
}


class CommandModule(Protocol):
    """What every module in the table offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Declare the command's options."""
        ...

    def run(self, args: argparse.Namespace) -> int:
        """Run the command and return its exit code. EngineError and OSError become one line."""
        ...


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command. Returns exit code 2 with one line on a fault, 130 after Ctrl-C."""
    argv = sys.argv[1:] if argv is None else list(argv)
    if not argv or argv[0] not in COMMANDS:
        command_parser("python -m models", "A small diffusion library.", COMMANDS).parse_args(argv)
        return 2  # pragma: no cover  parse_args has exited
    name, rest = argv[0], argv[1:]
    try:
        return _run_command(name, rest)
    except (StoppedError, KeyboardInterrupt) as stopped:
        print(str(stopped) or "stopped", file=sys.stderr)
        return 130
    except EngineError as fault:
        return _report_fault(name, str(fault))
    except BrokenPipeError:
        return discard_output()
    except OSError as fault:
        return _report_fault(name, f"{fault.filename or 'a file'}: {fault.strerror or fault}")


def _run_command(name: str, rest: list[str]) -> int:
    """Import the command's module, which may take torch's seconds, parse its options and run it."""
    command = COMMANDS[name]
    module = cast("CommandModule", importlib.import_module(command.module))
    parser = argparse.ArgumentParser(prog=f"python -m models {name}", description=command.help)
    module.add_arguments(parser)
    code = module.run(parser.parse_args(rest))
    sys.stdout.flush()
    return code


def _report_fault(name: str, fault: str) -> int:
    print(f"python -m models {name}: {fault}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())
