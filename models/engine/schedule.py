"""Schedules: a model's training noise levels, and the placement of a picture's steps on them.

A noise level is the sigma of `x = x0 + sigma * noise` (the "variance exploding" form of Karras et
al. 2022, arXiv:2206.00364). Called by `loader`, `samplers` and the training loop. Must not know
UNets, prompts or devices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.contract import EngineError

#: Replaces an alpha-bar of 0 (zero terminal SNR, arXiv:2305.08891), whose sigma is infinite.
_ALPHA_BAR_MIN = 2.0**-24
#: The exponent of the Karras table (Karras et al. 2022, eq. 5).
_RHO = 7.0


class Spacing(StrEnum):
    """How the steps are spread over the training timesteps (arXiv:2305.08891, table 2)."""

    #: From the last timestep to the first, both included.
    LINSPACE = "linspace"
    #: Equal strides upward from the first timestep; the last is not reached.
    LEADING = "leading"
    #: Equal strides downward from the last timestep.
    TRAILING = "trailing"


class KarrasSpan(StrEnum):
    """The range of a schedule's Karras table, if it has one, for a sampler."""

    #: The sampler's own first and last point.
    OWN = "own"
    #: The ends of the training table.
    TABLE = "table"
    #: No table: the sampler keeps to training timesteps.
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Points:
    """The positions of a sampler's steps on a schedule; the defaults are Euler's."""

    #: Points that linspace and leading add to the steps; the lowest are then dropped.
    spare: int = 0
    #: Whether timesteps are rounded to training timesteps.
    whole: bool = False
    karras: KarrasSpan = KarrasSpan.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """A model's training noise levels, and the rule that places a number of steps on them.

    `train_sigmas` is float64, (T,), rising: the sigma of timestep 0 .. T-1.
    """

    train_sigmas: NDArray[np.float64]
    spacing: Spacing
    offset: int = 0
    karras: bool = False

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Schedule:
        """Read a folder's scheduler_config.json. Raises EngineError for unsupported settings."""
        if "FlowMatch" in str(config.get("_class_name")) or config.get("use_flow_sigmas"):
            raise EngineError("scheduler_config.json is of a flow model, which is not supported.")
        alpha_bars: NDArray[np.float64] = np.cumprod(1.0 - _betas(config), dtype=np.float64)
        if config.get("rescale_betas_zero_snr"):
            alpha_bars = _with_zero_terminal_snr(alpha_bars)
        spacing = config.get("timestep_spacing", _default_spacing(config))
        if spacing not in list(Spacing):
            raise EngineError(f"scheduler_config.json: timestep_spacing {spacing!r} is not known.")
        return cls(
            train_sigmas=np.sqrt((1 - alpha_bars) / alpha_bars),
            spacing=Spacing(spacing),
            offset=int(config.get("steps_offset", 0)),
            karras=bool(config.get("use_karras_sigmas", False)),
        )

    def sigmas(self, steps: int, points: Points) -> tuple[float, ...]:
        """The `steps + 1` falling noise levels of one picture; the last is 0."""
        if not 1 <= steps <= len(self.train_sigmas):
            raise ValueError(f"a picture takes 1 to {len(self.train_sigmas)} steps, not {steps}")
        levels = self._levels(self._timesteps(steps, points))
        if self.karras and points.karras is not KarrasSpan.NONE:
            ends = self.train_sigmas if points.karras is KarrasSpan.TABLE else levels[::-1]
            levels = _karras(steps, ends[0], ends[-1])
        return (*levels.astype(np.float32).tolist(), 0.0)

    def _timesteps(self, steps: int, points: Points) -> NDArray[np.float64]:
        """The training timesteps of the steps, falling."""
        count = len(self.train_sigmas)
        if self.spacing is Spacing.TRAILING:
            return np.round(np.arange(count, 0, -count / steps))[:steps] - 1
        point_count = steps + points.spare
        if self.spacing is Spacing.LINSPACE:
            timesteps = np.linspace(0, count - 1, point_count)
        else:
            timesteps = np.arange(point_count) * float(count // point_count) + self.offset
        if points.whole:
            timesteps = np.round(timesteps)
        return np.minimum(timesteps[::-1][:steps], count - 1)

    def _levels(self, timesteps: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sigma of each timestep, by linear interpolation in the training table."""
        return np.interp(timesteps, np.arange(len(self.train_sigmas)), self.train_sigmas)


def _karras(steps: int, low: float, high: float) -> NDArray[np.float64]:
    """Karras et al. 2022, eq. 5, falling from `high` to `low`."""
    ramp = np.linspace(0, 1, steps)
    return (high ** (1 / _RHO) + ramp * (low ** (1 / _RHO) - high ** (1 / _RHO))) ** _RHO


def _betas(config: Mapping[str, Any]) -> NDArray[np.float64]:
    """The noise added at each training timestep, (T,), in the training's precision."""
    trained = config.get("trained_betas")
    if trained is not None:
        return np.asarray(trained, np.float64)
    kind = config.get("beta_schedule", "linear")
    first, last = float(config.get("beta_start", 1e-4)), float(config.get("beta_end", 0.02))
    count = int(config.get("num_train_timesteps", 1000))
    if kind == "linear":
        return np.linspace(first, last, count)
    if kind == "scaled_linear":
        return np.linspace(first**0.5, last**0.5, count) ** 2
    raise EngineError(f"scheduler_config.json: beta_schedule {kind!r} is not supported.")


def _with_zero_terminal_snr(alpha_bars: NDArray[np.float64]) -> NDArray[np.float64]:
    """Shift and scale sqrt(alpha-bar) so that the last is 0 (arXiv:2305.08891, algorithm 1)."""
    roots = np.sqrt(alpha_bars)
    roots = (roots - roots[-1]) * roots[0] / (roots[0] - roots[-1])
    return np.maximum(roots**2, _ALPHA_BAR_MIN)


def _default_spacing(config: Mapping[str, Any]) -> str:
    """The default spacing in diffusers for old configs without one: each class has its own."""
    linspace = "Euler" in config.get("_class_name", "") or "DPMSolver" in config.get(
        "_class_name", ""
    )
    return Spacing.LINSPACE if linspace else Spacing.LEADING
