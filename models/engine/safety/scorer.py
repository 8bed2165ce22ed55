"""`PictureScorer`: every score that a model's card requires, the strictest of all scorers.

Called by the bot's worker through `contract.Scorer`. Scorers run one after the other; a missing
score is an error, never a gap. Must not know policy's thresholds.
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

#: A picture whose pixels deviate this much (of 0..255) in every channel scores 1/e for blank;
#: drawn ones deviate by 30 and more and score less than 0.01.
_SPREAD_SCALE = 6.0


class PictureScorer:
    """Implements `contract.Scorer` with the given scorers.

    `values` has each measure once, from the strictest view of the strictest scorer, and beside it
    each scorer's own result, such as `nudity.open_nsfw`.
    """

    def __init__(self, viewers: Sequence[Viewer] = ()) -> None:
        self._viewers = tuple(viewers)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its scorers."""
        return tuple(viewer.name for viewer in self._viewers)

    def score(self, rendered: Rendered) -> Scores:
        """Every measure of one picture, each in 0..1. Raises ScoringError if one is missing."""
        with _raise_as_scoring_error("the picture"):
            size = (rendered.width_px, rendered.height_px)
            picture = Image.frombytes("RGB", size, rendered.rgb)
            values = {Score.BLANK.value: blankness(picture)}
        for viewer in self._viewers:
            _merge_scores(values, viewer, views(picture, viewer.part_px))
        return Scores(values=values)

    def score_preview(self, preview_png: bytes) -> Scores:
        """The scores of a preview, seen whole, without `blank`. Raises ScoringError as above."""
        with _raise_as_scoring_error("the preview"):
            view = Image.open(io.BytesIO(preview_png)).convert("RGB")
        values: dict[str, float] = {}
        for viewer in self._viewers:
            _merge_scores(values, viewer, [view])
        return Scores(values=values)


def likelihoods(viewer: Viewer, view: Image.Image) -> dict[str, float]:
    """A scorer's likelihoods for one view, each in 0..1. Raises ScoringError for other values."""
    with _raise_as_scoring_error(viewer.name):
        scores = viewer(view)
    for measure, likely in scores.items():
        # NaN would lose every comparison, and so pass as harmless.
        if not (math.isfinite(likely) and 0 <= likely <= 1):
            raise ScoringError(f"{viewer.name} gave {likely} for {measure}, which is no score.")
    return scores


def strictest(viewer: Viewer, pictures: Sequence[Image.Image]) -> dict[str, float]:
    """The highest value of each measure over one picture's views: the whole, then its parts."""
    scores = dict(likelihoods(viewer, pictures[0]))
    for part in pictures[1:]:
        for measure, likely in likelihoods(viewer, part).items():
            scores[measure] = max(likely**PART_POWER, scores[measure])
    return scores


def _merge_scores(values: dict[str, float], viewer: Viewer, parts: Sequence[Image.Image]) -> None:
    """Raise each measure to this scorer's value, and record that value."""
    for measure, likely in strictest(viewer, parts).items():
        for name in (measure, f"{measure}.{viewer.name}"):
            values[name] = max(likely, values.get(name, 0.0))


@contextmanager
def _raise_as_scoring_error(what: str) -> Iterator[None]:
    """Turn any error of a scorer and its libraries into a ScoringError that names `what`."""
    try:
        yield
    except Exception as fault:  # translated, not swallowed
        raise ScoringError(f"{what} could not be scored: {fault}") from fault


def open_scorer(model: str, *, tagger: str | None = None) -> PictureScorer:
    """A scorer for everything that the model's card requires; `model` as in `hub.locate`.

    `tagger` is a WD tagger's folder or hub id. Raises EngineError if the card or a score is
    unavailable.
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
    """A scorer for everything that the card requires. Raises EngineError if one is unavailable."""
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
    return math.exp(-max(ImageStat.Stat(picture).stddev) / _SPREAD_SCALE)
