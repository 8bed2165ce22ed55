"""Rate limits: the headers of every answer and, on request, real limits.

`rest.py` counts each call here. Discord does not publish its limits; `OBSERVED` holds what clients
have seen for years. By default no call is refused, because a test of a thousand calls would wait.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

#: Discord's proxy adds this header; discord.py takes a 429 without it for a ban.
VIA_HEADER = {"Via": "1.1 waifu-lounge"}
_GENEROUS = (1000, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """How many calls of one kind are allowed within a time, for each channel (or server)."""

    method: str
    pattern: re.Pattern[str]
    calls: int
    per_s: float


def _allowance(method: str, pattern: str, calls: int, per_s: float) -> Allowance:
    return Allowance(method=method, pattern=re.compile(pattern), calls=calls, per_s=per_s)


OBSERVED = (
    _allowance("POST|PATCH", r"/channels/\d+/messages(/\d+)?", 5, 5.0),
    _allowance("DELETE", r"/channels/\d+/messages/\d+", 5, 1.0),
    _allowance("PUT|DELETE", r"/channels/\d+/messages/\d+/reactions/.+", 1, 0.25),
    _allowance("GET", r"/channels/\d+/messages/\d+/reactions/.+", 1, 0.25),
    _allowance("GET", r"/channels/\d+/messages(/\d+)?", 5, 5.0),
)


@dataclass(slots=True)
class _Bucket:
    used: int
    resets_s: float


class RateLimits:
    """Counts calls. `strict` enforces `OBSERVED`; `refused_calls` counts the calls above it."""

    def __init__(self, *, strict: bool) -> None:
        self._allowances = OBSERVED if strict else ()
        self._buckets: dict[str, _Bucket] = {}
        self.refused_calls = 0

    def count_call(self, method: str, path: str, now_s: float) -> tuple[dict[str, str], float]:
        """The rate-limit headers for this call, and the seconds it must wait (0: none)."""
        allowance = next(
            (
                candidate
                for candidate in self._allowances
                if method in candidate.method and candidate.pattern.fullmatch(path)
            ),
            None,
        )
        name = _bucket_name(allowance.method if allowance else method, path)
        if allowance is None:
            return _headers(name, *_GENEROUS, remaining=_GENEROUS[0] - 1), 0.0
        bucket = self._buckets.get(name)
        if bucket is None or bucket.resets_s <= now_s:
            bucket = self._buckets[name] = _Bucket(0, now_s + allowance.per_s)
        left_s = bucket.resets_s - now_s
        if bucket.used >= allowance.calls:
            self.refused_calls += 1
            return _headers(name, allowance.calls, left_s, remaining=0), left_s
        bucket.used += 1
        return _headers(name, allowance.calls, left_s, remaining=allowance.calls - bucket.used), 0.0


def _bucket_name(method: str, path: str) -> str:
    """One bucket for each kind of call on each major resource."""
    parts = path.split("/")
    return f"{zlib.crc32(f'{method} {parts[1:3]} {len(parts)}'.encode()):08x}"


def _headers(name: str, calls: int, reset_s: float, *, remaining: int) -> dict[str, str]:
    return {
        **VIA_HEADER,
        "X-RateLimit-Limit": str(calls),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset-After": f"{reset_s:.3f}",
        "X-RateLimit-Bucket": name,
    }
