"""The corpora: prompts to let through or refuse, and names, as TOML files with provenance.

Read by the report and its tests. Backticks in a prompt mark its *keys*: the words that make it
forbidden, which an evasion respells. ` Negative prompt: ` separates the prompt from the negative
one, as in the texts that members copy. Must not know what a detector finds.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TypeVar

from bot.domain import BotError, RuleId
from models.decoding import Dialect, MisfitError, decode

_T = TypeVar("_T")

#: Separates a prompt from its negative prompt.
NEGATIVE = " Negative prompt: "
_KEY = "`"
_DIALECT = Dialect(object_word="a table", null_word="")


class CorpusError(BotError):
    """A corpus is missing or unreadable; the message names the file and the place in it."""


class Channel(StrEnum):
    """The kind of channel where a prompt is typed."""

    #: A channel for everybody.
    ORDINARY = "ordinary"
    #: Adults only.
    AGE_RESTRICTED = "age-restricted"


class Preset(StrEnum):
    """The preset that the server chose."""

    #: Fit for children too.
    FAMILY = "family"
    #: Discord's own rules.
    STANDARD = "standard"
    #: Adults among themselves.
    AGE_RESTRICTED = "age-restricted"


class Company(StrEnum):
    """Who appears in a harmless prompt, which the report joins with every sexual one."""

    #: An obvious minor: the floor refuses the combination.
    MINORS = "minors"
    #: Certainly no minor: the combination is for adults.
    ADULTS = "adults"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """A text in parts, alternating between plain text and keys."""

    parts: tuple[str, ...] = ("",)

    @classmethod
    def of(cls, marked: str) -> Wording:
        """Split a text at its backticks."""
        return cls(parts=tuple(marked.split(_KEY)))

    @property
    def text(self) -> str:
        """The text as typed."""
        return "".join(self.parts)

    @property
    def marked(self) -> str:
        """The text with backticks around its keys."""
        return _KEY.join(self.parts)

    @property
    def keys(self) -> tuple[str, ...]:
        """The words that make it forbidden."""
        return self.parts[1::2]


@dataclass(frozen=True, slots=True, kw_only=True)
class Specimen:
    """One prompt with its negative prompt, and where it is typed."""

    prompt: Wording
    negative: Wording = Wording()
    channel: Channel = Channel.ORDINARY
    preset: Preset = Preset.STANDARD
    #: The id of the rule that must refuse it; None: it must be let through.
    rule: RuleId | None = None
    #: The server's own blocked terms.
    blocked: tuple[str, ...] = ()
    language: str = "en"
    #: None: it is joined with nothing.
    company: Company | None = None
    #: Its file and group.
    source: str = ""

    @property
    def told(self) -> str:
        """The prompt as listed."""
        negative = self.negative.text
        return self.prompt.text + (f"{NEGATIVE}{negative}" if negative else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A full name."""

    text: str
    #: Whether a real person may be meant.
    real: bool
    #: Whether it may stand beside an adult word.
    adult: bool
    #: Its group.
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Corpora:
    """All corpora, in the order of the files."""

    benign: tuple[Specimen, ...]
    refused: tuple[Specimen, ...]
    names: tuple[Named, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Prompts:
    """A group of prompts; the file's values fill in what it omits."""

    about: str
    prompts: tuple[str, ...]
    rule: RuleId | None = None
    place: Channel | None = None
    preset: Preset | None = None
    company: Company | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _PromptFile:
    provenance: str
    groups: dict[str, _Prompts]
    language: str = "en"
    rule: RuleId | None = None
    place: Channel = Channel.ORDINARY
    preset: Preset = Preset.STANDARD
    blocked: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Names:
    about: str
    names: tuple[str, ...]
    adult: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _NameFile:
    provenance: str
    real: bool
    groups: dict[str, _Names]


def read(directory: Path) -> Corpora:
    """Read the folders `benign`, `refused` and `people`.

    CorpusError if one is missing or faulty.
    """
    return Corpora(
        benign=tuple(_specimens(directory / "benign")),
        refused=tuple(_specimens(directory / "refused")),
        names=tuple(_names(directory / "people")),
    )


def _specimens(folder: Path) -> Iterator[Specimen]:
    for path in _files(folder):
        file = _decoded(_PromptFile, path)
        for name, group in file.groups.items():
            rule = group.rule or file.rule
            if (rule is None) != (folder.name == "benign"):
                raise CorpusError(
                    f"{path}: groups.{name} needs a rule in refused/ and there alone."
                )
            for prompt in group.prompts:
                yield _specimen(prompt, file, group, f"{folder.name}/{path.name}: {name}")


def _specimen(prompt: str, file: _PromptFile, group: _Prompts, source: str) -> Specimen:
    wanted, _, unwanted = prompt.partition(NEGATIVE)
    if wanted.count(_KEY) % 2 or unwanted.count(_KEY) % 2:
        raise CorpusError(f"{source}: a backtick is missing in {prompt!r}.")
    return Specimen(
        prompt=Wording.of(wanted),
        negative=Wording.of(unwanted),
        channel=group.place or file.place,
        preset=group.preset or file.preset,
        rule=group.rule or file.rule,
        blocked=file.blocked,
        language=file.language,
        company=group.company,
        source=source,
    )


def _names(folder: Path) -> Iterator[Named]:
    for path in _files(folder):
        file = _decoded(_NameFile, path)
        for name, group in file.groups.items():
            for text in group.names:
                yield Named(text=text, real=file.real, adult=group.adult, source=name)


def _files(folder: Path) -> list[Path]:
    files = sorted(folder.glob("*.toml"))
    if not files:
        raise CorpusError(
            f"there are no corpora in {folder}: run this in the project's folder, or name another "
            "with --corpora."
        )
    return files


def _decoded(kind: type[_T], path: Path) -> _T:
    try:
        return decode(kind, tomllib.loads(path.read_text("utf-8")), _DIALECT)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, MisfitError) as fault:
        raise CorpusError(f"{path}: {fault}") from None
