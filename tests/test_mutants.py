"""The mutants themselves: what they change, what they leave alone, and that tests notice them."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.mutants.changes import Mutant, mutants
from tests.mutants.covering import CoverageMap, Covered, Tracer
from tests.mutants.grafting import LiveFunctions, UnfitError
from tests.mutants.trial import Verdict
from tests.mutants.verdicts import Verdicts

SOURCE = '''\
from functools import cached_property, lru_cache

_LIMIT = 3


def is_many(count: int, least: int = 2) -> bool:
    """Not a text that means anything."""
    assert count >= 0, "no count"
    if count > 9:
        raise ValueError("too many")
    return count > least


class Shop:
    def __init__(self) -> None:
        self.count = 1

    @cached_property
    def stock(self) -> int:
        return self.count + 1

    def opened(self) -> list[int]:
        return [
            day
            for day in range(
                7,
            )
        ]
'''


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "shop.py"
    path.write_text(SOURCE)
    return path


@pytest.fixture
def shop(path: Path) -> ModuleType:
    return load_module(path)


def load_module(path: Path) -> ModuleType:
    spec = spec_from_file_location("shop", path)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def changes(shop: ModuleType) -> list[Mutant]:
    return list(mutants(Path(str(shop.__file__))))


def mutant_with(shop: ModuleType, text: str) -> Mutant:
    """The mutant whose source contains this text."""
    return next(m for m in changes(shop) if text in m.source())


def holds_in_fork(check: Callable[[], bool]) -> bool:
    pid = os.fork()
    if pid == 0:
        code = 2
        try:
            code = 0 if check() else 1
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


def test_mutants_change_functions_but_neither_data_nor_messages(shop: ModuleType) -> None:
    found = changes(shop)
    assert {m.function for m in found} == {"is_many", "Shop.__init__", "Shop.stock", "Shop.opened"}
    sources = [m.source() for m in found]
    assert len(set(sources)) == len(sources)
    assert any("return count >= least" in source for source in sources)
    assert any("assert count > 0" in source for source in sources)
    for kept in ('"no count"', 'ValueError("too many")', "_LIMIT = 3", "least: int = 2", '"""Not'):
        assert all(kept in source for source in sources), kept


def test_a_mutants_name_lasts_as_long_as_its_function_is_unchanged(shop: ModuleType) -> None:
    path = Path(str(shop.__file__))
    before = {m.name: m.function for m in changes(shop)}
    path.write_text(SOURCE.replace("self.count = 1", "self.count = 2"))
    kept = {m.name for m in changes(shop)} & before.keys()
    assert {before[name] for name in kept} == {"is_many", "Shop.stock", "Shop.opened"}


def test_every_reference_to_a_function_runs_its_mutant(shop: ModuleType) -> None:
    held, stock = shop.is_many, LiveFunctions([Path(str(shop.__file__))], frozenset())

    def noticed() -> bool:
        for text in ("return count >= least", "return self.count - 1"):
            stock.graft(mutant_with(shop, text))
        return held(2) and shop.Shop().stock == 0

    assert not held(2)
    assert shop.Shop().stock == 2
    assert holds_in_fork(noticed)


@pytest.mark.parametrize("before", [False, True])
def test_a_later_load_of_the_file_runs_the_mutant(path: Path, *, before: bool) -> None:
    held = load_module(path) if before else None
    stock = LiveFunctions([path], frozenset())
    (mutant,) = (m for m in mutants(path) if "return count >= least" in m.source())

    def noticed() -> bool:
        stock.graft(mutant)
        return load_module(path).is_many(2) and (held is None or held.is_many(2))

    assert holds_in_fork(noticed)
    assert not load_module(path).is_many(2)


def test_a_mutant_of_a_missing_function_is_reported(shop: ModuleType) -> None:
    path = Path(str(shop.__file__))
    stock = LiveFunctions([path], frozenset())
    path.write_text(SOURCE + "\n\ndef new() -> int:\n    return 1\n")
    with pytest.raises(UnfitError):
        stock.graft(mutant_with(shop, "return 2"))


def test_a_test_that_runs_one_line_covers_the_whole_statement(shop: ModuleType) -> None:
    path = Path(str(shop.__file__))
    tracer = Tracer([path])
    tracer.switch_to("many")
    shop.is_many(1)
    tracer.switch_to("opened")
    shop.Shop().opened()
    lines = tracer.stop()
    tests = {
        name: Covered(seconds=seconds, passed=passed, lines=lines.get(of_test, {}))
        for name, of_test, seconds, passed in (
            ("slow", "many", 2.0, True),
            ("quick", "many", 1.0, True),
            ("broken", "many", 0.5, False),
            ("open", "opened", 1.0, True),
        )
    }
    found, at = CoverageMap(tests, {}), SOURCE.splitlines().index
    assert found.tests_for(path, at("    return count > least") + 1) == ["quick", "slow"]
    assert found.tests_for(path, at('        raise ValueError("too many")') + 1) == []
    for line in ("            day", "                7,"):
        assert found.tests_for(path, at(line) + 1) == ["open"]


def test_the_verdict_on_a_mutant_survives_a_restart(shop: ModuleType, tmp_path: Path) -> None:
    first, second, *_ = changes(shop)
    kept = Verdicts(tmp_path / "kept.jsonl")
    kept.record(first, Verdict.LIVES, 1.0)
    kept.record(first, Verdict.CAUGHT, 1.0)
    again = Verdicts(tmp_path / "kept.jsonl")
    assert again.verdict_on(first) is Verdict.CAUGHT
    assert again.verdict_on(second) is None
