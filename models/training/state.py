"""Saved states of a training: everything needed to resume exactly, whole or not at all.

    states/step-00000500/*.safetensors    tensors: weights, average, the optimizer's moments
    states/step-00000500/state.json       the step and plain values; written last

A state is written under another name, synced and then renamed, so a crash or a full disk leaves
earlier ones intact; the last two are kept. Nothing in it can run code. Any trainer may use it. Must
not know what is trained.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor

from models.contract import EngineError

#: The version of the format that this code writes, and the only one it reads.
FORMAT = 2
#: How many states are kept.
KEPT_STATES = 2

_FACTS = "state.json"
_PARTIAL = ".part"


class StateError(EngineError):
    """A state cannot be written or read; the message says which, and which is still usable."""


@dataclass(frozen=True, slots=True, kw_only=True)
class State:
    """The state after `step` steps. `tensors` by group and name, `facts` are JSON."""

    step: int
    tensors: dict[str, dict[str, Tensor]]
    facts: dict[str, Any]


class States:
    """The folder of a run's states."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def latest(self) -> Path | None:
        """The newest complete state, or None."""
        complete = self._complete_states()
        return complete[-1] if complete else None

    def save(self, state: State) -> Path:
        """Write a state durably, drop all but the last two, and return its path.

        Raises StateError if it cannot be written; earlier states are untouched.
        """
        folder = self._folder / f"step-{state.step:08d}"
        partial = folder.with_name(folder.name + _PARTIAL)
        try:
            shutil.rmtree(partial, ignore_errors=True)
            partial.mkdir(parents=True)
            _write(state, partial)
            shutil.rmtree(folder, ignore_errors=True)
            partial.replace(folder)
            _sync_to_disk(self._folder)
        except (OSError, SafetensorError) as fault:
            shutil.rmtree(partial, ignore_errors=True)
            reason = getattr(fault, "strerror", None) or fault
            raise StateError(f"{folder} cannot be written ({reason})") from fault
        except BaseException:  # A second Ctrl-C.
            shutil.rmtree(partial, ignore_errors=True)
            raise
        for old in self._complete_states()[:-KEPT_STATES]:
            shutil.rmtree(old, ignore_errors=True)
        return folder

    def remove_partial(self) -> None:
        """Remove the partial state of a process that was killed while saving."""
        for partial in self._folder.glob(f"step-*{_PARTIAL}"):
            shutil.rmtree(partial, ignore_errors=True)

    def load(self, folder: Path) -> State:
        """The state in the given folder, its tensors on the CPU. StateError if it is damaged."""
        try:
            facts = json.loads((folder / _FACTS).read_text("utf-8"))
            tensors = {path.stem: load_file(path) for path in folder.glob("*.safetensors")}
        except (OSError, ValueError, SafetensorError) as fault:
            older = [path.name for path in self._complete_states() if path != folder]
            hint = f"; remove it to go on from {older[-1]}" if older else ""
            raise StateError(f"{folder} is damaged ({fault}){hint}.") from fault
        if not isinstance(facts, dict) or facts.pop("format", None) != FORMAT:
            raise StateError(
                f"{folder} was written by another version of this program: go on with that one, or "
                "begin anew in another folder."
            )
        return State(step=int(facts.pop("step")), tensors=tensors, facts=facts)

    def size_bytes(self) -> int:
        """The total size of the complete states on disk."""
        return sum(p.stat().st_size for folder in self._complete_states() for p in folder.iterdir())

    def _complete_states(self) -> list[Path]:
        found = (path.parent for path in self._folder.glob(f"step-*/{_FACTS}"))
        return sorted(path for path in found if not path.name.endswith(_PARTIAL))


def _write(state: State, folder: Path) -> None:
    """Write a state's files, the facts last, and sync all of them."""
    for group, tensors in state.tensors.items():
        plain = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
        save_file(plain, folder / f"{group}.safetensors")
    facts = {"format": FORMAT, "step": state.step, **state.facts}
    (folder / _FACTS).write_text(json.dumps(facts), "utf-8")
    for path in (*folder.iterdir(), folder):
        _sync_to_disk(path)


def _sync_to_disk(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def split_optimizer_state(state: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """An optimizer's `state_dict` as tensors by name ("7.exp_avg") and the JSON of the rest."""
    tensors: dict[str, Tensor] = {}
    rest: dict[str, Any] = {}
    for index, values in state["state"].items():
        for name, value in values.items():
            (tensors if isinstance(value, Tensor) else rest)[f"{index}.{name}"] = value
    return tensors, {"values": rest, "groups": state["param_groups"]}


def join_optimizer_state(tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> dict[str, Any]:
    """The `state_dict` that `split_optimizer_state` split."""
    state: dict[int, dict[str, Any]] = {}
    for path, value in [*tensors.items(), *facts["values"].items()]:
        index, _, name = path.partition(".")
        # torch stores a number as a 0-d tensor, which must not share the file's memory.
        own_value = value.clone() if isinstance(value, torch.Tensor) else value
        state.setdefault(int(index), {})[name] = own_value
    groups = [
        {name: tuple(v) if name == "betas" else v for name, v in group.items()}
        for group in facts["groups"]
    ]
    return {"state": state, "param_groups": groups}
