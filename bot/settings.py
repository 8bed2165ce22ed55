"""Frozen settings, and the only reader of `.env` and the environment.

`load` is called by the composition root; every error names the variable and what would be right.
`FIELDS` is what `.env.example` and `docs/settings.md` are checked against by a test.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from dotenv import dotenv_values

from bot.domain import SettingsError

#: Discord's own addresses, used when the settings name no others.
DISCORD_API = "https://discord.com/api/v10"
DISCORD_GATEWAY = "wss://gateway.discord.gg"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Every choice of the operator. `discord_token` is empty when none is set."""

    discord_token: str
    discord_api_base: str
    discord_gateway_url: str
    dev_guild_id: int | None
    data_dir: Path
    model: str
    device: str | None
    threads: int | None
    batch_rows: int | None
    engine: str
    cap_user: int
    cap_guild: int
    lease_s: int
    max_attempts: int
    preview_every: int
    log_level: str
    sandbox_port: int
    discord_openapi: Path | None

    @property
    def database_path(self) -> Path:
        """Where the one SQLite file lies."""
        return self.data_dir / "bot.sqlite3"

    @property
    def pictures_dir(self) -> Path:
        """Where the picture files lie."""
        return self.data_dir / "pictures"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Field:
    """One variable: its name in the environment, its default text, and how its text is read."""

    variable: str
    default: str
    read: Callable[[str], object]


def _text(value: str) -> str:
    return value


def _optional(read: Callable[[str], object]) -> Callable[[str], object]:
    return lambda value: read(value) if value else None


def _path(value: str) -> Path:
    try:
        return Path(value).expanduser()
    except RuntimeError:
        raise ValueError("a path on this machine") from None


def _whole(low: int, high: int) -> Callable[[str], int]:
    def read(value: str) -> int:
        digits = value.removeprefix("-")
        # More digits than any bound has are not read: Python refuses to, with words of its own.
        if not (digits.isdecimal() and len(digits) < 30 and low <= int(value) <= high):
            raise ValueError(f"a whole number from {low} to {high}")
        return int(value)

    return read


def _one_of(*choices: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if value not in choices:
            raise ValueError("one of " + ", ".join(choices))
        return value

    return read


def _address(*schemes: str) -> Callable[[str], str]:
    def read(value: str) -> str:
        if not value.startswith(tuple(f"{scheme}://" for scheme in schemes)):
            raise ValueError("an address that begins with " + " or ".join(schemes) + "://")
        return value.rstrip("/")

    return read


FIELDS: dict[str, _Field] = {
    "discord_token": _Field(variable="DISCORD_TOKEN", default="", read=_text),
    "discord_api_base": _Field(
        variable="DISCORD_API_BASE", default=DISCORD_API, read=_address("https", "http")
    ),
    "discord_gateway_url": _Field(
        variable="DISCORD_GATEWAY_URL", default=DISCORD_GATEWAY, read=_address("wss", "ws")
    ),
    "dev_guild_id": _Field(
        variable="DEV_GUILD_ID", default="", read=_optional(_whole(1, 2**63 - 1))
    ),
    "data_dir": _Field(variable="DATA_DIR", default="data", read=_path),
    "model": _Field(variable="MODEL", default="embedded", read=_text),
    "device": _Field(variable="DEVICE", default="", read=_optional(_text)),
    "threads": _Field(variable="THREADS", default="", read=_optional(_whole(1, 256))),
    "batch_rows": _Field(variable="BATCH_ROWS", default="", read=_optional(_whole(1, 256))),
    "engine": _Field(variable="ENGINE", default="slots", read=_text),
    "cap_user": _Field(variable="CAP_USER", default="8", read=_whole(1, 10_000)),
    "cap_guild": _Field(variable="CAP_GUILD", default="200", read=_whole(1, 1_000_000)),
    "lease_s": _Field(variable="LEASE_S", default="60", read=_whole(2, 3600)),
    "max_attempts": _Field(variable="MAX_ATTEMPTS", default="3", read=_whole(1, 100)),
    "preview_every": _Field(variable="PREVIEW_EVERY", default="4", read=_whole(0, 100)),
    "log_level": _Field(
        variable="LOG_LEVEL",
        default="INFO",
        read=_one_of("DEBUG", "INFO", "WARNING", "ERROR"),
    ),
    "sandbox_port": _Field(variable="SANDBOX_PORT", default="4800", read=_whole(0, 65535)),
    "discord_openapi": _Field(variable="DISCORD_OPENAPI", default="", read=_optional(_path)),
}


def load(
    environment: Mapping[str, str] | None = None,
    dotenv: Path | None = Path(".env"),
) -> Settings:
    """Read `.env`, let the environment win over it, and check every value.

    Raises `SettingsError` with one sentence that names the variable.
    """
    found = _file(dotenv)
    found.update(os.environ if environment is None else environment)
    return Settings(**{name: _value(field, found) for name, field in FIELDS.items()})  # pyright: ignore[reportArgumentType]  the table gives each field its own type


def strangers(dotenv: Path = Path(".env")) -> dict[str, str | None]:
    """The names in `.env` that no setting has, each with the setting that may have been meant."""
    known = [field.variable for field in FIELDS.values()]
    return {
        name: next(iter(difflib.get_close_matches(name.upper(), known, n=1)), None)
        for name in _file(dotenv)
        if name not in known
    }


def _file(dotenv: Path | None) -> dict[str, str]:
    if dotenv is None or not dotenv.exists():
        return {}
    try:
        return {k: v for k, v in dotenv_values(dotenv).items() if v is not None}
    except (OSError, UnicodeDecodeError) as problem:
        raise SettingsError(
            f"{dotenv} cannot be read ({problem}): it must be a text file in UTF-8 like "
            ".env.example."
        ) from None


def _value(field: _Field, found: Mapping[str, str]) -> object:
    text = found.get(field.variable, "").strip() or field.default
    try:
        return field.read(text)
    except ValueError as problem:
        shown = "its value" if "TOKEN" in field.variable else repr(text)
        message = f"{field.variable} must be {problem}, but is {shown}. Mend it in .env."
        raise SettingsError(message) from None


def environment_with(changes: Mapping[str, str]) -> dict[str, str]:
    """The environment of a child process: ours, with `changes` over it."""
    return {**os.environ, **changes}


def token_fault(token: str) -> str | None:
    """What is wrong with the shape of a bot token, as one sentence, or None.

    A token is three base64url parts joined by dots; the first is the application's id. The local
    Discord's own token has the same shape.
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
