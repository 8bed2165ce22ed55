"""The score thresholds: the one table of numbers by which policy judges pictures.

Read by whatever judges scores (`decide`, `watching`) and by the program that measures the numbers
on harmless pictures (`tests/bench/safety.py`); the figures are in docs/safety.md. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Thresholds:
    """Each in 0..1; a score that is equal counts."""

    #: Of `blank`: nothing was drawn, or the model broke.
    blank: float
    #: Of `nudity`: shown behind a spoiler.
    spoiler: float
    #: Of `nudity`: a moderator looks at it first.
    hold: float
    #: Of `nudity`: only age-restricted channels may show it.
    withhold: float
    #: Of `nudity` in a preview: the rest is not worth drawing.
    stop: float
    #: Of `childlike`, beside `hold` of `nudity`: no channel may show it.
    childlike: float
    #: Of a picture's steps: before this share is done a preview says nothing of what it becomes.
    watched_from: float


#: open_nsfw's authors: under 0.2 is likely safe, over 0.8 very likely is not, and what lies between
#: is for whoever uses it to divide. 0.26 is where the WD ViT tagger v3 is as often right as it
#: finds what is there (its model card, P=R). The others were measured: docs/safety.md.
THRESHOLDS = Thresholds(
    blank=0.5, spoiler=0.3, hold=0.5, withhold=0.8, stop=0.95, childlike=0.26, watched_from=0.4
)


def is_forbidden(values: Mapping[str, float]) -> bool:
    """Whether a picture shows somebody childlike and nudity at once, as far as can be measured.

    That is the floor: it holds in every channel, whatever the server allows.
    """
    childlike = values.get("childlike", 0.0) >= THRESHOLDS.childlike
    return childlike and values.get("nudity", 0.0) >= THRESHOLDS.hold
