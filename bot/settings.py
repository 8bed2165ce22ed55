"""Frozen settings, and the only reader of `.env` and the environment.

The composition root calls `load`; every error names the variable and what would be right. A test
checks `.env.example` and `docs/settings.md` against `DEFAULTS`.
"""

from __future__ import annotations

import difflib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream

from bot.domain import SettingsError
from models.decoding import Dialect, Flaw, Meta, MisfitError, decode

#: Discord's own addresses, used when the settings name no others.
DISCORD_API = "https://discord.com/api/v10"
DISCORD_GATEWAY = "wss://gateway.discord.gg"


Web = Annotated[
    str,
    Meta(pattern=r"\Ahttps?://", description="an address that begins with https or http://"),
]
Socket = Annotated[
    str, Meta(pattern=r"\Awss?://", description="an address that begins with wss or ws://")
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every choice of the operator. `discord_token` is empty when none is set."""

    discord_token: str = ""
    discord_api_base: Web = DISCORD_API
    discord_gateway_url: Socket = DISCORD_GATEWAY
    dev_guild_id: Annotated[int, Meta(ge=1, le=2**63 - 1)] | None = None
    data_dir: Path = Path("data")
    model: str = "embedded"
    tags_file: Path | None = None
    upscaler_file: Path | None = None
    device: str | None = None
    threads: Annotated[int, Meta(ge=1, le=256)] | None = None
    batch_rows: Annotated[int, Meta(ge=1, le=256)] | None = None
    engine: str = "slots"
    cap_user: Annotated[int, Meta(ge=1, le=10_000)] = 8
    cap_guild: Annotated[int, Meta(ge=1, le=1_000_000)] = 200
    lease_s: Annotated[int, Meta(ge=2, le=3600)] = 60
    max_attempts: Annotated[int, Meta(ge=1, le=100)] = 3
    preview_every: Annotated[int, Meta(ge=0, le=100)] = 4
    wd_tagger: str | None = None
    score_timeout_s: Annotated[int, Meta(ge=1, le=3600)] = 60
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    sandbox_port: Annotated[int, Meta(ge=0, le=65535)] = 4800
    discord_openapi: Path | None = None

    def __post_init__(self) -> None:
        for name in ("discord_api_base", "discord_gateway_url"):
            object.__setattr__(self, name, getattr(self, name).rstrip("/"))

    @property
    def database_path(self) -> Path:
        """The path of the one SQLite file."""
        return self.data_dir / "bot.sqlite3"

    @property
    def pictures_dir(self) -> Path:
        """The folder of the picture files."""
        return self.data_dir / "pictures"

    @property
    def models_dir(self) -> Path:
        """The folder of models trained here: one subfolder per card id."""
        return self.data_dir / "models"

    @property
    def licences_dir(self) -> Path:
        """The folder of the licences of served models."""
        return self.data_dir / "licences"


#: The variable of each setting, with its default as text.
DEFAULTS = {f.name.upper(): "" if f.default is None else str(f.default) for f in fields(Settings)}
_TEXTS = Dialect(values_are_texts=True, null_word="")


def load(
    environment: Mapping[str, str] | None = None,
    dotenv: Path | None = Path(".env"),
) -> Settings:
    """Read `.env`, let the environment override it, and check every value.

    Raises `SettingsError` with one line per wrong value, each naming its variable.
    """
    over = os.environ if environment is None else environment
    found = _file(dotenv) | dict(over)
    texts = {name.lower(): text for name in DEFAULTS if (text := found.get(name, "").strip())}
    try:
        return decode(Settings, texts, _TEXTS)
    except MisfitError as fault:
        raise SettingsError("\n".join(_flaw_sentence(flaw, over) for flaw in fault.flaws)) from None


def _flaw_sentence(flaw: Flaw, environment: Mapping[str, str]) -> str:
    """What is wrong with a setting, and where it was set."""
    name = flaw.path.upper()
    if name in environment:
        return f"{name} {flaw.complaint} It is set in the environment, which wins over .env."
    return f"{name} {flaw.complaint} Mend it in .env."


def unknown_names(dotenv: Path = Path(".env")) -> dict[str, str | None]:
    """The names in `.env` that are no setting, each with the setting probably meant."""
    return {
        name: next(iter(difflib.get_close_matches(name.upper(), DEFAULTS, n=1)), None)
        for name in _file(dotenv)
        if name not in DEFAULTS
    }


def broken_lines(dotenv: Path = Path(".env")) -> list[int]:
    """The line numbers in `.env`, from 1, that are neither settings nor comments."""
    return [
        _line_of(each)
        for each in _statements(dotenv)
        if each.error or (each.key is not None and each.value is None)
    ]


def _line_of(statement: Binding) -> int:
    """Its line number; python-dotenv counts preceding blank lines as part of a statement."""
    text = statement.original.string
    blank = text[: len(text) - len(text.lstrip())]
    return statement.original.line + blank.count("\n")


def _file(dotenv: Path | None) -> dict[str, str]:
    # Without broken lines: python-dotenv would warn about them at each reading and name no file.
    sound = "".join(each.original.string for each in _statements(dotenv) if not each.error)
    found = dotenv_values(stream=io.StringIO(sound))
    return {name: value for name, value in found.items() if value is not None}


def _statements(dotenv: Path | None) -> list[Binding]:
    if dotenv is None or not dotenv.exists():
        return []
    try:
        with dotenv.open(encoding="utf-8") as stream:
            return list(parse_stream(stream))
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"{dotenv} cannot be read ({problem}): it must be a text file in UTF-8 like "
            ".env.example."
        ) from None


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: ours, updated with `changes`."""
    return {**os.environ, **changes}


def token_fault(token: str) -> str | None:
    """What is wrong with the shape of a bot token, as one sentence, or None.

    A token is three base64url parts joined by dots; the first is the application's id. The local
    Discord's token has the same shape.
    """
    if not token:
        return (
            "DISCORD_TOKEN is not set: create a bot at https://discord.com/developers/applications "
            "and copy its token into .env, or try `python -m bot sandbox`, which needs none."
        )
    parts = token.split(".")
    if len(parts) != 3 or min(len(part) for part in parts) < 6:
        return (
            "DISCORD_TOKEN does not look like a bot token (three parts joined by dots): copy it "
            "again from the Bot page of your application; the client secret is another thing."
        )
    return None
