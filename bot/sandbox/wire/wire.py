"""The wire format: JSON objects as Discord writes them, its errors, and exact JSON responses.

Used by every room of the sandbox; knows nothing about the world behind them.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from typing import Any, TypeAlias, cast

from aiohttp import web

#: One JSON object of the wire. Discord defines its shape, so its values are `Any`.
Payload: TypeAlias = dict[str, Any]


class DiscordError(Exception):
    """A Discord error: an HTTP status, Discord's own code, and a sentence."""

    def __init__(self, status: int, code: int, message: str, errors: Payload | None = None) -> None:
        super().__init__(f"{status} ({code}): {message}")
        self.status = status
        self.code = code
        self.message = message
        self.errors = errors

    def body(self) -> Payload:
        """The JSON of the error."""
        body: Payload = {"message": self.message, "code": self.code}
        return body | {"errors": self.errors} if self.errors else body


class NotPossible(Exception):  # noqa: N818  a refusal to a person
    """A person at the page (or a test) tried something that a client would not do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """One file of a multipart request. SimCord reads it from `fp`."""

    fp: BytesIO
    filename: str
    description: str | None


def as_object(body: object) -> Payload:
    """The body if it is a JSON object, else an empty one."""
    return cast("Payload", body) if isinstance(body, dict) else {}


def finite_number(value: str | float) -> float:
    """The number. Raises `ValueError` unless it is finite: a `nan` would pass every bound."""
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"{value} is not a number")
    return number


def encode(body: object) -> str:
    """Compact JSON text."""
    return json.dumps(body, separators=(",", ":"))


def json_response(
    body: object, status: int = 200, headers: Mapping[str, str] | None = None
) -> web.Response:
    """A response whose content type is exactly `application/json`.

    discord.py compares the header with `==`; a charset suffix makes it hand text to the caller.
    """
    return web.Response(
        body=encode(body).encode(),
        status=status,
        headers={**(headers or {}), "Content-Type": "application/json"},
    )
