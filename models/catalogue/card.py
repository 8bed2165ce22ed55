"""Metadata of one model version: the `Card`, read from `card.json` beside the weights.

Torch-free and pure except for `read` and `write`. `registry` finds cards; `adoption` makes one for
a folder without. A card describes; it must not load weights and knows no Discord.
"""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, TypeVar

from models.catalogue.verdict import EDITION, Sha256, Verdict, fingerprint
from models.contract import Aspect, EngineError, Limits, Sampler
from models.decoding import Amount, Dialect, Meta, MisfitError, Positive, decode

#: The card's file name, beside model_index.json.
FILE_NAME = "card.json"
#: The version of the format that this code writes, and the only one it reads.
SCHEMA = 1

#: (width, height).
Pixels = Annotated[tuple[Positive, Positive], Meta(description="[width, height] in pixels")]
_DIALECT = Dialect(unknown_field="is not a field of a card", needs_every_field=True)
_T = TypeVar("_T")


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
    #: How likely it shows somebody who looks like a child; only a WD tagger can tell.
    CHILDLIKE = "childlike"


#: Required for a model if nobody knows what it draws.
UNKNOWN = (Score.BLANK, Score.NUDITY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """One framing in pixels: of the finished picture, and the size at which it is drawn."""

    finished: Pixels
    native: Pixels


@dataclass(frozen=True, slots=True, kw_only=True)
class Defaults:
    """Values used where a request gives none. `clip_skip` 1 is the text encoder's last layer."""

    steps: Positive = 24
    guidance: Amount = 7.0
    sampler: Sampler = Sampler.EULER_A
    negative: str = ""
    clip_skip: Positive = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Licence:
    """The licence of the weights; `file` lies in the folder, None means the bundled text."""

    name: str
    file: str | None
    sha256: Sha256
    #: Its id in the bot's rulebook, such as `openrail-m`; None if the rulebook does not know it,
    #: and then it counts as requiring everything that any licence does.
    id: str | None = None
    #: Further rules of the rulebook that it requires.
    rules: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Versioned:
    """Read first, to know whether the rest of a card can be read."""

    schema: Positive


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One model version.

    `files` maps paths inside the folder to their sha256 (empty for an adopted folder); `parent` is
    the id of the card this one was trained from, `made_by` the command that made it.
    """

    id: Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9._-]{0,63}\Z")]
    name: str
    parent: str | None = None
    made_by: str = ""
    prediction: Prediction
    sizes_px: dict[Aspect, Size]
    defaults: Defaults
    limits: Limits
    scores: tuple[Score, ...]
    licence: Licence
    files: dict[str, Sha256] = field(default_factory=dict[str, str])
    manifests: tuple[Sha256, ...] | None = None
    #: The tags file in its folder, `.json` or `.csv`; None if it has none.
    tags: str | None = None
    #: Whether open attributes of a prompt are completed by the tags file's shares; None means no.
    completes: bool | None = None
    #: The gate's verdict; None until it has run.
    verdict: Verdict | None = None

    def __post_init__(self) -> None:
        """Raise ValueError if defaults are outside the limits or required scores are missing."""
        defaults, limits = self.defaults, self.limits
        if not limits.steps_min <= defaults.steps <= limits.steps_max:
            raise ValueError("defaults.steps is outside the card's own limits.")
        if not limits.guidance_min <= defaults.guidance <= limits.guidance_max:
            raise ValueError("defaults.guidance is outside the card's own limits.")
        if Score.BLANK not in self.scores:
            raise ValueError("scores must name blank: without it no picture may be shown.")
        if Score.CHILDLIKE in self.scores and not self.can_draw_nudity:
            raise ValueError(
                "scores must name nudity beside childlike, which alone proves nothing."
            )

    @property
    def can_draw_nudity(self) -> bool:
        """Whether its pictures must be scored for nudity before anything of them is shown."""
        return Score.NUDITY in self.scores

    @property
    def verdict_on_files(self) -> Verdict | None:
        """The verdict if it is on these very files, by whatever edition of the gate."""
        verdict = self.verdict
        same = verdict is not None and verdict.files_sha256 == fingerprint(self.files)
        return verdict if same else None

    @property
    def is_judged(self) -> bool:
        """Whether today's gate has judged these very files, whatever its verdict."""
        verdict = self.verdict_on_files
        return verdict is not None and verdict.gate == EDITION

    @property
    def may_be_promoted(self) -> bool:
        """Whether these very files passed the gate."""
        passed = self.verdict is not None and self.verdict.passed
        return passed and self.is_judged and bool(self.files)

    def native_px(self, width_px: int, height_px: int) -> tuple[int, int]:
        """The size to draw for a finished picture of the given size.

        A size missing from the card (a job from before a change of model) is drawn in the framing
        with the nearest ratio, and cropped when it is scaled up.
        """
        for size in self.sizes_px.values():
            if size.finished == (width_px, height_px):
                return size.native
        ratio = math.log(width_px / height_px)
        natives = [size.native for size in self.sizes_px.values()]
        return min(natives, key=lambda native: abs(math.log(native[0] / native[1]) - ratio))


def read(path: Path) -> Card:
    """Read a card. CardError says what is wrong with it, and where."""
    try:
        data = json.loads(path.read_text("utf-8"))
    except OSError as fault:
        raise CardError(f"{path} cannot be read: {fault.strerror}") from fault
    except (ValueError, RecursionError) as fault:
        raise CardError(f"{path} is not JSON: {fault}") from fault
    return parse(data, str(path))


def write(card: Card, path: Path) -> None:
    """Write a card, whole or not at all."""
    partial = path.with_name(path.name + ".part")
    partial.write_text(json.dumps(as_json(card), indent=2, ensure_ascii=False) + "\n", "utf-8")
    partial.replace(path)


def as_json(card: Card) -> dict[str, object]:
    """The card in the form that `parse` reads."""
    return {"schema": SCHEMA, **asdict(card)}


def parse(data: object, source: str) -> Card:
    """A card from decoded JSON; `source` begins every error message."""
    schema = _decode(_Versioned, data, source, replace(_DIALECT, ignores_unknown=True)).schema
    if schema != SCHEMA:
        raise CardError(f"{source} has another format than {SCHEMA}: a newer program wrote it.")
    assert isinstance(data, dict)
    return _decode(Card, {k: v for k, v in data.items() if k != "schema"}, source, _DIALECT)


def _decode(kind: type[_T], data: object, source: str, dialect: Dialect) -> _T:
    try:
        return decode(kind, data, dialect)
    except MisfitError as fault:
        # A misspelt field would silently have no effect.
        raise CardError(f"{source}: {fault}") from fault
