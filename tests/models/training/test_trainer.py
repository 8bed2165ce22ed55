"""The trainer: what stops it, what it leaves then, and that it resumes exactly."""

from __future__ import annotations

import json
import math
import resource
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch
from torch import Tensor, nn

from models.contract import EngineError
from models.training.curves import read
from models.training.plain import PlainTraining, rate_factor, train
from models.training.state import StateError, States
from models.training.trainer import Trainer
from models.training.watch import StoppedError
from tests.stages.one_line import raises_one_line
from tests.stages.tiny_finetuning import interrupt

STEPS = 20


@dataclass
class Bowl:
    """A training of a small network with dropout and statistics; things can happen in a step."""

    folder: Path
    happens: dict[int, Callable[[], None]] = field(default_factory=dict)
    spoils: dict[int, float] = field(default_factory=dict)
    passed: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)

    def training(
        self, save_every: int = 4, steps: int = STEPS, wide: int = 8, lr: float = 0.01
    ) -> PlainTraining:
        torch.manual_seed(1)
        self.net = nn.Sequential(
            nn.Linear(4, wide), nn.BatchNorm1d(wide), nn.Dropout(0.2), nn.Linear(wide, 1)
        )
        return PlainTraining(
            {"net": self.net},
            self.loss,
            steps=steps,
            lr=lr,
            save_every=save_every,
            after_step=self.passed.append,
        )

    def loss(self, step: int) -> tuple[Tensor, int]:
        if step in self.happens:
            self.happens.pop(step)()
        g = torch.Generator().manual_seed(step)
        x = torch.randn(16, 4, generator=g)
        loss = ((self.net(x) - x.sum(1, keepdim=True)) ** 2).mean()
        return loss * self.spoils.get(step, 1.0), len(x)

    def train(self, **changes: Any) -> dict[str, Tensor]:
        """Train to the end, from the existing state; return the weights."""
        train(self.training(**changes), self.folder)
        return dict(self.net.state_dict())

    def trainer(self, **changes: Any) -> Trainer:
        return Trainer(self.training(), self.folder, say=self.said.append, **changes)

    @property
    def states(self) -> list[str]:
        return sorted(path.name for path in (self.folder / "states").iterdir())

    @property
    def curve(self) -> list[tuple[int, float, float, float]]:
        points = read(self.folder / "curve.csv")
        return [(p.step, p.loss, p.lr, p.grad_norm) for p in points]


class After:
    """Asks to stop after a given number of steps."""

    def __init__(self, steps: int) -> None:
        self._left = steps

    @property
    def requested(self) -> bool:
        self._left -= 1
        return self._left == 0


NEVER = After(0)


@pytest.fixture
def bowl(tmp_path: Path) -> Bowl:
    return Bowl(tmp_path / "bowl")


@pytest.fixture
def whole(tmp_path: Path) -> Bowl:
    """An unbroken training."""
    bowl = Bowl(tmp_path / "whole")
    bowl.train()
    return bowl


def assert_same(one: Bowl, other: Bowl) -> None:
    """Assert that weights, moments, average, generators and curves are equal bit for bit."""
    states = [States(b.folder / "states") for b in (one, other)]
    a, b = (s.load(latest) for s in states if (latest := s.latest()))
    assert a.step == b.step
    assert a.facts == b.facts
    assert a.tensors.keys() == b.tensors.keys() == {
        "weights", "average", "generators", "muon", "adam"
    }  # fmt: skip
    for group, tensors in a.tensors.items():
        assert tensors.keys() == b.tensors[group].keys()
        for name, value in tensors.items():
            assert torch.equal(value, b.tensors[group][name]), (group, name)
    assert one.curve == other.curve
    for name, value in one.net.state_dict().items():
        assert torch.equal(value, other.net.state_dict()[name]), name


@pytest.mark.parametrize("behind", [1, 7, 8])
def test_a_stop_request_ends_the_run_there_and_loses_nothing(
    bowl: Bowl, whole: Bowl, behind: int
) -> None:
    with raises_one_line(
        StoppedError, match=rf"stopped; .*step-{behind:08d}\. Run the same command"
    ):
        bowl.trainer().run(After(behind))
    assert bowl.states[-1] == f"step-{behind:08d}"
    torch.rand(9)  # Other code draws from torch's global generator.
    bowl.train()
    assert_same(bowl, whole)


def test_ctrl_c_stops_after_the_current_step(bowl: Bowl, whole: Bowl) -> None:
    bowl.happens = {5: interrupt}
    with raises_one_line(StoppedError, match=r"stopped; .*step-00000006"):
        bowl.train()
    assert len(bowl.curve) == 6
    bowl.train()
    assert_same(bowl, whole)


def test_a_second_ctrl_c_stops_at_once(bowl: Bowl, whole: Bowl) -> None:
    def twice() -> None:
        interrupt()
        interrupt()

    bowl.happens = {5: twice}
    with raises_one_line(StoppedError, match=r"stopped before it was done; .*step-00000004"):
        bowl.train()
    assert len(bowl.curve) == 5
    bowl.train()
    assert_same(bowl, whole)


def test_a_killed_training_resumes_from_its_last_state(bowl: Bowl, whole: Bowl) -> None:
    class Killed(BaseException):
        """An exception that no handler catches."""

    def killed() -> None:
        raise Killed

    bowl.happens = {10: killed}
    with pytest.raises(Killed):
        bowl.train()
    assert bowl.states == ["step-00000004", "step-00000008"]
    bowl.train()
    assert_same(bowl, whole)


def test_a_nan_loss_stops_before_the_weights_change(bowl: Bowl, whole: Bowl) -> None:
    bowl.spoils = {8: math.nan}
    with raises_one_line(
        EngineError, match=r"step 9: loss nan, gradient norm nan; .*step-00000008"
    ):
        bowl.train()
    held = States(bowl.folder / "states").load(bowl.folder / "states" / "step-00000008")
    for name, value in bowl.net.named_parameters():
        assert torch.equal(value, held.tensors["weights"][f"net.{name}"])
        assert value.grad is None
    bowl.spoils = {}
    bowl.train()
    assert_same(bowl, whole)


def test_gradients_that_are_not_finite_stop_the_run_too(
    bowl: Bowl, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(nn.utils, "clip_grad_norm_", lambda *_: torch.tensor(math.inf))
    with raises_one_line(EngineError, match=r"step 1: loss \d.*, gradient norm inf; no state was"):
        bowl.train()


def test_a_loss_spike_stops_the_run_only_if_requested(bowl: Bowl) -> None:
    bowl.spoils = dict.fromkeys(range(150, 400), 1e6)
    trainer = Trainer(bowl.training(steps=400), bowl.folder, say=bowl.said.append, spike=5.0)
    with raises_one_line(EngineError, match=r"step 151: .*times its usual.*step-00000148"):
        trainer.run(NEVER)
    shutil.rmtree(bowl.folder)
    Trainer(bowl.training(steps=160), bowl.folder, say=bowl.said.append).run(NEVER)


def test_the_last_two_states_are_kept_including_the_final_one(bowl: Bowl) -> None:
    bowl.train(save_every=7)
    assert bowl.states == ["step-00000014", "step-00000020"]


def test_a_finished_training_takes_no_more_steps(bowl: Bowl) -> None:
    first = bowl.train()
    bowl.spoils = dict.fromkeys(range(STEPS), math.nan)
    again = bowl.train()
    assert all(torch.equal(value, again[name]) for name, value in first.items())
    assert len(bowl.curve) == STEPS
    assert bowl.passed == list(range(1, STEPS + 1))
    # Asking for fewer steps does not discard what was learned.
    fewer = bowl.train(steps=12)
    assert all(torch.equal(value, fewer[name]) for name, value in first.items())


def test_a_higher_step_count_trains_further(bowl: Bowl) -> None:
    bowl.train()
    bowl.train(steps=STEPS + 3)
    assert [step for step, *_ in bowl.curve] == list(range(1, STEPS + 4))


def test_nothing_in_a_state_can_run_code(bowl: Bowl) -> None:
    bowl.train()
    files = [path for path in (bowl.folder / "states").rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".safetensors", ".json"}
    for path in files:
        # A file of tensors begins with the length of its JSON.
        assert path.read_bytes()[8 * (path.suffix == ".safetensors") :].startswith(b"{")
    facts = json.loads((bowl.folder / "states" / "step-00000020" / "state.json").read_text())
    assert facts["step"] == STEPS


class Disk(NamedTuple):
    """The result of `shutil.disk_usage`."""

    free: int


def test_too_little_disk_for_three_states_is_reported_before_step_one(
    bowl: Bowl, monkeypatch: pytest.MonkeyPatch
) -> None:
    state_bytes = bowl.training().learner.state_bytes
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(3 * state_bytes - 1))
    with raises_one_line(EngineError, match="make room or name another --work"):
        bowl.train()
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(3 * state_bytes))
    bowl.train()


def test_a_disk_too_full_for_the_next_state_stops_without_loss(
    bowl: Bowl, whole: Bowl, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        full = {6: lambda: patch.setattr(shutil, "disk_usage", lambda _: Disk(0))}
        bowl.happens = dict(full)
        with raises_one_line(
            EngineError, match=r"has 0\.0 GB left; make room.*step-00000008\. Run"
        ):
            bowl.train()
    assert len(bowl.curve) == 8
    bowl.train()
    assert_same(bowl, whole)


def test_a_disk_that_fills_up_is_reported_once_each_time(
    bowl: Bowl, monkeypatch: pytest.MonkeyPatch
) -> None:
    left = {5: 0, 7: 10**12, 9: 0}
    bowl.happens = {
        step: lambda free=free: monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(free))
        for step, free in left.items()
    }
    training = bowl.training(save_every=99, steps=12)
    Trainer(training, bowl.folder, say=bowl.said.append).run(NEVER)
    warned = [at for at, line in enumerate(bowl.said) if "make room before it is due" in line]
    assert [bowl.said[at - 1].partition("  ")[0] for at in warned] == ["step 6/12", "step 10/12"]


def test_a_full_disk_keeps_the_earlier_states(bowl: Bowl, whole: Bowl) -> None:
    limit = resource.getrlimit(resource.RLIMIT_FSIZE)
    # From here on no file may grow beyond this: a write fails as on a full disk.
    bowl.happens = {9: lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4000, limit[1]))}
    try:
        with raises_one_line(EngineError, match=r"step-00000012 cannot be written .*step-00000008"):
            bowl.train()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limit)
    assert bowl.states == ["step-00000004", "step-00000008"]
    bowl.train()
    assert_same(bowl, whole)


def test_a_write_error_says_which_state_is_kept(bowl: Bowl) -> None:
    def full() -> None:
        raise OSError(28, "No space left on device", "curve.csv")

    bowl.happens = {5: full}
    with raises_one_line(EngineError, match=r"No space left on device.*step-00000004\. Run"):
        bowl.train()


def test_an_interrupted_state_is_removed(bowl: Bowl) -> None:
    (bowl.folder / "states" / "step-00000003.part").mkdir(parents=True)
    bowl.train()
    assert bowl.states == ["step-00000016", "step-00000020"]


def test_a_new_learning_rate_applies_from_the_resumed_step(bowl: Bowl) -> None:
    with pytest.raises(StoppedError):
        bowl.trainer().run(After(10))
    bowl.train(lr=0.001)
    rates = [lr for _, _, lr, _ in bowl.curve]
    assert rates[9] == 0.01 * rate_factor(9, STEPS, warmup_steps=5)
    assert rates[10] == 0.001 * rate_factor(10, STEPS, warmup_steps=5)


def test_a_state_of_other_networks_is_refused(bowl: Bowl) -> None:
    bowl.train()
    with raises_one_line(StateError, match=r"step-00000020 was made by another version.*move it"):
        bowl.train(wide=9)


def test_a_checkpoint_of_the_old_format_is_refused(bowl: Bowl) -> None:
    bowl.folder.with_name("bowl.pt").touch()
    with raises_one_line(StateError, match=r"bowl\.pt was made by another version.*move it away"):
        bowl.train()
    bowl.folder.with_name("bowl.pt").unlink()
    bowl.train()
    bowl.folder.with_name("bowl.pt").touch()
    bowl.train()


def test_too_little_memory_is_reported_with_what_helps(bowl: Bowl) -> None:
    def full() -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    bowl.happens = {5: full}
    with raises_one_line(
        EngineError, match=r"memory\. A smaller batch needs less; .*step-00000004"
    ):
        bowl.train()


def test_random_draws_between_steps_do_not_change_the_run(bowl: Bowl, whole: Bowl) -> None:
    training = bowl.training()
    training._after_step = lambda _: torch.rand(3)
    train(training, bowl.folder)
    assert_same(bowl, whole)


def test_the_curve_records_rate_and_gradient_norm_of_each_step(bowl: Bowl) -> None:
    bowl.train()
    rates = [0.01 * rate_factor(step, STEPS, warmup_steps=5) for step in range(STEPS)]
    assert [lr for _, _, lr, _ in bowl.curve] == rates
    assert (bowl.folder / "curve.png").exists()
    assert all(norm > 0 for *_, norm in bowl.curve)


def test_progress_lines_show_the_step_and_the_time_left(bowl: Bowl) -> None:
    bowl.trainer().run(NEVER)
    assert bowl.said[-1].startswith("step 20/20  loss ")
    assert bowl.said[-1].endswith(" img/s  0:00:00 left")


def test_gradients_are_clipped_to_norm_one_and_the_raw_norm_is_reported(bowl: Bowl) -> None:
    bowl.spoils = {0: 1e3}
    training = bowl.training()
    told = training.gradients(0)
    left = torch.stack([p.grad.norm() for p in bowl.net.parameters() if p.grad is not None]).norm()
    assert told.norm > 100
    assert float(left) == pytest.approx(1, rel=1e-3)


def test_the_averaged_weights_are_in_the_networks_at_the_end(bowl: Bowl) -> None:
    weights = bowl.train()
    place = bowl.folder / "states" / f"step-{STEPS:08d}"
    held = States(bowl.folder / "states").load(place).tensors
    for name, _ in bowl.net.named_parameters():
        assert torch.equal(weights[name], held["average"][f"net.{name}"])
        assert not torch.equal(weights[name], held["weights"][f"net.{name}"])
