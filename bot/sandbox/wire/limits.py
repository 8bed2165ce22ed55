"""Rate limits: the headers of every answer and, on request, buckets that really run empty.

`rest.py` asks for each call. Discord does not publish its limits; `OBSERVED` holds what clients
have seen for years. By default no bucket runs empty, because a test of a thousand calls would wait.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

#: Discord's answers pass a proxy that signs here; discord.py takes a 429 without it for a ban.
VIA = {"Via": "1.1 waifu-lounge"}
_GENEROUS = (1000, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowance:
    """The number of calls of one kind within a time, for each channel (or server)."""

    method: str
    pattern: re.Pattern[str]
    calls: int
    per_s: float


def _allow(method: str, pattern: str, calls: int, per_s: float) -> Allowance:
    return Allowance(method=method, pattern=re.compile(pattern), calls=calls, per_s=per_s)


OBSERVED = (
    _allow("POST|PATCH", r"/channels/\d+/messages(/\d+)?", 5, 5.0),
    _allow("DELETE", r"/channels/\d+/messages/\d+", 5, 1.0),
    _allow("PUT|DELETE", r"/channels/\d+/messages/\d+/reactions/.+", 1, 0.25),
    _allow("GET", r"/channels/\d+/messages/\d+/reactions/.+", 1, 0.25),
    _allow("GET", r"/channels/\d+/messages(/\d+)?", 5, 5.0),
)


@dataclass(slots=True)
class _Bucket:
    used: int
    resets_s: float


class RateLimits:
    """Counts calls. `strict` enforces `OBSERVED`; `refused` counts the calls beyond it."""

    def __init__(self, *, strict: bool) -> None:
        self._allowances = OBSERVED if strict else ()
        self._buckets: dict[str, _Bucket] = {}
        self.refused = 0

    def take(self, method: str, path: str, now_s: float) -> tuple[dict[str, str], float]:
        """The rate-limit headers for this call, and how long it came too early (0: in time)."""
        allowed = next(
            (a for a in self._allowances if method in a.method and a.pattern.fullmatch(path)), None
        )
        name = _name(allowed.method if allowed else method, path)
        if allowed is None:
            return _headers(name, *_GENEROUS, remaining=_GENEROUS[0] - 1), 0.0
        bucket = self._buckets.get(name)
        if bucket is None or bucket.resets_s <= now_s:
            bucket = self._buckets[name] = _Bucket(0, now_s + allowed.per_s)
        left_s = bucket.resets_s - now_s
        if bucket.used >= allowed.calls:
            self.refused += 1
            return _headers(name, allowed.calls, left_s, remaining=0), left_s
        bucket.used += 1
        return _headers(name, allowed.calls, left_s, remaining=allowed.calls - bucket.used), 0.0


def _name(method: str, path: str) -> str:
    """One bucket for each kind of call on each major resource."""
    parts = path.split("/")
    return f"{zlib.crc32(f'{method} {parts[1:3]} {len(parts)}'.encode()):08x}"


def _headers(name: str, calls: int, reset_s: float, *, remaining: int) -> dict[str, str]:
    return {
        **VIA,
        "X-RateLimit-Limit": str(calls),
        "X-RateLimit-Remaining": str(remaining),
        "X-RateLimit-Reset-After": f"{reset_s:.3f}",
        "X-RateLimit-Bucket": name,
    }
