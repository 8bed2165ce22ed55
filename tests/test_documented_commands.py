"""The program accepts every command that README and docs tell people to type."""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.__main__ import COMMANDS as BOT
from models.__main__ import COMMANDS as MODELS
from tests.bench.__main__ import _programs

ROOT = Path(__file__).parents[1]
PAGES = (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))


@dataclass(frozen=True, slots=True)
class Line:
    """A command on a page: alone in a block of its own, or within a sentence."""

    page: str
    words: tuple[str, ...]
    in_block: bool


def lines_of(page: Path) -> Iterator[Line]:
    parts = page.read_text().split("```")
    for block in parts[1::2]:
        language, _, text = block.partition("\n")
        for line in text.replace("\\\n", " ").splitlines() if language in {"", "sh"} else ():
            yield from _line(page, line.partition("  #")[0], in_block=True)
    for prose in parts[::2]:
        for quoted in re.findall(r"`([^`]+)`", prose):
            yield from _line(page, " ".join(quoted.split()), in_block=False)


def _line(page: Path, text: str, *, in_block: bool) -> Iterator[Line]:
    found = re.search(r"python -m (\w.*)", text)
    if found and "COMMAND" not in text:
        # Optional parts are filled in.
        plain = found[1].replace("[", "").replace("]", "")
        yield Line(page.name, tuple(shlex.split(plain)), in_block)


LINES = [line for page in PAGES for line in lines_of(page)]
OURS = {"bot": BOT, "models": MODELS}
#: Numbers in place of a page's letters.
_LETTERS = {"N": "1", "ID": "1", "P": "epsilon"}


def parser_of(room: str, name: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(exit_on_error=False)
    importlib.import_module(OURS[room][name].module).add_arguments(parser)
    return parser


def parser_complaint(parser: argparse.ArgumentParser, line: Line, words: Sequence[str]) -> str:
    """The parser's complaint about these words; empty if it accepts them.

    A sentence may name a single option and omit required ones.
    """
    for action in parser._actions:
        action.required = action.required and line.in_block
    try:
        parser.parse_args([_LETTERS.get(word, word) for word in words])
    except (argparse.ArgumentError, SystemExit) as fault:
        return str(fault) or "it ends"
    return ""


def test_the_pages_have_commands() -> None:
    assert len(LINES) >= 75
    assert {line.words[0] for line in LINES} >= {"bot", "models", "tests.bench"}


@pytest.mark.parametrize(
    "line", [line for line in LINES if line.words[0] in OURS], ids=lambda line: " ".join(line.words)
)
def test_a_documented_command_exists_and_accepts_its_options(line: Line) -> None:
    room, *words = line.words
    if not words:
        return
    name, *options = words
    assert name in OURS[room], f"{line.page}: {room} has no command {name}"
    if options or line.in_block:
        assert not parser_complaint(parser_of(room, name), line, options), line.page


def test_every_other_module_named_on_a_page_can_be_run() -> None:
    for line in LINES:
        module, *words = line.words
        if module in OURS or module == "pytest":
            continue
        spec = importlib.util.find_spec(module)
        assert spec is not None, f"{line.page}: there is no {module}"
        folder = next(iter(spec.submodule_search_locations or ()), None)
        home = Path(folder, "__main__.py") if folder else Path(spec.origin or "")
        code = home.read_text()
        assert "__main__" in code, f"{line.page}: {module} does nothing"
        if module == "tests.bench" and words:
            assert words[0] in _programs(0, 0), f"{line.page}: {words[0]} is nothing to measure"


def test_every_test_file_named_on_a_page_exists() -> None:
    named = [word for line in LINES if line.words[0] == "pytest" for word in line.words[1:]]
    assert not [word for word in named if not (ROOT / word).exists()]
