"""The CDN: stores attachments and serves them and the custom emoji on loopback.

`backend.py` stores through it; `state.py` saves and restores. Knows nothing about messages.
"""

from __future__ import annotations

import mimetypes
import re
from collections import deque
from collections.abc import Iterable

from aiohttp import web

from bot.sandbox.wire.images import heart, picture_size
from bot.sandbox.wire.wire import Payload
from bot.sandbox.world.lounge import EMOJIS

#: How many unreferenced attachments to keep, because a page may still load one.
_MAX_ORPHANS = 64
#: Types that a browser may show within the page's origin; others become downloads.
_INLINE_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "text/plain")


class Cdn:
    """Attachments by id. `base_url` is set once the server knows its port."""

    def __init__(self) -> None:
        self.base_url = ""
        self._blobs: dict[int, bytes] = {}
        self._orphans: deque[int] = deque()

    def store_file(
        self,
        attachment_id: int,
        channel_id: int,
        filename: str,
        data: bytes,
        description: str | None,
    ) -> Payload:
        """Store a file and return the attachment object that describes it."""
        name = re.sub(r"[^\w.\-]", "_", filename, flags=re.ASCII).lstrip(".") or "unknown"
        self._blobs[attachment_id] = data
        url = self.url(channel_id, attachment_id, name)
        attachment: Payload = {
            "id": str(attachment_id),
            "filename": name,
            "size": len(data),
            "url": url,
            "proxy_url": url,
            "content_type": mimetypes.guess_type(name)[0] or "application/octet-stream",
        }
        if description is not None:
            attachment["description"] = description
        if size := picture_size(data):
            attachment["width"], attachment["height"] = size
        return attachment

    def url(self, channel_id: int, attachment_id: int, filename: str) -> str:
        """The URL of the file."""
        return f"{self.base_url}/attachments/{channel_id}/{attachment_id}/{filename}"

    def read(self, attachment_id: int) -> bytes | None:
        """The bytes, or None if they are gone."""
        return self._blobs.get(attachment_id)

    def restore(self, attachment_id: int, data: bytes) -> None:
        """Restore bytes that an earlier run saved."""
        self._blobs[attachment_id] = data

    def mark_orphaned(self, attachment_ids: Iterable[int]) -> None:
        """Mark attachments that no message shows any more; drop the oldest beyond the limit."""
        self._orphans.extend(attachment_ids)
        while len(self._orphans) > _MAX_ORPHANS:
            self._blobs.pop(self._orphans.popleft(), None)

    async def serve(self, request: web.Request) -> web.Response:
        """GET /cdn/attachments/{channel}/{attachment}/{filename}."""
        data = self.read(int(request.match_info["attachment"]))
        if data is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(request.match_info["filename"])[0]
        headers = {
            "Cache-Control": "private, max-age=86400, immutable",
            "X-Content-Type-Options": "nosniff",
        }
        if kind not in _INLINE_TYPES:
            kind = "application/octet-stream"
            headers["Content-Disposition"] = "attachment"
        return web.Response(body=data, content_type=kind, headers=headers)

    async def serve_emoji(self, request: web.Request) -> web.Response:
        """GET /cdn/emojis/{emoji}.png."""
        wanted = int(request.match_info["emoji"])
        for emoji in EMOJIS:
            if emoji.id == wanted:
                return web.Response(body=heart(emoji.color), content_type="image/png")
        raise web.HTTPNotFound
