"""What is known of one model version: the `Card`, read from `card.json` beside the weights.

Torch-free and pure but for `read` and `write`. `registry` finds cards and `adoption` makes one
for a folder that has none. A card describes; it must not load weights and knows no Discord.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar

from models.contract import Aspect, EngineError, Limits, Sampler

#: The card's file name, beside model_index.json.
FILE_NAME = "card.json"
#: The version of the format that this code writes and the only one it reads.
SCHEMA = 1

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_Choice = TypeVar("_Choice", bound=StrEnum)


class CardError(EngineError):
    """A card is missing, malformed or at odds with its folder; the message names file and field."""


class Prediction(StrEnum):
    """What the UNet predicts."""

    #: The noise (Ho et al. 2020).
    EPSILON = "epsilon"
    #: The velocity (Salimans and Ho 2022).
    V = "v_prediction"


class Score(StrEnum):
    """The scores that a model's pictures need before they may be shown."""

    #: How flat the picture is: 1 is a single colour.
    BLANK = "blank"
    #: How likely the picture shows nudity; for models that can draw it.
    NUDITY = "nudity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One framing, (width, height): of the picture handed over, and the size it is drawn at."""

    finished_px: tuple[int, int]
    native_px: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """What is used where nothing is asked. `clip_skip` 1 is the text encoder's last layer."""

    steps: int = 24
    guidance: float = 7.0
    sampler: Sampler = Sampler.EULER_A
    negative: str = ""
    clip_skip: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """The licence of the weights; `file` lies in the folder, None is the text bundled with us."""

    name: str
    file: str | None
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model version.

    `files` maps paths inside the folder to their sha256 (empty for an adopted folder); `parent` is
    the id of the card this one was trained from, `made_by` the command that made it.
    """

    id: str
    name: str
    prediction: Prediction
    sizes: dict[Aspect, Size]
    defaults: Defaults
    limits: Limits
    scores: tuple[Score, ...]
    licence: Licence
    files: dict[str, str] = field(default_factory=dict[str, str])
    parent: str | None = None
    made_by: str = ""

    def native_px(self, width_px: int, height_px: int) -> tuple[int, int]:
        """The size to draw for a finished picture of the given size.

        A size that the card does not list (a job from before a change of model) is drawn in the
        framing nearest in ratio, and cut to size when it is brought up.
        """
        for size in self.sizes.values():
            if size.finished_px == (width_px, height_px):
                return size.native_px
        ratio = math.log(width_px / height_px)
        natives = [size.native_px for size in self.sizes.values()]
        return min(natives, key=lambda native: abs(math.log(native[0] / native[1]) - ratio))


def read(path: Path) -> Card:
    """The card in the given file. CardError says what is wrong with it, and where."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise CardError(f"{path} cannot be read: {fault.strerror}") from fault
    except ValueError as fault:
        raise CardError(f"{path} is not JSON: {fault}") from fault
    return parse(data, str(path))


def write(card: Card, path: Path) -> None:
    """Write the card to the given file, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(as_json(card), indent=2, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)


def as_json(card: Card) -> dict[str, object]:
    """The card as `parse` reads it."""
    return {
        "schema": SCHEMA,
        "id": card.id,
        "name": card.name,
        "parent": card.parent,
        "made_by": card.made_by,
        "prediction": card.prediction.value,
        "sizes_px": {
            aspect.value: {"finished": list(size.finished_px), "native": list(size.native_px)}
            for aspect, size in card.sizes.items()
        },
        "defaults": {f.name: getattr(card.defaults, f.name) for f in fields(Defaults)},
        "limits": {f.name: getattr(card.limits, f.name) for f in fields(Limits)},
        "scores": [score.value for score in card.scores],
        "licence": {f.name: getattr(card.licence, f.name) for f in fields(Licence)},
        "files": card.files,
    }


def parse(data: object, source: str) -> Card:
    """A card from decoded JSON; `source` begins every error message."""
    card = _Fields(data, source, "")
    if card.integer("schema", 1) != SCHEMA:
        raise CardError(f"{source} has another format than {SCHEMA}: a newer program wrote it.")
    sizes = card.child("sizes_px")
    result = Card(
        id=card.text("id", _ID),
        name=card.text("name"),
        parent=card.optional_text("parent"),
        made_by=card.text("made_by"),
        prediction=card.choice("prediction", Prediction),
        sizes={aspect: _size(sizes.child(aspect.value)) for aspect in Aspect},
        defaults=_defaults(card.child("defaults")),
        limits=_limits(card.child("limits")),
        scores=card.choices("scores", Score),
        licence=_licence(card.child("licence")),
        files=_files(card.child("files")),
    )
    sizes.end()
    card.end()
    _agree(result, source)
    return result


def _agree(card: Card, source: str) -> None:
    """The defaults must be askable."""
    defaults, limits = card.defaults, card.limits
    if not limits.steps_min <= defaults.steps <= limits.steps_max:
        raise CardError(f"{source}: defaults.steps is outside the card's own limits.")
    if not limits.guidance_min <= defaults.guidance <= limits.guidance_max:
        raise CardError(f"{source}: defaults.guidance is outside the card's own limits.")


def _size(size: _Fields) -> Size:
    result = Size(finished_px=size.pair("finished"), native_px=size.pair("native"))
    size.end()
    return result


def _defaults(defaults: _Fields) -> Defaults:
    result = Defaults(
        steps=defaults.integer("steps", 1),
        guidance=defaults.number("guidance"),
        sampler=defaults.choice("sampler", Sampler),
        negative=defaults.text("negative"),
        clip_skip=defaults.integer("clip_skip", 1),
    )
    defaults.end()
    return result


def _limits(limits: _Fields) -> Limits:
    result = Limits(
        steps_min=limits.integer("steps_min", 1),
        steps_max=limits.integer("steps_max", 1),
        guidance_min=limits.number("guidance_min"),
        guidance_max=limits.number("guidance_max"),
        count_max=limits.integer("count_max", 1),
        prompt_chars_max=limits.integer("prompt_chars_max", 1),
    )
    limits.end()
    return result


def _licence(licence: _Fields) -> Licence:
    result = Licence(
        name=licence.text("name"),
        file=licence.optional_text("file"),
        sha256=licence.text("sha256", _SHA256),
    )
    licence.end()
    return result


def _files(files: _Fields) -> dict[str, str]:
    return {path: files.text(path, _SHA256) for path in files.names()}


class _Fields:
    """One JSON object whose fields are taken one by one; every complaint names its field."""

    def __init__(self, data: object, source: str, path: str) -> None:
        self._source, self._path = source, path
        if not isinstance(data, dict):
            raise CardError(f"{source}: {path or 'the card'} must be an object.")
        self._left: dict[str, Any] = dict(data)

    def _take(self, name: str) -> Any:
        if name not in self._left:
            raise CardError(f"{self._source}: {self._path}{name} is missing.")
        return self._left.pop(name)

    def _fault(self, name: str, wanted: str, found: object) -> CardError:
        return CardError(f"{self._source}: {self._path}{name} must be {wanted}, not {found!r}.")

    def names(self) -> list[str]:
        return list(self._left)

    def child(self, name: str) -> _Fields:
        return _Fields(self._take(name), self._source, f"{self._path}{name}.")

    def text(self, name: str, pattern: re.Pattern[str] | None = None) -> str:
        value = self._take(name)
        if not isinstance(value, str):
            raise self._fault(name, "a text", value)
        if pattern and not pattern.fullmatch(value):
            raise self._fault(name, f"of the form {pattern.pattern}", value)
        return value

    def optional_text(self, name: str) -> str | None:
        value = self._take(name)
        if value is not None and not isinstance(value, str):
            raise self._fault(name, "a text or null", value)
        return value

    def integer(self, name: str, least: int) -> int:
        value = self._take(name)
        if isinstance(value, bool) or not isinstance(value, int) or value < least:
            raise self._fault(name, f"a whole number of at least {least}", value)
        return value

    def number(self, name: str) -> float:
        value = self._take(name)
        plain = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not plain or not 0 <= value < math.inf:
            raise self._fault(name, "a number of at least 0", value)
        return float(value)

    def pair(self, name: str) -> tuple[int, int]:
        value = self._take(name)
        match value:
            case [int(width), int(height)] if width > 0 and height > 0:
                return width, height
            case _:
                raise self._fault(name, "[width, height] in pixels", value)

    def choice(self, name: str, kind: type[_Choice]) -> _Choice:
        value = self._take(name)
        if value not in list(kind):
            raise self._fault(name, "one of " + ", ".join(kind), value)
        return kind(value)

    def choices(self, name: str, kind: type[_Choice]) -> tuple[_Choice, ...]:
        value = self._take(name)
        if not isinstance(value, list) or not all(item in list(kind) for item in value):
            raise self._fault(name, "a list out of " + ", ".join(kind), value)
        return tuple(kind(item) for item in value)

    def end(self) -> None:
        """Nothing may be left over: a misspelt field would be silently without effect."""
        if self._left:
            name = next(iter(self._left))
            raise CardError(f"{self._source}: {self._path}{name} is not a field of a card.")
