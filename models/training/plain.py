"""The plain training: networks, a loss per step, Muon and Adam.

Used by the stages of the pre-training and by the aesthetic head. Must not know what the networks
are for.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.training.average import Average
from models.training.learner import Learner
from models.training.muon import Muon
from models.training.progress import Progress
from models.training.state import StateError
from models.training.trainer import Advice, Gradients, Trainer
from models.training.watch import Interruption

#: The loss, 0-d, of step number `step` (from 0), and its number of pictures.
LossFunction = Callable[[int], tuple[Tensor, int]]

#: The norm to which a step's gradients are clipped.
_CLIP_NORM = 1.0


def rate_factor(step: int, steps: int, warmup_steps: int = 100, flat_share: float = 0.4) -> float:
    """The learning rate relative to its peak.

    Linear warm-up, flat, then linear down to nearly zero.
    """
    if step < warmup_steps:
        return (step + 1) / warmup_steps
    progress = step / steps
    return 1.0 if progress < flat_share else max(0.01, (1 - progress) / (1 - flat_share))


def optimizers(
    modules: dict[str, nn.Module], rates: dict[str, float], adam_only: tuple[str, ...]
) -> dict[str, torch.optim.Optimizer]:
    """Muon for matrices and convolutions; Adam for vectors, embeddings and `adam_only` names.

    Every group has the rate of its module.
    """
    matrices: list[dict[str, Any]] = []
    others: list[dict[str, Any]] = []
    for module_name, module in modules.items():
        split: dict[bool, list[nn.Parameter]] = {True: [], False: []}
        for name, p in module.named_parameters():
            by_adam = p.ndim < 2 or "embedding" in name or any(part in name for part in adam_only)
            split[by_adam].append(p)
        for by_adam, groups in ((False, matrices), (True, others)):
            if split[by_adam]:
                groups.append({"params": split[by_adam], "lr": rates[module_name]})
    return {"muon": Muon(matrices), "adam": torch.optim.Adam(others, betas=(0.9, 0.99))}


class PlainTraining:
    """Networks trained by a loss, with an average of their weights."""

    #: Advice for people when the training cannot go on.
    advice = Advice(
        resume="Run the same command again to go on",
        save_memory="A smaller batch needs less.",
        other_folder="another --work",
    )

    def __init__(
        self,
        modules: dict[str, nn.Module],
        loss: LossFunction,
        *,
        steps: int,
        lr: float,
        decay: float = 0.999,
        adam_only: tuple[str, ...] = (),
        rate_shares: dict[str, float] | None = None,
        save_every: int = 250,
        after_step: Callable[[int], None] | None = None,
    ) -> None:
        """`rate_shares` gives modules a learning rate that is a share of the others'.

        `after_step` is called after every step with the number done, after any state was saved.
        """
        self.steps = steps
        self._loss, self._save_every, self._after_step = loss, save_every, after_step
        rates = {name: lr * (rate_shares or {}).get(name, 1.0) for name in modules}
        networks = nn.ModuleDict(modules)
        self._parameters = list(networks.parameters())
        average = Average(dict(networks.named_parameters()), decay)
        by_method = optimizers(modules, rates, adam_only)
        self.learner = Learner(networks.state_dict(), by_method, average)

    def gradients(self, step: int) -> Gradients:
        """The clipped gradients of the step's loss."""
        loss, rows = self._loss(step)
        loss.backward()
        norm = nn.utils.clip_grad_norm_(self._parameters, _CLIP_NORM)
        return Gradients(loss=loss.item(), norm=norm.item(), rows=rows)

    def rate(self, step: int, peak: float) -> float:
        """The learning rate of that step."""
        return peak * rate_factor(step, self.steps, warmup_steps=min(100, self.steps // 4 or 1))

    def is_save_due(self, step: int) -> bool:
        """Whether to save: every `save_every` steps."""
        return step % self._save_every == 0

    def facts(self) -> dict[str, Any]:
        """Nothing: the weights' names and shapes identify the training."""
        return {}

    def require_match(self, facts: dict[str, Any], folder: Path) -> None:
        """Nothing to check, see `facts`."""

    def after_step(self, step: int) -> None:
        """Call the callback given at construction."""
        if self._after_step is not None:
            self._after_step(step)


def train(training: PlainTraining, folder: Path) -> None:
    """Train to the end, from the folder's state if it has one; then use the averaged weights.

    A finished training takes no more steps. Raises EngineError and StoppedError like a trainer.
    """
    _refuse_old_format(folder)
    progress = Progress()
    trainer = Trainer(training, folder, say=progress.say)
    if trainer.step < training.steps:
        progress.say(f"training {folder.name} for {training.steps} steps, its curve is in {folder}")
    try:
        with Interruption() as interruption:
            trainer.run(interruption)
    finally:
        progress.end()
    assert training.learner.average is not None
    training.learner.average.apply()


def _refuse_old_format(folder: Path) -> None:
    """Raise StateError if an old-format training lies beside a folder without states."""
    old = folder.with_name(folder.name + ".pt")
    if old.exists() and not (folder / "states").exists():
        raise StateError(
            f"{old} was made by another version of this training: move it away to begin anew, or "
            "go on with the version that made it."
        )
