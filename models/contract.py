"""The types shared by the bot and the picture engine: requests, results, scores, two protocols.

Torch-free on purpose: `bot/` and `cogs/` import this file, and a fake engine in the tests needs
nothing else. Must not know Discord, guilds, SQLite or any tensor library.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Protocol, Self

from models.decoding import Amount, Fraction, Positive


class Sampler(StrEnum):
    """The update rule from one sigma to the next: each member's name in data, and its label.

    `models.engine.samplers.SOLVERS` implements each one.
    """

    #: The name used by people and A1111.
    label: str

    def __new__(cls, name: str, label: str) -> Self:
        """Create a member from its name, with the label."""
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
    """The three framings to choose from; the card gives each one's size in pixels."""

    #: As wide as it is high.
    SQUARE = "square"
    #: Higher than wide.
    PORTRAIT = "portrait"
    #: Wider than high.
    LANDSCAPE = "landscape"


#: Seeds wrap around: the one after the last is 0.
SEED_COUNT = 2**32

#: The longest side of an enlarged picture.
ENLARGED_PX_MAX = 2048
#: The approximate side of the pieces of an enlargement, in pixels of the large picture.
_PIECE_PX = 512


def pieces_of(width_px: int, height_px: int) -> tuple[int, int]:
    """The columns and rows of pieces in which a picture is enlarged to this size."""
    return -(-width_px // _PIECE_PX), -(-height_px // _PIECE_PX)


@dataclass(frozen=True, slots=True, kw_only=True)
class Draw:
    """Everything that determines a picture: the same draw gives the same picture.

    A new option is a new field here, with None for "as the model's card says", so that older stored
    draws keep their meaning. `bot/store/job_rows.py` stores it as JSON.
    """

    prompt: str
    negative: str = ""
    #: The requested framing; the two sizes below decide what is drawn.
    aspect: Aspect = Aspect.SQUARE
    #: The size of the finished picture.
    width_px: int
    height_px: int
    seed: int
    steps: int
    guidance: float
    sampler: Sampler
    #: Which of the text encoder's layers is read, counted from the end: 1 is the last.
    clip_skip: int | None = None
    #: The id of the card to draw it with.
    model: str | None = None
    #: The words that fill in what the prompt left open; None if it is not to be completed.
    completion: str | None = None
    #: The picture to vary, by its job's id.
    source: str | None = None
    #: How far to go from it: 0 is the source itself, 1 ignores it.
    strength: Fraction | None = None
    #: The source is only enlarged to this size; nothing is drawn anew.
    enlarged: bool | None = None
    #: The name of the style whose words are in the prompt; without effect on the drawing.
    style: str | None = None

    @property
    def words(self) -> str:
        """The text that the model reads: the prompt with its completion."""
        return f"{self.prompt.rstrip(' ,')}, {self.completion}" if self.completion else self.prompt

    @property
    def first_step(self) -> int:
        """The number of steps that a variation skips."""
        if self.source is None or self.strength is None:
            return 0
        return self.steps - max(1, round(self.steps * self.strength))

    @property
    def pieces(self) -> tuple[int, int]:
        """The columns and rows of pieces of an enlargement."""
        return pieces_of(self.width_px, self.height_px)

    @property
    def progress_steps(self) -> int:
        """How many steps its progress counts; for an enlargement, its pieces."""
        return self.pieces[0] * self.pieces[1] if self.enlarged else self.steps

    def nth(self, index: int) -> Draw:
        """The draw of picture `index` in a request for several."""
        return replace(self, seed=(self.seed + index) % SEED_COUNT)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The limits of a model's options; every bound is inclusive."""

    steps_min: Positive = 1
    steps_max: Positive = 50
    guidance_min: Amount = 1.0
    guidance_max: Amount = 20.0
    count_max: Positive = 4
    prompt_chars_max: Positive = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelInfo:
    """What the bot needs to know about the model in use, from its card.

    `sizes_px` maps each aspect to the (width, height) in pixels of the finished picture.
    `licence_text` is the file that came with the weights; `licence_sha256` is its hash, which
    distinguishes a new licence from the one that a user accepted.
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
    #: Its id in the bot's rulebook; None: a licence that the rulebook does not know.
    licence_id: str | None = None
    #: Further rules that the licence requires.
    licence_rules: tuple[str, ...] = ()
    #: The number of layers in its text encoder.
    clip_skip_max: int = 1
    #: Its pictures are scored for nudity first, so no part of them may be shown before that.
    can_draw_nudity: bool = False
    #: The tags file with its vocabulary; None if it has none.
    tags_file: Path | None = None
    #: Prompts are completed unless the member switches that off.
    completes: bool = False
    #: The factor by which it can enlarge a picture's sides; 1: it has no upscaler.
    upscale_factor: int = 1

    def enlarged_px(self, width_px: int, height_px: int) -> tuple[int, int] | None:
        """The size of an enlarged picture of this size; None if it cannot be enlarged."""
        factor = min(self.upscale_factor, ENLARGED_PX_MAX / max(width_px, height_px))
        if factor <= 1:
            return None
        return round(width_px * factor), round(height_px * factor)


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderRequest:
    """One picture to draw. The same request draws the same picture, whatever shares its batch.

    `preview_every` asks for a small PNG in every n-th `StepReport` (0: none).
    """

    row_id: str
    draw: Draw
    preview_every: int = 0
    #: The picture to vary, of any size, if the draw names a source.
    source_png: bytes | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepReport:
    """The progress of one row after a tick; `preview_png` is at most 256 px per side, or None."""

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
    """The result of one `Engine.step`: progress of every running row, and the rows that ended."""

    reports: tuple[StepReport, ...] = ()
    finished: tuple[Rendered, ...] = ()
    failed: tuple[RowFailed, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """A picture's scores, each in 0..1 under its own name; scorers never decide.

    An empty mapping means that nothing was measured.
    """

    values: dict[str, float] = field(default_factory=dict[str, float])


class EngineError(Exception):
    """The engine cannot draw at all: a corrupt model folder, a missing file, no memory."""


class ScoringError(Exception):
    """A picture could not be scored: a scorer failed, took too long or returned no score.

    Nothing is known about what the picture shows; policy decides what follows.
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
        """Accept a row; it joins the batch at the next tick. ValueError if its id is in flight."""
        ...

    def step(self) -> TickResult:
        """Advance rows of one shape by one UNet call; for most samplers that is one step.

        A row is reported after each whole step, so a tick may report nothing.
        """
        ...

    def evict(self, row_id: str) -> bool:
        """Drop a row; False if no row with this id is in flight."""
        ...

    def close(self) -> None:
        """Free the model's memory; the engine cannot be used again."""
        ...


class Scorer(Protocol):
    """Measures pictures. Runs on its own thread, never edits pixels, never decides."""

    def score(self, rendered: Rendered) -> Scores:
        """Scores of one finished picture: exactly the pixels that may be shown.

        Raises ScoringError.
        """
        ...

    def score_preview(self, preview_png: bytes) -> Scores:
        """Scores of an unfinished picture: fewer than `score` gives, and sooner.

        Raises ScoringError.
        """
        ...
