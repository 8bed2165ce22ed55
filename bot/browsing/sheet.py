"""Datasette's configuration.

It serves one view, its pictures and a curator's changes; everything else is forbidden.

`command` opens it. Datasette reads the file read-only; a curator's changes go through
`bot/store/curation.py`, like every other write. Must not know what a picture shows.
"""

# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false, reportUnknownParameterType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false, reportMissingParameterType=false, reportMissingTypeArgument=false
# Datasette's own functions are untyped.

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import asynccontextmanager
from pathlib import Path
from secrets import compare_digest
from typing import Any

from datasette import hookimpl
from datasette.app import Datasette
from datasette.plugins import pm
from datasette.utils.asgi import Forbidden, NotFound, Request, Response
from PIL import Image

from bot.clock import now_ms
from bot.curating.harvest import Stamp
from bot.domain import BotError, JobId, Refused
from bot.store.curation import Curation
from bot.store.db import Database
from bot.store.gallery import Gallery

_HERE = Path(__file__).parent
_VIEW = "contact_sheet"
#: The path of the sheet, and the path where a token makes its bearer a curator.
SHEET, TOKEN = f"/bot/{_VIEW}", "/-/curator"
_THUMBNAIL_PX = 320
_CURATOR = {"id": "curator"}
#: The permissions that are granted; every other one is denied, including those of later versions.
_ALLOWED = {
    ("view-instance", None),
    ("view-database", "bot"),
    ("view-table", ("bot", _VIEW)),
}
_STAMPS = {"approve": Stamp.APPROVED, "reject": Stamp.REJECTED, "undo": None}
#: No other site may embed what is served here, and no cache may keep it.
_HEADERS = (
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
    (b"cache-control", b"no-store"),
)

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


@asynccontextmanager
async def open_sheet(database: Path, sheet: Sheet) -> AsyncGenerator[App]:
    """The application that serves this file's sheet, for the length of the block."""
    pm.register(sheet)
    try:
        datasette = Datasette(
            [str(database)],
            metadata=json.loads((_HERE / "metadata.json").read_text("utf-8")),
            template_dir=str(_HERE / "templates"),
            settings=_SETTINGS,
        )
        await datasette.invoke_startup()
        yield datasette.app()
    finally:
        pm.unregister(sheet)


_SETTINGS = {
    "default_allow_sql": False,
    "allow_download": False,
    "allow_csv_stream": False,
    "suggest_facets": False,
    "default_page_size": 60,
    "sql_time_limit_ms": 5_000,
    "facet_time_limit_ms": 3_000,
}


class Sheet:
    """A plugin for Datasette, which finds the hooks by their names.

    `hosts` are the names a browser may use for this machine: any other name is another site's
    trick. The first browser to bring `token` becomes the curator; without a token, nothing can be
    changed.
    """

    #: Datasette expects plugins to be modules.
    __name__ = __name__

    def __init__(
        self, db: Database, gallery: Gallery, *, hosts: frozenset[str], token: str | None
    ) -> None:
        self._gallery = gallery
        self._curation = Curation(db)
        self._hosts = hosts
        self._token = token

    @hookimpl(trylast=True)
    def permission_allowed(self, action: str, resource: object) -> bool:
        """Forbid everything not in `_ALLOWED`, even if another plugin allows it."""
        return (action, resource) in _ALLOWED

    @hookimpl
    def register_routes(self) -> list[tuple[str, Callable[..., Awaitable[Response]]]]:
        """Pages that Datasette lacks."""
        return [
            (r"^/-/thumbnail/(?P<picture>\w{1,20})\.webp$", self.thumbnail),
            (rf"^{TOKEN}$", self.become_curator),
            (r"^/-/curate$", self.curate),
        ]

    @hookimpl
    def extra_template_vars(self, request: Request | None) -> dict[str, object]:
        """Whether the page has buttons."""
        return {"may_write": request is not None and self._is_curator(request)}

    @hookimpl
    def asgi_wrapper(self) -> Callable[[App], App]:
        """Wrap every request: check the host name, and add headers that restrict the browser."""
        return self._guard

    def _guard(self, app: App) -> App:
        async def guard(scope: Scope, receive: Receive, send: Send) -> None:
            if scope["type"] != "http":
                await app(scope, receive, send)
                return
            host = dict(scope["headers"]).get(b"host", b"").decode("latin-1")
            answer = app if host in self._hosts else _no_such_host
            await answer(scope, receive, _with_headers(send))

        return guard

    def _is_curator(self, request: Request) -> bool:
        return request.scope.get("actor") == _CURATOR

    async def thumbnail(self, request: Request) -> Response:
        """A small version of a picture that members may see somewhere."""
        picture = await self._gallery.get(JobId(request.url_vars["picture"]))
        if picture is None:
            raise NotFound("no such picture")
        try:
            body = await asyncio.to_thread(_thumbnail, await self._gallery.read(picture))
        except (BotError, OSError, ValueError, SyntaxError) as problem:
            raise NotFound("its file is missing or damaged") from problem
        return Response(body, content_type="image/webp")

    async def become_curator(self, request: Request, datasette: Datasette) -> Response:
        """Make the first bearer of the token the curator, until the command ends."""
        token = str(request.args.get("token") or "")
        if self._token is None or not compare_digest(token.encode(), self._token.encode()):
            raise Forbidden("This address works once: start `python -m bot curate --write` again.")
        self._token = None
        response = Response.redirect(SHEET)
        response.set_cookie(
            "ds_actor", datasette.sign({"a": _CURATOR}, "actor"), httponly=True, samesite="strict"
        )
        return response

    async def curate(self, request: Request, datasette: Datasette) -> Response:
        """Apply a curator's change."""
        if request.method != "POST" or not self._is_curator(request):
            raise Forbidden("Only who opened the sheet with its token may change anything.")
        form = await request.post_vars()
        message_text, kind = await self._apply_form(form), datasette.ERROR
        if message_text is None:
            message_text, kind = f"{form['picture']}: {form['deed']}", datasette.INFO
        datasette.add_message(request, message_text, kind)
        return_to = str(form.get("back", ""))
        return Response.redirect(
            return_to if return_to.startswith((f"{SHEET}?", f"{SHEET}#")) else SHEET
        )

    async def _apply_form(self, form: Mapping[str, str]) -> str | None:
        """Apply a form; return what is wrong with it, or None."""
        picture, action_name = JobId(form.get("picture", "")), form.get("deed", "")
        try:
            if action_name == "describe":
                outcome = await self._curation.caption(picture, form.get("caption"), now_ms())
            elif action_name in _STAMPS:
                outcome = await self._curation.stamp(picture, _STAMPS[action_name], now_ms())
            else:
                return "That is nothing that can be said of a picture."
        except BotError as problem:
            return str(problem)
        return outcome.text if isinstance(outcome, Refused) else None


def _thumbnail(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as picture:
        picture.thumbnail((_THUMBNAIL_PX, _THUMBNAIL_PX))
        out = io.BytesIO()
        picture.convert("RGB").save(out, "WEBP", quality=80)
    return out.getvalue()


async def _no_such_host(_: Scope, __: Receive, send: Send) -> None:
    response = Response.text("Open the address that the command printed.", status=421)
    await response.asgi_send(send)


def _with_headers(send: Send) -> Send:
    """Add headers that keep the answer from other sites and from caches."""

    async def add_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = [pair for pair in message["headers"] if pair[0].lower() != b"cache-control"]
            message = {**message, "headers": [*headers, *_HEADERS]}
        await send(message)

    return add_headers
