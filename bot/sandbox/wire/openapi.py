"""Checks what the bot sends against Discord's own OpenAPI description of its API.

`rest.py` passes every call here. Without a description file, this checks only the rules that are
missing from it.
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
from bot.sandbox.world.world import Call

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
#: The ids of uploads are their positions in the form; a larger id belongs to an older attachment.
_MAX_UPLOADS = 10
#: A fault quotes the value first, which may be long, and ends with the reason.
_SENTENCE_CHARS = 200


class DescriptionError(Exception):
    """The named file is not Discord's description; the message says what to do."""

    def __init__(self, path: Path, problem: str) -> None:
        super().__init__(
            f"{path} {problem}: DISCORD_OPENAPI (or --openapi) names the openapi.json of "
            "discord/discord-api-spec; leave it empty to check without one."
        )


def load_description(path: Path) -> Description:
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
        """The violations of a request body."""
        for operation_method, pattern, template, operation in self._operations:
            if operation_method == method and pattern.fullmatch(path):
                return self._check(operation_method, template, operation, body, content_type)
        return [f"no such operation: {method} {path}"]

    def _check(
        self, method: str, template: str, operation: Payload, body: object, content_type: str
    ) -> list[str]:
        declared = as_object(operation.get("requestBody"))
        if not declared:
            return [] if body in (None, {}) else [f"{template} takes no body"]
        if body is None:
            return ["a body is required"] if declared.get("required") else []
        if content_type not in declared["content"]:
            return [f"{template} does not take {content_type}"]
        key = (method, template, content_type)
        if key not in self._checks:
            self._checks[key] = self._prepare(declared["content"][content_type]["schema"])
        validator, known_keys = self._checks[key]
        errors = [_error_text(fault) for fault in validator.iter_errors(body)]
        if isinstance(body, dict):
            # The description allows extra keys in objects; we treat an unknown key as a fault.
            unknown_keys = (
                as_object(cast("object", body)).keys() - known_keys - _TOLERATED.get(method, set())
            )
            errors += [f"{name}: no such key" for name in sorted(unknown_keys)]
        return errors

    def _prepare(self, schema: Payload) -> tuple[Draft202012Validator, set[str]]:
        validator = Draft202012Validator(
            cast("Payload", _absolute_refs(schema)), registry=self._registry, validate_formats=True
        )
        return validator, set(self._keys(schema))

    def _keys(self, schema: Payload) -> Iterator[str]:
        """Every key that an object of this schema may have at its root."""
        if "$ref" in schema:
            name = str(schema["$ref"]).rpartition("/")[2]
            yield from self._keys(self._schemas[name])
        yield from as_object(schema.get("properties"))
        for combinator in ("allOf", "anyOf", "oneOf"):
            for part in cast("list[Payload]", schema.get(combinator) or []):
                yield from self._keys(part)


def _pattern(template: str) -> re.Pattern[str]:
    pieces = re.split(r"\{[^}]+\}", template)
    return re.compile("([^/]+)".join(re.escape(piece) for piece in pieces))


def _absolute_refs(node: object) -> object:
    """The same schema with references that resolve outside the document."""
    if isinstance(node, dict):
        return {
            key: _URI + value if key == "$ref" and isinstance(value, str) else _absolute_refs(value)
            for key, value in cast("Payload", node).items()
        }
    if isinstance(node, list):
        return [_absolute_refs(item) for item in cast("list[object]", node)]
    return node


def _error_text(fault: ValidationError) -> str:
    """The text of the deepest fault: it comes from the schema that fits the body best."""
    deepest = fault
    while branches := getattr(deepest.kind, "context", None):
        inner_faults = [fault for branch in branches for fault in branch]
        deepest = max(inner_faults, key=lambda fault: len(fault.instance_path))
    location = "/".join(str(step) for step in deepest.instance_path) or "<root>"
    return f"{location}: {deepest.message[-_SENTENCE_CHARS:]}"


class Inspector:
    """Collects the violations of all calls. `openapi` names the description file, or None."""

    def __init__(self, openapi: Path | None) -> None:
        self._description = load_description(openapi) if openapi else None
        self._violations: list[Payload] = []

    def inspect(self, call: Call, content_type: str) -> None:
        """Check a call, and record its violations."""
        errors = list(_extra_violations(call))
        if self._description is not None:
            errors += self._description.errors(call.method, call.path, call.body, content_type)
        if errors:
            self.record(call, errors)

    def record(self, call: Call, errors: list[str]) -> None:
        """Record and log violations."""
        log.warning("%s %s: %s", call.method, call.path, "; ".join(errors))
        self._violations.append({"method": call.method, "path": call.path, "errors": errors})

    @property
    def has_description(self) -> bool:
        """Whether there is a description to compare calls with."""
        return self._description is not None

    def violations(self) -> list[Payload]:
        """All violations so far: `{method, path, errors}`."""
        return list(self._violations)


def _extra_violations(call: Call) -> Iterator[str]:
    """Violations of rules that the description leaves out: content length, files of attachments."""
    call_body = as_object(call.body)
    body = as_object(call_body["data"]) if "data" in call_body else call_body
    content = body.get("content")
    if isinstance(content, str) and len(content) > _CONTENT_LIMIT:
        yield f"content: {len(content)} characters, {_CONTENT_LIMIT} are allowed"
    attachments = cast("list[Payload]", body.get("attachments") or [])
    named_numbers = {int(a["id"]) for a in attachments if str(a.get("id")).isdecimal()}
    sent_numbers = set(range(len(call.uploads)))
    for number in sorted(sent_numbers - named_numbers):
        yield f"files[{number}] belongs to no attachment"
    for number in sorted(n for n in named_numbers - sent_numbers if n < _MAX_UPLOADS):
        yield f"attachment {number} has no file"
