"""Checks what the bot sends against Discord's own OpenAPI description of its API.

`rest.py` has every call inspected. Without a description file, only the rules missing from it are
checked.
"""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from pathlib import Path
from typing import cast

from jsonschema_rs import Draft202012, Draft202012Validator, Registry, ValidationError

from bot.sandbox.wire.wire import Payload, as_object
from bot.sandbox.world.scene import Call

log = logging.getLogger(__name__)

_URI = "urn:discord"
_METHODS = ("get", "post", "put", "patch", "delete")
#: discord.py sends the ids of uploads and replies as numbers; Discord accepts both.
_SNOWFLAKE = {
    "anyOf": [
        {"type": "string", "pattern": "^(0|[1-9][0-9]*)$"},
        {"type": "integer", "minimum": 0},
    ]
}
#: Keys that discord.py sends and Discord ignores where its schemas do not name them.
_TOLERATED = {"PATCH": {"tts"}}
_CONTENT_LIMIT = 2000
#: The ids of uploads are their places in the form; a larger id is an older attachment's.
_UPLOADS_AT_MOST = 10
#: A fault quotes the value first, which may be long, and ends with what is wrong about it.
_SENTENCE_CHARS = 200


class DescriptionError(Exception):
    """The named file is not Discord's description; the message says what to do."""

    def __init__(self, path: Path, flaw: str) -> None:
        super().__init__(
            f"{path} {flaw}: DISCORD_OPENAPI (or --openapi) names the openapi.json of "
            "discord/discord-api-spec; leave it empty to go without."
        )


def describe(path: Path) -> Description:
    """Read Discord's OpenAPI file. Raises `DescriptionError` if it is something else."""
    try:
        return Description(as_object(json.loads(path.read_text())))
    except OSError as problem:
        raise DescriptionError(path, f"cannot be read ({problem.strerror})") from None
    except ValueError:
        raise DescriptionError(path, "is not JSON") from None
    except (AttributeError, KeyError, TypeError):
        raise DescriptionError(path, "does not describe Discord's API") from None


class Description:
    """Discord's OpenAPI file, ready to check bodies."""

    def __init__(self, spec: Payload) -> None:
        spec["components"]["schemas"]["SnowflakeType"] = _SNOWFLAKE
        document = {"$schema": "https://json-schema.org/draft/2020-12/schema", **spec}
        self._registry = Registry([(_URI, document)], draft=Draft202012)
        paths = cast("dict[str, Payload]", spec["paths"])
        # Literal paths first, so that @original and @me win over {message_id}.
        self._operations = [
            (method.upper(), _pattern(template), template, as_object(operations[method]))
            for template, operations in sorted(paths.items(), key=lambda item: item[0].count("{"))
            for method in _METHODS
            if method in operations
        ]
        self._schemas: dict[str, Payload] = spec["components"]["schemas"]
        self._checks: dict[tuple[str, str, str], tuple[Draft202012Validator, set[str]]] = {}

    def errors(self, method: str, path: str, body: object, content_type: str) -> list[str]:
        """What is wrong with a request body; empty if nothing."""
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
        if content_type not in declared["content"]:
            return [f"{template} does not take {content_type}"]
        key = (verb, template, content_type)
        if key not in self._checks:
            self._checks[key] = self._prepare(declared["content"][content_type]["schema"])
        validator, known = self._checks[key]
        errors = [_sentence(fault) for fault in validator.iter_errors(body)]
        if isinstance(body, dict):
            # The description allows extra keys in objects; we treat an unknown key as a fault.
            strange = as_object(cast("object", body)).keys() - known - _TOLERATED.get(verb, set())
            errors += [f"{name}: no such key" for name in sorted(strange)]
        return errors

    def _prepare(self, schema: Payload) -> tuple[Draft202012Validator, set[str]]:
        validator = Draft202012Validator(
            cast("Payload", _absolute(schema)), registry=self._registry, validate_formats=True
        )
        return validator, set(self._keys(schema))

    def _keys(self, schema: Payload) -> Iterator[str]:
        """Every key that an object of this schema may have at its root."""
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            yield from self._keys(self._schemas[name])
        yield from as_object(schema.get("properties"))
        for joint in ("allOf", "anyOf", "oneOf"):
            for part in cast("list[Payload]", schema.get(joint) or []):
                yield from self._keys(part)


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
    """The deepest fault says most: of several schemas, the one that the body comes nearest to."""
    deepest = fault
    while branches := getattr(deepest.kind, "context", None):
        inner = [fault for branch in branches for fault in branch]
        deepest = max(inner, key=lambda fault: len(fault.instance_path))
    where = "/".join(str(step) for step in deepest.instance_path) or "<root>"
    return f"{where}: {deepest.message[-_SENTENCE_CHARS:]}"


class Inspector:
    """Collects the violations of all calls. `openapi` names the description file, or None."""

    def __init__(self, openapi: Path | None) -> None:
        self._description = describe(openapi) if openapi else None
        self._found: list[Payload] = []

    def inspect(self, call: Call, content_type: str) -> None:
        """Check a call, and note what is wrong with it."""
        errors = list(_own_rules(call))
        if self._description is not None:
            errors += self._description.errors(call.method, call.path, call.body, content_type)
        if errors:
            self.report(call, errors)

    def report(self, call: Call, errors: list[str]) -> None:
        """Note violations found elsewhere."""
        log.warning("%s %s: %s", call.method, call.path, "; ".join(errors))
        self._found.append({"method": call.method, "path": call.path, "errors": errors})

    @property
    def compares(self) -> bool:
        """Whether calls are compared with Discord's description, which needs the file."""
        return self._description is not None

    def violations(self) -> list[Payload]:
        """Everything wrong with the calls so far: `{method, path, errors}`."""
        return list(self._found)


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
