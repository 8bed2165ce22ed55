"""The words that the bot and the picture engine share: requests, results, scores and the two seams.

Torch-free on purpose: `bot/` and `cogs/` import this room, and a fake engine in the tests needs
nothing else. It must not know Discord, guilds, SQLite or any tensor library.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from models.decoding import Amount, Fraction, Positive


class Sampler(StrEnum):
    """How a row is taken from one sigma to the next: each member's name in data, and its label.

    `models.engine.samplers.SOLVERS` says for each how it works.
    """

    #: What people and A1111 call it.
    label: str

    def __new__(cls, name: str, label: str) -> Self:
        """A member is its name; the label goes with it."""
        member = str.__new__(cls, name)
        member._value_ = name
        member.label = label
        return member

    #: Ancestral Euler (Karras et al. 2022, Algorithm 2 with k-diffusion's ancestral noise).
    EULER_A = "euler_a", "Euler a"
    #: DPM-Solver++(2M) (Lu et al. 2022b), the multistep second-order solver.
    DPMPP_2M = "dpmpp_2m", "DPM++ 2M"
    #: Plain Euler, deterministic (Karras et al. 2022, Algorithm 1 without the correction).
    EULER = "euler", "Euler"
    #: Denoising diffusion implicit models, deterministic (Song et al. 2021, eq. 12 with eta 0).
    DDIM = "ddim", "DDIM"
    #: Heun's method (Karras et al. 2022, Algorithm 1), two evaluations a step.
    HEUN = "heun", "Heun"


class Aspect(StrEnum):
    """The three framings a member can ask for; the card says how many pixels each one has."""

    #: As wide as it is high.
    SQUARE = "square"
    #: Higher than wide.
    PORTRAIT = "portrait"
    #: Wider than high.
    LANDSCAPE = "landscape"


#: Seeds go round: the one after the last is 0.
SEEDS = 2**32

#: No picture is enlarged beyond this, a side.
ENLARGED_PX_MAX = 2048
#: An enlargement is done in pieces of about this size, a side, of the large picture.
_PIECE_PX = 512


def pieces_of(width_px: int, height_px: int) -> tuple[int, int]:
    """How many columns and rows of pieces a picture is enlarged to this size in."""
    return -(-width_px // _PIECE_PX), -(-height_px // _PIECE_PX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Everything that a picture is drawn by: the same draw gives the same picture.

    A new option is a new field here, with None for "as the model's card says": then what was
    written down before it is read as it was meant. `bot/store/job_rows.py` keeps it as JSON.
    """

    prompt: str
    negative: str = ""
    #: The framing that was asked for; what is drawn is as large as the two numbers below say.
    aspect: Aspect = Aspect.SQUARE
    #: Of the finished picture, as is `height_px`.
    width_px: int
    height_px: int
    seed: int
    steps: int
    guidance: float
    sampler: Sampler
    #: Which of the text encoder's layers is read, counted from its end: 1 is the last.
    clip_skip: int | None = None
    #: The id of the card that it is drawn with.
    model: str | None = None
    #: What was filled in where the prompt left something open; None: nothing was to be.
    completion: str | None = None
    #: The picture that it is varied from, by its job's id.
    source: str | None = None
    #: How far it goes from there: 0 is the source itself, 1 as if there were none.
    strength: Fraction | None = None
    #: It is the source and nothing else, at this size: nothing is drawn anew.
    enlarged: bool | None = None
    #: The name of the style whose words stand in the prompt; it draws nothing by itself.
    style: str | None = None

    @property
    def words(self) -> str:
        """What the model reads: the prompt, and what was filled in behind it."""
        return f"{self.prompt.rstrip(' ,')}, {self.completion}" if self.completion else self.prompt

    @property
    def first_step(self) -> int:
        """The steps of its noise levels that a picture which is varied leaves out."""
        if self.source is None or self.strength is None:
            return 0
        return self.steps - max(1, round(self.steps * self.strength))

    @property
    def pieces(self) -> tuple[int, int]:
        """How many columns and rows of pieces it is enlarged in."""
        return pieces_of(self.width_px, self.height_px)

    @property
    def length(self) -> int:
        """The steps that its progress is counted in: of an enlargement, its pieces."""
        return self.pieces[0] * self.pieces[1] if self.enlarged else self.steps

    def nth(self, index: int) -> Draw:
        """The draw of picture `index` of several that were asked for together."""
        return replace(self, seed=(self.seed + index) % SEEDS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What a model can be asked for; every bound is inclusive."""

    steps_min: Positive = 1
    steps_max: Positive = 50
    guidance_min: Amount = 1.0
    guidance_max: Amount = 20.0
    count_max: Positive = 4
    prompt_chars_max: Positive = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What the bot needs to know of the model in use, read from its card.

    `sizes_px` maps each aspect to the (width, height) in pixels of the finished picture.
    `licence_text` is the file that came with the weights; `licence_sha256` is its hash, so that
    a new licence can be told from the one a user accepted.
    """

    card_id: str
    name: str
    sizes_px: dict[Aspect, tuple[int, int]]
    default_steps: int
    default_guidance: float
    default_sampler: Sampler
    default_negative: str
    limits: Limits
    licence_name: str
    licence_text: str
    licence_sha256: str
    #: By the bot's rulebook; None: a licence that it does not know.
    licence_id: str | None = None
    #: Rules that the licence asks for besides.
    licence_rules: tuple[str, ...] = ()
    #: The layers of its text encoder.
    clip_skip_max: int = 1
    #: Its pictures are scored for nudity before they are shown, so nothing of them may be shown
    #: before that.
    can_draw_nudity: bool = False
    #: The file that says which words it knows; None if it has none.
    tags_file: Path | None = None
    #: What a prompt leaves open is filled in, if its member does not switch that off.
    completes: bool = False
    #: How many times as large it can make a finished picture, a side; 1: it has no upscaler.
    enlarges: int = 1

    def enlarged_px(self, width_px: int, height_px: int) -> tuple[int, int] | None:
        """The size of a picture of this size once it is enlarged; None if it stays as it is."""
        most = min(self.enlarges, ENLARGED_PX_MAX / max(width_px, height_px))
        if most <= 1:
            return None
        return round(width_px * most), round(height_px * most)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One picture to draw. The same request draws the same picture, whoever shares its batch.

    `preview_every` asks for a small PNG in every n-th `StepReport` (0: none).
    """

    row_id: str
    draw: Draw
    preview_every: int = 0
    #: What it is varied from, where the draw names a source; of whatever size.
    source_png: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """How far one row has come after a tick; `preview_png` is at most 256 px a side, or None."""

    row_id: str
    step: int
    steps: int
    preview_png: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rendered:
    """A finished row: 8-bit RGB pixels, row-major, `3 * width_px * height_px` bytes."""

    row_id: str
    width_px: int
    height_px: int
    rgb: bytes
    batch_width: int


@dataclass(frozen=True, slots=True, kw_only=True)
class RowFailed:
    """A row that could not be drawn (its neighbours go on); `reason` is one plain sentence."""

    row_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TickResult:
    """What one `Engine.step` brought: progress of every running row, and the rows that ended."""

    reports: tuple[StepReport, ...] = ()
    finished: tuple[Rendered, ...] = ()
    failed: tuple[RowFailed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """What the scorers measured of a picture, each in 0..1 under its own name; they never decide.

    An empty mapping means that nothing was measured.
    """

    values: dict[str, float] = field(default_factory=dict[str, float])


class EngineError(Exception):
    """The engine cannot draw at all: a corrupt model folder, a missing file, no memory."""


class ScoringError(Exception):
    """A picture could not be measured: a scorer failed, took too long or told no score.

    Nothing is known of what the picture shows; policy says what becomes of it.
    """


class Engine(Protocol):
    """Draws rows step by step. Every method runs on the one GPU thread, never on the event loop."""

    @property
    def info(self) -> ModelInfo:
        """The model in use."""
        ...

    @property
    def capacity(self) -> int:
        """How many rows may be in flight at once."""
        ...

    def admit(self, request: RenderRequest) -> None:
        """Take a row in; it joins the batch at the next tick. ValueError if the id is in flight."""
        ...

    def step(self) -> TickResult:
        """Advance rows of one shape by one UNet call; of most samplers that is one step.

        A row is reported whenever a whole step of it is done, so a tick may report nothing.
        """
        ...

    def evict(self, row_id: str) -> bool:
        """Drop a row in flight; False if it is not here (any more)."""
        ...

    def close(self) -> None:
        """Free the model's memory; the engine is not used again."""
        ...


class Scorer(Protocol):
    """Measures pictures. Runs on a thread of its own, never edits pixels, never decides."""

    def score(self, rendered: Rendered) -> Scores:
        """Scores of one finished picture: the very pixels that may be shown. ScoringError."""
        ...

    def glance(self, preview_png: bytes) -> Scores:
        """What one look at an unfinished picture tells: less than `score`, and sooner.

        ScoringError if it tells nothing.
        """
        ...
