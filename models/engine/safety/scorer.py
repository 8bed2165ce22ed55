"""`PictureScorer`: every measure that a model's card asks for, the strictest of all that look.

Called by the bot's worker through `contract.Scorer`. Scorers are asked one after the other; what
one of them cannot tell is an error, never a gap. It must not know the bar that policy sets.
"""

from __future__ import annotations

import io
import logging
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image, ImageStat

from models.catalogue.card import Card, Score
from models.catalogue.hub import locate
from models.catalogue.registry import card_of
from models.contract import EngineError, Rendered, Scores, ScoringError
from models.engine.safety.open_nsfw import OpenNsfw, open_nsfw
from models.engine.safety.safety_checker import has_checker, open_checker
from models.engine.safety.viewing import PART_POWER, Viewer, views
from models.engine.safety.wd_tagger import open_tagger

log = logging.getLogger(__name__)

#: A picture whose pixels spread this much (of 0..255) in every channel is 1/e blank; drawn ones
#: spread 30 and more, which leaves less than 0.01.
_SPREAD = 6.0


class PictureScorer:
    """Implements `contract.Scorer` by what the given scorers see.

    `values` has each measure once, as the strictest view of the strictest scorer has it, and what
    each scorer said: `nudity.open_nsfw`.
    """

    def __init__(self, viewers: Sequence[Viewer] = ()) -> None:
        self._viewers = tuple(viewers)

    @property
    def names(self) -> tuple[str, ...]:
        """The scorers that it asks."""
        return tuple(viewer.name for viewer in self._viewers)

    def score(self, rendered: Rendered) -> Scores:
        """Every measure of one picture, each in 0..1; ScoringError if one could not be taken."""
        with _told("the picture"):
            size = (rendered.width_px, rendered.height_px)
            picture = Image.frombytes("RGB", size, rendered.rgb)
            values = {Score.BLANK.value: blankness(picture)}
        for viewer in self._viewers:
            _join(values, viewer, views(picture, viewer.part_px))
        return Scores(values=values)

    def glance(self, preview_png: bytes) -> Scores:
        """What one look at a preview tells, without `blank`; ScoringError as above."""
        with _told("the preview"):
            view = Image.open(io.BytesIO(preview_png)).convert("RGB")
        values: dict[str, float] = {}
        for viewer in self._viewers:
            _join(values, viewer, [view])
        return Scores(values=values)


def likelihoods(viewer: Viewer, view: Image.Image) -> dict[str, float]:
    """What a scorer finds in one view, each in 0..1; ScoringError for anything else."""
    with _told(viewer.name):
        found = viewer(view)
    for measure, likely in found.items():
        # NaN would lose every comparison, and pass for harmless.
        if not (math.isfinite(likely) and 0 <= likely <= 1):
            raise ScoringError(f"{viewer.name} gave {likely} for {measure}, which is no score.")
    return found


def strictest(viewer: Viewer, seen: Sequence[Image.Image]) -> dict[str, float]:
    """Each measure as the strictest of one picture's views has it: the whole, then its parts."""
    found = dict(likelihoods(viewer, seen[0]))
    for part in seen[1:]:
        for measure, likely in likelihoods(viewer, part).items():
            found[measure] = max(likely**PART_POWER, found[measure])
    return found


def _join(values: dict[str, float], viewer: Viewer, seen: Sequence[Image.Image]) -> None:
    """Raise each measure to what this scorer finds, and note that it did."""
    for measure, likely in strictest(viewer, seen).items():
        for name in (measure, f"{measure}.{viewer.name}"):
            values[name] = max(likely, values.get(name, 0.0))


@contextmanager
def _told(what: str) -> Iterator[None]:
    """One named error for whatever a scorer and its libraries raise."""
    try:
        yield
    except Exception as fault:  # translated, not swallowed
        raise ScoringError(f"{what} could not be scored: {fault}") from fault


def open_scorer(model: str, *, tagger: str | None = None) -> PictureScorer:
    """A scorer with all that the model's card asks for; `model` as in `hub.locate`.

    `tagger` is a WD tagger's folder or hub id. EngineError if the card or a score cannot be had.
    """
    folder, name = locate(model)
    card = card_of(folder, name)
    scorer = scorer_of(card, folder, tagger)
    if scorer.names == (OpenNsfw.name,):
        log.warning(
            "only open_nsfw looks at the pictures of %s, and it learned from photographs: "
            "set WD_TAGGER (docs/safety.md)",
            card.id,
        )
    return scorer


def scorer_of(card: Card, folder: Path, tagger: str | None = None) -> PictureScorer:
    """A scorer with all that the card asks for. EngineError if one of them cannot be had."""
    if not card.can_draw_nudity:
        return PictureScorer()
    viewers: list[Viewer] = [open_nsfw()]
    if has_checker(folder):
        viewers.append(open_checker(folder))
    if tagger is not None:
        viewers.append(open_tagger(tagger))
    elif Score.CHILDLIKE in card.scores:
        raise EngineError(
            f"{card.id} asks for the score {Score.CHILDLIKE}, which only a WD tagger gives: "
            "set WD_TAGGER (docs/safety.md)."
        )
    return PictureScorer(viewers)


def blankness(picture: Image.Image) -> float:
    """1 for a picture of one colour, close to 0 for anything drawn."""
    return math.exp(-max(ImageStat.Stat(picture).stddev) / _SPREAD)
