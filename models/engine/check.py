"""`python -m models check MODEL`: checks that a model can draw, and describes it.

It loads the model, encodes a prompt, takes two steps and decodes: a fault that would break the
first picture breaks here. Called by the command line and by `python -m bot doctor`; torch is
imported when it runs.
"""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from models.catalogue.hub import locate
from models.catalogue.registry import file_sha256
from models.contract import (
    Aspect,
    Draw,
    EngineError,
    Rendered,
    RenderRequest,
    ScoringError,
    TickResult,
)

if TYPE_CHECKING:
    from models.engine.safety import PictureScorer
    from models.engine.slots import SlotEngine

_WEIGHTS = "unet/diffusion_pytorch_model"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckedModel:
    """The description of a model that passed the check."""

    name: str
    card_id: str
    folder: Path
    base: str
    prediction: str
    unet_sha256: str
    device: str
    sizes_px: dict[Aspect, tuple[int, int]]
    licence_name: str
    scores: tuple[str, ...]
    #: The scorers that measure them; `blank` needs none.
    scorers: tuple[str, ...]

    def lines(self) -> list[str]:
        """The report for people, one fact on a line."""
        sizes = ", ".join(f"{aspect} {w}x{h}" for aspect, (w, h) in self.sizes_px.items())
        return [
            f"model       {self.name} ({self.card_id})",
            f"folder      {self.folder}",
            f"base        {self.base}",
            f"prediction  {self.prediction}",
            f"unet        sha256 {self.unet_sha256}",
            f"device      {self.device}",
            f"sizes       {sizes}",
            f"licence     {self.licence_name}",
            f"scores      {', '.join(self.scores)}{self._scorer_note()}",
        ]

    def _scorer_note(self) -> str:
        return f" (by {', '.join(self.scorers)})" if self.scorers else ""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument("model", nargs="?", default="embedded", help="a folder or a hub id")
    parser.add_argument("--device", help="cuda, mps or cpu (default: the best available)")
    parser.add_argument("--tagger", help="a WD tagger's folder or hub id, as in WD_TAGGER")


def run(args: argparse.Namespace) -> int:
    """Check and print the description; a fault is raised as EngineError."""
    print("\n".join(examine(args.model, args.device, args.tagger).lines()))
    return 0


def check(
    model: str,
    device: str | None = None,
    tagger: str | None = None,
    upscaler: Path | None = None,
) -> str:
    """One line about a model that loads and draws. EngineError says what is wrong."""
    facts = examine(model, device, tagger, upscaler)
    return (
        f"{facts.name} ({facts.card_id}), {facts.base}, {facts.prediction}, "
        f"on {facts.device}, unet sha256 {facts.unet_sha256[:12]}" + _scorer_summary(facts.scorers)
    )


def _scorer_summary(scorers: tuple[str, ...]) -> str:
    if not scorers:
        return ""
    alone = " alone, which learned from photographs (docs/safety.md)" * (scorers == ("open_nsfw",))
    return f", pictures looked at by {', '.join(scorers)}{alone}"


def examine(
    model: str,
    device: str | None = None,
    tagger: str | None = None,
    upscaler: Path | None = None,
) -> CheckedModel:
    """Load a model and draw two steps with it. EngineError says what is wrong."""
    from models.engine.loader import load
    from models.engine.safety import scorer_of
    from models.engine.slots import SlotEngine

    folder, _ = locate(model)
    parts = load(model, device=device, upscaler_path=upscaler)
    scorer = scorer_of(parts.card, folder, tagger)
    engine = SlotEngine(parts, 1)
    _score(scorer, _draw_two_steps(engine))
    checked = CheckedModel(
        name=parts.card.name,
        card_id=parts.card.id,
        folder=folder,
        base=parts.base,
        prediction=parts.card.prediction.value,
        unet_sha256=_unet_sha256(folder),
        device=str(parts.device),
        sizes_px=engine.info.sizes_px,
        licence_name=engine.info.licence_name,
        scores=tuple(score.value for score in parts.card.scores),
        scorers=scorer.names,
    )
    engine.close()
    return checked


def _score(scorer: PictureScorer, rendered: Rendered) -> None:
    try:
        scorer.score(rendered)
    except ScoringError as fault:
        raise EngineError(f"the model draws, but {fault}") from fault


def _draw_two_steps(engine: SlotEngine) -> Rendered:
    width, height = engine.info.sizes_px[Aspect.SQUARE]
    engine.admit(
        RenderRequest(
            row_id="check",
            draw=Draw(
                prompt="1girl, (smile:1.2)",
                seed=0,
                steps=2,
                guidance=engine.info.default_guidance,
                sampler=engine.info.default_sampler,
                width_px=width,
                height_px=height,
            ),
        )
    )
    result = TickResult()
    while not (result.finished or result.failed):
        result = engine.step()
    if result.failed or not result.finished:
        raise EngineError("the model loads but draws no picture: its values are not finite.")
    return result.finished[0]


def _unet_sha256(folder: Path) -> str:
    for suffix in (".safetensors", ".bin"):
        path = folder / (_WEIGHTS + suffix)
        if path.exists():
            return file_sha256(path)
    return "of several files"
