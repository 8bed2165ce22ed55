"""Checks what the bot sends against Discord's own OpenAPI description of its API.

`rest.py` submits every call; checking happens between other work, because a schema takes
milliseconds. Without a description file only the rules that it lacks are checked.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections import deque
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from jsonschema import Draft202012Validator, FormatChecker
from jsonschema.exceptions import ValidationError
from referencing import Registry, Resource

from bot.sandbox.wire import Payload, as_object
from bot.sandbox.world import Call

log = logging.getLogger(__name__)

_URI = "urn:discord"
_METHODS = ("get", "post", "put", "patch", "delete")
#: discord.py sends the ids of uploads and replies as numbers; Discord takes both.
_SNOWFLAKE = {
    "anyOf": [
        {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"},
        {"type": "integer", "minimum": 0},
    ]
}
#: Keys that discord.py sends and Discord ignores where its schemas do not name them.
_TOLERATED = {"PATCH": {"tts"}}
_CONTENT_LIMIT = 2000
#: Ids of uploads are their places in the form; anything larger names an older attachment.
_UPLOADS_AT_MOST = 10


class Description:
    """Discord's OpenAPI file, ready to check bodies with."""

    def __init__(self, path: Path) -> None:
        spec = as_object(json.loads(path.read_text()))
        spec["components"]["schemas"]["SnowflakeType"] = _SNOWFLAKE
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **spec}
        # Two libraries that type themselves halfway: `Any` at their door, nowhere else.
        registry = cast("Any", Registry)()
        self._registry: Any = registry.with_resource(_URI, Resource.from_contents(document))
        paths = cast("dict[str, Payload]", spec["paths"])
        # The literal paths come first, so that @original and @me win over {message_id}.
        self._operations = [
            (method.upper(), _pattern(template), template, as_object(operations[method]))
            for template, operations in sorted(paths.items(), key=lambda item: item[0].count("{"))
            for method in _METHODS
            if method in operations
        ]
        self._validators: dict[tuple[str, str, str], Any] = {}

    def errors(self, method: str, path: str, body: object, content_type: str) -> list[str]:
        """What is wrong with a request body; empty when nothing is."""
        for verb, pattern, template, operation in self._operations:
            if verb == method and pattern.fullmatch(path):
                return self._check(verb, template, operation, body, content_type)
        return [f"no such operation: {method} {path}"]

    def _check(
        self, verb: str, template: str, operation: Payload, body: object, content_type: str
    ) -> list[str]:
        declared = as_object(operation.get("requestBody"))
        if not declared:
            return [] if body in (None, {}) else [f"{template} takes no body"]
        if body is None:
            return ["a body is required"] if declared.get("required") else []
        schema = as_object(declared["content"]).get(content_type)
        if schema is None:
            return [f"{template} does not take {content_type}"]
        key = (verb, template, content_type)
        if key not in self._validators:
            self._validators[key] = self._validator(as_object(schema)["schema"], body)
        tolerated = _TOLERATED.get(verb, set[str]())
        if isinstance(body, dict) and tolerated:
            body = {k: v for k, v in as_object(cast("object", body)).items() if k not in tolerated}
        faults: list[ValidationError] = list(self._validators[key].iter_errors(body))
        # A key whose value is wrong counts as unevaluated, too: that says nothing new.
        real = [fault for fault in faults if fault.validator != "unevaluatedProperties"]
        return [_sentence(fault) for fault in real or faults]

    def _validator(self, schema: Payload, body: object) -> Draft202012Validator:
        rooted = cast("Payload", _absolute(schema))
        if isinstance(body, dict):
            # The description leaves objects open; a key that it does not name is a fault.
            rooted = {"allOf": [rooted], "unevaluatedProperties": False}
        return Draft202012Validator(rooted, registry=self._registry, format_checker=FormatChecker())


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{[^}]+\}", template)
    return re.compile("([^/]+)".join(re.escape(piece) for piece in pieces))


def _absolute(node: object) -> object:
    """The same schema with references that work outside the document."""
    if isinstance(node, dict):
        return {
            key: _URI + value if key == "$ref" and isinstance(value, str) else _absolute(value)
            for key, value in cast("Payload", node).items()
        }
    if isinstance(node, list):
        return [_absolute(item) for item in cast("list[object]", node)]
    return node


def _sentence(fault: ValidationError) -> str:
    deepest = fault
    while deepest.context:
        deepest = max(deepest.context, key=lambda inner: len(inner.absolute_path))
    where = "/".join(str(step) for step in deepest.absolute_path) or "<root>"
    return f"{where}: {deepest.message[:200]}"


class Inspector:
    """Collects the violations of all calls. `openapi` names the description file, or None."""

    def __init__(self, openapi: Path | None) -> None:
        self._description = Description(openapi) if openapi else None
        self._waiting: deque[tuple[Call, str]] = deque()
        self._found: list[Payload] = []
        self._work = asyncio.Event()

    def submit(self, call: Call, content_type: str) -> None:
        """Have a call checked soon."""
        self._waiting.append((call, content_type))
        self._work.set()

    def report(self, call: Call, errors: list[str]) -> None:
        """Note violations found elsewhere."""
        log.warning("%s %s: %s", call.method, call.path, "; ".join(errors))
        self._found.append({"method": call.method, "path": call.path, "errors": errors})

    async def run(self) -> None:
        """Check what was submitted, one at a time, for ever."""
        while True:
            await self._work.wait()
            self._work.clear()
            while self._waiting:
                self._next()
                await asyncio.sleep(0)

    def violations(self) -> list[Payload]:
        """Everything wrong with the calls so far: `{method, path, errors}`."""
        while self._waiting:
            self._next()
        return list(self._found)

    def _next(self) -> None:
        call, content_type = self._waiting.popleft()
        errors = list(_own_rules(call))
        if self._description is not None:
            errors += self._description.errors(call.method, call.path, call.body, content_type)
        if errors:
            self.report(call, errors)


def _own_rules(call: Call) -> Iterator[str]:
    """What the description leaves out: the content limit, and files belonging to attachments."""
    outer = as_object(call.body)
    body = as_object(outer["data"]) if "data" in outer else outer
    content = body.get("content")
    if isinstance(content, str) and len(content) > _CONTENT_LIMIT:
        yield f"content: {len(content)} characters, {_CONTENT_LIMIT} are allowed"
    attachments = cast("list[Payload]", body.get("attachments") or [])
    named = {int(a["id"]) for a in attachments if str(a.get("id")).isdecimal()}
    sent = set(range(len(call.uploads)))
    for number in sorted(sent - named):
        yield f"files[{number}] belongs to no attachment"
    for number in sorted(n for n in named - sent if n < _UPLOADS_AT_MOST):
        yield f"attachment {number} has no file"
