"""Samplers: they take a row from noise to picture, from one noise level to the next.

A picture in flight is `x = x0 + sigma * noise` (the "variance exploding" form of Karras et al.
2022, arXiv:2206.00364), float32, one sigma for each row. `SOLVERS` is the table of samplers: a new
one is an entry there and a name in `contract.Sampler`. The updates are pure functions over rows at
different steps; a row's `Descent` stores its position and its method's memory. `slots` provides the
predictions and calls `advance`. Nothing here may know UNets, prompts or requests.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from models.contract import Sampler
from models.engine.schedule import KarrasSpan, Points, Schedule

#: A method's state between evaluations: tensors of one row under the method's own names, or of
#: several rows stacked, (B, ...).
Memory = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Rows of one method after one evaluation of the UNet: the input of an update."""

    #: The evaluated input, (B, C, h, w).
    x: Tensor
    #: The predicted picture, (B, C, h, w).
    x0: Tensor
    #: The sigma at which each row's step begins, (B,).
    sigma: Tensor
    #: The sigma at which it ends, (B,), below `sigma` and at least 0.
    sigma_next: Tensor
    #: The rows' memory.
    memory: Memory
    #: Unit noise (B, C, h, w): each call draws the next from every row's own generator.
    noise: Callable[[], Tensor]


#: Maps the rows to their next x (B, C, h, w) and their new memory.
Update = Callable[[Rows], tuple[Tensor, Memory]]


def _empty_memory(x: Tensor) -> Memory:
    """The empty memory of most methods before the first step."""
    del x
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Solver:
    """One sampler: the positions of its steps, and its updates.

    `updates` has one function per evaluation of a step. The first evaluation is made where the step
    begins, the others where it ends, so the first update must reach `sigma_next` by itself; a step
    to sigma 0, where a UNet has nothing to predict, ends there.
    """

    points: Points
    updates: tuple[Update, ...]
    #: The memory before a row's first step, from its first x (C, h, w).
    begin: Callable[[Tensor], Memory] = _empty_memory

    @property
    def evaluations(self) -> int:
        """The UNet calls of a step, except the last step, which takes one."""
        return len(self.updates)


@dataclass(slots=True, kw_only=True)
class Descent:
    """One row's progress down its sigmas: `x` (C, h, w) is the UNet's next input, at `sigma`."""

    method: Solver
    sigmas: tuple[float, ...]
    #: The row's own generator, on the CPU: a row is the same whatever shares its batch.
    generator: torch.Generator
    x: Tensor
    memory: Memory = field(default_factory=dict[str, Tensor])
    #: Whole steps done.
    step: int = 0
    #: Evaluations done in the current step.
    evaluation: int = 0

    @property
    def sigma(self) -> float:
        """The noise level of `x`."""
        return self.sigmas[self.step if self.evaluation == 0 else self.step + 1]

    @property
    def between_steps(self) -> bool:
        """False in the middle of a step with more than one evaluation."""
        return self.evaluation == 0

    @property
    def done(self) -> bool:
        """True once `x` is the picture."""
        return self.step == len(self.sigmas) - 1

    def noise(self) -> Tensor:
        """Unit noise (C, h, w), the next draw of the row's generator."""
        return torch.randn(self.x.shape, generator=self.generator).to(self.x.device)

    def apply_update(self, x: Tensor, memory: Memory) -> None:
        """Apply an update: the row's next x and memory."""
        self.x, self.memory = x, memory
        self.evaluation += 1
        if self.evaluation == self.method.evaluations or self.sigmas[self.step + 1] == 0:
            self.step += 1
            self.evaluation = 0


def begin(
    sampler: Sampler,
    schedule: Schedule,
    steps: int,
    *,
    shape: tuple[int, int, int],
    seed: int,
    device: torch.device,
    source: Tensor | None = None,
    first_step: int = 0,
) -> Descent:
    """A row of shape (C, h, w) before its first step: pure noise from its seed.

    With a `source` (C, h, w), latents of x0, it begins there with the noise of a later step (Meng
    et al. 2021, SDEdit, arXiv:2108.01073). Raises ValueError if the schedule does not allow this
    number of steps.
    """
    method = SOLVERS[sampler]
    sigmas = schedule.sigmas(steps, method.points)
    generator = torch.Generator("cpu").manual_seed(seed)
    noise = torch.randn(shape, generator=generator)
    if source is None:
        x, first_step = first_x(noise, sigmas[0]), 0
    else:
        x = source.float().cpu() + noise * sigmas[first_step]
    x = x.to(device)
    return Descent(
        method=method,
        sigmas=sigmas,
        generator=generator,
        x=x,
        memory=method.begin(x),
        step=first_step,
    )


def first_x(noise: Tensor, sigma: float) -> Tensor:
    """The first x of a row (C, h, w) from unit noise, at the schedule's first sigma.

    Its variance is that of a noised unit-variance picture, `1 + sigma^2`, as in training.
    """
    return noise * (1 + sigma**2) ** 0.5


def advance(descents: Sequence[Descent], x: Tensor, x0: Tensor) -> Tensor:
    """Advance every row by the evaluation just made: x0 (B, C, h, w), predicted from x.

    Each row moves by its own method, from its own place within its step. Returns the next x.
    """
    result = torch.empty_like(x)
    groups: dict[tuple[Solver, int], list[int]] = {}
    for index, row in enumerate(descents):
        groups.setdefault((row.method, row.evaluation), []).append(index)
    for (method, evaluation), indices in groups.items():
        rows = [descents[index] for index in indices]
        result[indices], memory = method.updates[evaluation](
            _gather_rows(rows, x[indices], x0[indices])
        )
        for position, index in enumerate(indices):
            row_memory = {name: values[position] for name, values in memory.items()}
            descents[index].apply_update(result[index], row_memory)
    return result


def _gather_rows(rows: Sequence[Descent], x: Tensor, x0: Tensor) -> Rows:
    """Stack rows whose memories have the same names."""

    def column(values: Iterable[float]) -> Tensor:
        return torch.tensor(list(values), dtype=torch.float32, device=x.device)

    return Rows(
        x=x,
        x0=x0,
        sigma=column(row.sigmas[row.step] for row in rows),
        sigma_next=column(row.sigmas[row.step + 1] for row in rows),
        memory={name: torch.stack([row.memory[name] for row in rows]) for name in rows[0].memory},
        noise=lambda: torch.stack([row.noise() for row in rows]),
    )


def euler_step(x: Tensor, x0: Tensor, sigma: Tensor, sigma_next: Tensor) -> Tensor:
    """Euler's method along dx/dsigma = (x - x0) / sigma (Karras et al. 2022, algorithm 1).

    x, x0: (B, C, h, w); sigma > sigma_next >= 0: (B,). Returns x at sigma_next.
    """
    ratio = _column(sigma_next / sigma)
    return x0 + ratio * (x - x0)


def _euler(rows: Rows) -> tuple[Tensor, Memory]:
    """Plain Euler: nothing to remember."""
    return euler_step(rows.x, rows.x0, rows.sigma, rows.sigma_next), {}


def _heun_predict(rows: Rows) -> tuple[Tensor, Memory]:
    """The first half of a Heun step: Euler's, with its start remembered."""
    x = euler_step(rows.x, rows.x0, rows.sigma, rows.sigma_next)
    return x, {"x": rows.x, "x0": rows.x0}


def _heun_correct(rows: Rows) -> tuple[Tensor, Memory]:
    """The second half: from the start again, with the mean of the slopes at both ends.

    Karras et al. 2022, algorithm 1, lines 7 and 8; dx/dsigma = (x - x0) / sigma.
    """
    x = rows.memory["x"]
    slope = (x - rows.memory["x0"]) / _column(rows.sigma)
    slope_next = (rows.x - rows.x0) / _column(rows.sigma_next)
    return x + _column(rows.sigma_next - rows.sigma) * (slope + slope_next) / 2, {}


def _euler_ancestral(rows: Rows) -> tuple[Tensor, Memory]:
    """Euler's method to below sigma_next, then new noise up to it (ancestral sampling, eta 1)."""
    before, after = rows.sigma**2, rows.sigma_next**2
    up = torch.sqrt(after * (before - after) / before)
    down = torch.sqrt((after - up**2).clamp(min=0))
    return euler_step(rows.x, rows.x0, rows.sigma, down) + _column(up) * rows.noise(), {}


def _no_earlier_step(x: Tensor) -> Memory:
    """A multistep method's memory before its first step: infinite sigma means no earlier one."""
    return {"x0": torch.zeros_like(x), "sigma": torch.full((), torch.inf, device=x.device)}


def _dpmpp_2m(rows: Rows) -> tuple[Tensor, Memory]:
    """DPM-Solver++(2M), midpoint form (Lu et al. 2022, arXiv:2211.01095, algorithm 2).

    Remembers the previous step's x0 and sigma. A row without one takes a first-order step; so does
    a step to sigma 0.
    """
    h = torch.log(rows.sigma / rows.sigma_next)
    h_before = torch.log(rows.memory["sigma"] / rows.sigma)
    # 1 / (2 r) with r = h_before / h; the weight is 0 with nothing to extrapolate from, or to.
    usable = torch.isfinite(h) & torch.isfinite(h_before) & (h_before > 0)
    weight = torch.where(usable, h / (2 * h_before), torch.zeros_like(h))
    slope = rows.x0 + _column(weight) * (rows.x0 - rows.memory["x0"])
    x = slope + _column(rows.sigma_next / rows.sigma) * (rows.x - slope)
    return x, {"x0": rows.x0, "sigma": rows.sigma}


def _column(values: Tensor) -> Tensor:
    """(B,) to (B, 1, 1, 1), to scale pictures with."""
    return values[:, None, None, None]


#: The implementation of each sampler. Names and labels are in `contract.Sampler`.
SOLVERS: Mapping[Sampler, Solver] = {
    Sampler.EULER_A: Solver(points=Points(), updates=(_euler_ancestral,)),
    # DPM-Solver adds one point and drops the lowest: its last step goes to 0 at once.
    Sampler.DPMPP_2M: Solver(
        points=Points(spare=1, whole=True, karras=KarrasSpan.TABLE),
        updates=(_dpmpp_2m,),
        begin=_no_earlier_step,
    ),
    Sampler.EULER: Solver(points=Points(), updates=(_euler,)),
    # In sigma, DDIM's eq. 12 with eta 0 is Euler's step: x0 + sigma_next * the predicted noise. Its
    # difference is that it uses only training timesteps.
    Sampler.DDIM: Solver(
        points=Points(whole=True, karras=KarrasSpan.NONE),
        updates=(_euler,),
    ),
    Sampler.HEUN: Solver(points=Points(), updates=(_heun_predict, _heun_correct)),
}
