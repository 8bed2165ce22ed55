"""The weather: latency, rate limits, outages and an unreachable gateway, on demand.

`rest.py` calls it before it answers a call, `gateway.py` before it accepts a connection; the page
and the tests set the weather.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping

from aiohttp import web

from bot.sandbox.wire.limits import VIA_HEADER
from bot.sandbox.wire.wire import Payload, json_response

#: The wait that a 429 asks of the client.
RETRY_AFTER_S = 0.3
_MESSAGES = {500: "Internal Server Error", 502: "Bad Gateway", 503: "Service Unavailable"}


class Weather:
    """The faults to inject. All are off by default."""

    def __init__(self) -> None:
        self.latency_ms = 0
        self.ratelimit_left = 0
        self.outage_left = 0
        self.outage_status = 503
        self._offline_until_s = 0.0
        #: Called after a fault was injected.
        self.on_change: Callable[[], None] = lambda: None

    def clear(self) -> None:
        """End all faults."""
        self.latency_ms = self.ratelimit_left = self.outage_left = 0
        self._offline_until_s = 0.0

    def go_offline(self, seconds: float) -> None:
        """Refuse every gateway connection for this long."""
        self._offline_until_s = asyncio.get_running_loop().time() + seconds

    @property
    def gateway(self) -> str:
        """The gateway's state: `up` or `offline`."""
        offline = asyncio.get_running_loop().time() < self._offline_until_s
        return "offline" if offline else "up"

    async def inject_fault(self) -> web.Response | None:
        """Wait for the latency; return the fault to answer this call with, or None."""
        if self.latency_ms:
            await asyncio.sleep(self.latency_ms / 1000)
        if self.ratelimit_left > 0:
            self.ratelimit_left -= 1
            self.on_change()
            return too_many_requests(VIA_HEADER, RETRY_AFTER_S)
        if self.outage_left > 0:
            self.outage_left -= 1
            self.on_change()
            message = _MESSAGES.get(self.outage_status, "Something broke")
            return json_response({"message": message, "code": 0}, self.outage_status, VIA_HEADER)
        return None

    def report(self) -> Payload:
        """The weather as the page shows it."""
        return {
            "latency_ms": self.latency_ms,
            "ratelimit_left": self.ratelimit_left,
            "outage_left": self.outage_left,
            "outage_status": self.outage_status,
            "gateway": self.gateway,
        }


def too_many_requests(headers: Mapping[str, str], wait_s: float) -> web.Response:
    """A 429 that asks the client to wait."""
    body = {"message": "You are being rate limited.", "retry_after": wait_s, "global": False}
    limit_headers = {
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset-After": f"{wait_s:.3f}",
        "X-RateLimit-Scope": "user",
        "Retry-After": str(math.ceil(wait_s)),
    }
    return json_response(body, 429, {**headers, **limit_headers})
