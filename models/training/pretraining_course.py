"""What all trainings share: the course of a run, and checkpoints that resume exactly.

Called by the stages. It must not know what is trained.
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from models.contract import EngineError
from models.training.average import Average
from models.training.muon import Muon

#: The stage's own step: learning rate already set; gives the loss as a 0-d tensor.
StepFunction = Callable[[int], Tensor]


def factor(step: int, steps: int, warm: int = 100, flat: float = 0.4) -> float:
    """Learning rate over its peak: linear warm-up, flat, then linear down to nearly nothing."""
    if step < warm:
        return (step + 1) / warm
    done = step / steps
    return 1.0 if done < flat else max(0.01, (1 - done) / (1 - flat))


def optimizers(
    modules: dict[str, nn.Module], rates: dict[str, float], plain: tuple[str, ...]
) -> list[torch.optim.Optimizer]:
    """Muon for matrices and convolutions; Adam for vectors, embeddings and `plain` names.

    Every group keeps its module's rate as `peak`.
    """
    matrices: list[dict[str, object]] = []
    others: list[dict[str, object]] = []
    for module_name, module in modules.items():
        sorted_out: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for name, p in module.named_parameters():
            by_adam = p.ndim < 2 or "embedding" in name or any(part in name for part in plain)
            sorted_out[by_adam].append(p)
        for by_adam, groups in ((False, matrices), (True, others)):
            if sorted_out[by_adam]:
                groups.append({"params": sorted_out[by_adam], "peak": rates[module_name]})
    return [Muon(matrices), torch.optim.Adam(others, betas=(0.9, 0.99))]


class Course:
    """One training: modules, optimizers, average and step number, saved and resumed as one."""

    def __init__(
        self,
        modules: dict[str, nn.Module],
        path: Path,
        *,
        steps: int,
        lr: float,
        decay: float = 0.999,
        adam_only: tuple[str, ...] = (),
        slow: dict[str, float] | None = None,
    ) -> None:
        """`slow` names modules whose learning rate is a share of the others'."""
        self.modules, self.path, self.steps = modules, path, steps
        rates = {name: lr * (slow or {}).get(name, 1.0) for name in modules}
        self.optimizers = optimizers(modules, rates, adam_only)
        weights = nn.ModuleDict(modules).named_parameters()
        self.average = Average(dict(weights), decay)
        self.step = 0
        self.log: list[tuple[int, float, float]] = []
        if path.exists():
            self._load()

    def _load(self) -> None:
        state = torch.load(self.path, map_location="cpu", weights_only=True)
        if set(state["modules"]) != set(self.modules):
            raise EngineError(
                f"{self.path} was made by another version of this training: move it away to begin "
                f"anew, or go on with the version that made it."
            )
        for name, module in self.modules.items():
            module.load_state_dict(state["modules"][name])
        for optimizer, saved in zip(self.optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        self.average.load(state["average"])
        self.step = state["step"]
        self.log = [(int(a), float(b), float(c)) for a, b, c in state["log"]]

    def save(self) -> None:
        """Write everything to a new file, then put it in place: a fault keeps the last good one."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        state = {
            "modules": {name: m.state_dict() for name, m in self.modules.items()},
            "optimizers": [optimizer.state_dict() for optimizer in self.optimizers],
            "average": self.average.shadow,
            "step": self.step,
            "log": self.log,
        }
        torch.save(state, part)
        part.replace(self.path)
        self.path.with_suffix(".json").write_text(json.dumps(self.log), encoding="utf-8")

    def run(
        self,
        one: StepFunction,
        *,
        until: int | None = None,
        save_every: int = 250,
        show: Callable[[], None] | None = None,
        show_every: int = 1_000,
    ) -> None:
        """Train from the step reached to the last (or to `until`), with a progress bar.

        `show` is called now and then, to draw what the training can do by then. Raises
        FloatingPointError when the loss is no number; the last checkpoint stays.
        """
        from tqdm import tqdm

        last = self.steps if until is None else min(until, self.steps)
        losses: list[Tensor] = []
        start = time.monotonic()
        bar = tqdm(
            range(self.step, last),
            initial=self.step,
            total=self.steps,
            desc=self.path.stem,
            mininterval=2,
        )
        for step in bar:
            losses.append(self._train(one, step))
            self.step = step + 1
            if self.step % 25 == 0 or self.step == last:
                mean = torch.stack(losses).mean().item()
                losses.clear()
                self._note(mean, time.monotonic() - start)
                bar.set_postfix(loss=f"{mean:.4f}")
            if self.step % save_every == 0 or self.step == last:
                self.save()
            if show and (self.step % show_every == 0 or self.step == last):
                show()

    def _note(self, loss: float, seconds: float) -> None:
        if not math.isfinite(loss):
            raise FloatingPointError(
                f"{self.path.stem}: the loss is no number at step {self.step}; the checkpoint "
                f"before it is kept, run the same command again to go on from there"
            )
        self.log.append((self.step, round(seconds, 1), loss))

    def _train(self, one: StepFunction, step: int) -> Tensor:
        share = factor(step, self.steps, warm=min(100, self.steps // 4 or 1))
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["peak"] * share
            optimizer.zero_grad()
        loss = one(step)
        loss.backward()
        nn.utils.clip_grad_norm_([p for m in self.modules.values() for p in m.parameters()], 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.average.update(step)
        return loss.detach()
