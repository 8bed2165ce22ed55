"""Turns what a person fills in into payloads: command options, select menus and modals.

Like a client before sending, it refuses whatever the bot did not offer. Used by `interactions.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, cast

from bot.sandbox.wire.wire import NotPossible, Payload, finite_number
from bot.sandbox.world.people import People

_SUBCOMMAND, _GROUP = 1, 2
_STRING, _INTEGER, _BOOLEAN, _NUMBER = 3, 4, 5, 10
#: The parts of `resolved` that hold an option's value, by option type.
_BUCKETS = {
    6: ("users", "members"),
    7: ("channels",),
    8: ("roles",),
    9: ("users", "members"),
    11: ("attachments",),
}
#: The same by component type of a select menu.
_SELECT_BUCKETS = {
    5: ("users", "members"),
    6: ("roles",),
    7: ("users", "members"),
    8: ("channels",),
    19: ("attachments",),
}
_STRING_SELECT, _TEXT_INPUT, _TEXT, _LABEL = 3, 4, 10, 18
_RADIO, _CHECKBOXES, _CHECKBOX = 21, 22, 23


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person who acts in a channel."""

    people: People
    user_id: int
    channel_id: int

    def resolve(
        self, buckets: tuple[str, ...], value: object, resolved: dict[str, dict[str, Payload]]
    ) -> None:
        """Add the objects behind an id to `resolved`. Raises `NotPossible`."""
        if not str(value).isdecimal():
            raise NotPossible(f"{value} is not an id.")
        for bucket in buckets:
            entity = self.people.resolve(bucket, int(str(value)), self.user_id, self.channel_id)
            resolved.setdefault(bucket, {})[str(value)] = entity


def build_options(
    actor: Actor,
    root: Payload,
    path: tuple[str, ...],
    given: Payload,
    *,
    focused: str | None = None,
) -> tuple[list[Payload], Payload]:
    """The `options` array and `resolved` object of a command call. Raises `NotPossible`.

    `focused` names the option being typed; others may then be missing or unfinished.
    """
    leaf, wrappers = _find_subcommand(root, path)
    options: list[Payload] = leaf.get("options") or []
    offered = {str(option["name"]): option for option in options}
    for name in given:
        if name not in offered:
            raise NotPossible(f"/{root['name']} has no option called {name}.")
    built: list[Payload] = []
    resolved: dict[str, dict[str, Payload]] = {}
    for name, option in offered.items():
        if name == focused:
            built.append(_option_payload(option, given.get(name, "")) | {"focused": True})
        elif name in given and given[name] is not None:
            value = _convert_value(option, given[name])
            if option["type"] in _BUCKETS:
                actor.resolve(_BUCKETS[option["type"]], value, resolved)
            elif focused is None:
                actor.people.check_option(root["name"], option, value)
            built.append(_option_payload(option, value))
        elif option.get("required") and focused is None:
            raise NotPossible(f"/{root['name']} needs the option {name}.")
    for wrapper in reversed(wrappers):
        built = [{"name": wrapper["name"], "type": wrapper["type"], "options": built}]
    return built, resolved


def _option_payload(option: Payload, value: object) -> Payload:
    return {"name": option["name"], "type": option["type"], "value": value}


def _find_subcommand(root: Payload, path: tuple[str, ...]) -> tuple[Payload, list[Payload]]:
    node, wrappers = root, list[Payload]()
    for name in path:
        subcommands: list[Payload] = node.get("options") or []
        matches = [
            o for o in subcommands if o["type"] in (_SUBCOMMAND, _GROUP) and o["name"] == name
        ]
        if not matches:
            raise NotPossible(f"/{root['name']} has no subcommand {name}.")
        node = matches[0]
        wrappers.append(node)
    options: list[Payload] = node.get("options") or []
    if any(o["type"] in (_SUBCOMMAND, _GROUP) for o in options):
        raise NotPossible(f"/{root['name']} needs a subcommand.")
    return node, wrappers


def _convert_value(option: Payload, value: object) -> object:
    """Convert a field's text to the number or switch that the option expects."""
    kind = option["type"]
    try:
        if kind == _NUMBER and isinstance(value, str | float):
            return finite_number(value)
        if kind == _INTEGER and isinstance(value, str):
            return int(value)
    except ValueError:
        raise NotPossible(f"The option {option['name']} takes a number.") from None
    if kind == _BOOLEAN and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def iter_components(components: list[Payload]) -> Iterator[Payload]:
    """Every component of a message or modal, outermost first."""
    for component in components:
        yield component
        yield from iter_components(component.get("components") or [])
        for key in ("accessory", "component"):
            if component.get(key):
                yield from iter_components([component[key]])


def build_component_data(actor: Actor, control: Payload, values: list[str] | None) -> Payload:
    """The `data` of a component interaction. Raises `NotPossible`."""
    if control.get("disabled"):
        raise NotPossible("That control is switched off.")
    kind = int(control["type"])
    data: Payload = {
        "custom_id": control["custom_id"],
        "component_type": kind,
        "id": control.get("id", 0),
    }
    if kind == 2:
        return data
    chosen = _check_values(control, values or [])
    data["values"] = chosen
    if kind in _SELECT_BUCKETS:
        resolved: dict[str, dict[str, Payload]] = {}
        _resolve_values(actor, control, chosen, resolved)
        data["resolved"] = resolved
    return data


def _resolve_values(
    actor: Actor, control: Payload, chosen: list[str], resolved: dict[str, dict[str, Payload]]
) -> None:
    """Add the chosen objects to `resolved`. Raises `NotPossible` for a channel of a wrong type."""
    for value in chosen:
        actor.resolve(_SELECT_BUCKETS[int(control["type"])], value, resolved)
        kinds = control.get("channel_types")
        if kinds and resolved["channels"][value]["type"] not in kinds:
            raise NotPossible("That channel is of another kind.")


def _bounds(control: Payload) -> tuple[int, int]:
    """The least and most values of a control; SimCord stores None for omitted bounds."""
    minimum, maximum = control.get("min_values"), control.get("max_values")
    option_count = len(control.get("options") or []) if control["type"] == _CHECKBOXES else 1
    return 1 if minimum is None else minimum, option_count if maximum is None else maximum


def _check_values(control: Payload, values: list[str]) -> list[str]:
    minimum, maximum = _bounds(control)
    if not minimum <= len(values) <= maximum:
        raise NotPossible(f"Choose between {minimum} and {maximum}.")
    if len(set(values)) != len(values):
        raise NotPossible("Choose each thing once.")
    if control.get("options"):
        offered = {option["value"] for option in control["options"]}
        for value in values:
            if value not in offered:
                raise NotPossible(f"{value} is not on offer.")
    return values


def fill_modal(
    actor: Actor,
    components: list[Payload],
    fields: Payload,
    resolved: dict[str, dict[str, Payload]],
) -> list[Payload]:
    """The submitted component tree of a modal: the shown tree with the values filled in.

    Adds the objects behind the values to `resolved`. Raises `NotPossible`.
    """
    answer: list[Payload] = []
    for component in components:
        kind = int(component["type"])
        node: Payload = {"type": kind, "id": component.get("id", 0)}
        if kind == _LABEL:
            inner = [component["component"]]
            node["component"] = fill_modal(actor, inner, fields, resolved)[0]
        elif "components" in component:
            node["components"] = fill_modal(actor, component["components"], fields, resolved)
        elif kind != _TEXT:
            node |= _fill_field(component, kind, fields.get(component["custom_id"]))
            if kind in _SELECT_BUCKETS:
                _resolve_values(actor, component, node["values"], resolved)
        answer.append(node)
    return answer


def _fill_field(control: Payload, kind: int, value: Any) -> Payload:
    name = control["custom_id"]
    is_required = bool(control.get("required", kind != _CHECKBOX))
    if is_required and value in (None, "", []):
        raise NotPossible(f"The field {control.get('label') or name} must be filled in.")
    if kind == _TEXT_INPUT:
        text = str(value or "")
        minimum, maximum = control.get("min_length") or 0, control.get("max_length") or 4000
        if text and not minimum <= len(text) <= maximum:
            raise NotPossible(f"Between {minimum} and {maximum} characters, please.")
        return {"custom_id": name, "value": text}
    if kind in (_STRING_SELECT, _CHECKBOXES, *_SELECT_BUCKETS):
        values = cast("list[str]", value if isinstance(value, list) else [value] if value else [])
        return {"custom_id": name, "values": _check_values(control, values) if values else []}
    if kind == _RADIO:
        offered = {option["value"] for option in control["options"]}
        if value is not None and value not in offered:
            raise NotPossible(f"{value} is not on offer.")
        return {"custom_id": name, "value": value}
    if kind == _CHECKBOX:
        return {"custom_id": name, "value": bool(value)}
    raise NotPossible("The local Discord has no such field.")
