"""A server's settings beside its rules: strikes that add up, and a gallery. Pure.

Parts of `layers.GuildPolicy`. They say nothing about what may be drawn or shown.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import ChannelId


@dataclass(frozen=True, slots=True, kw_only=True)
class StrikeTerms:
    """When strikes bring a time-out."""

    #: How many strikes that still count bring a time-out; 0: never.
    limit: int = 3
    #: How long a strike counts.
    expire_days: int = 30
    timeout_minutes: int = 60


#: Nobody can ask for more votes than this.
VOTES_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryTerms:
    """Where pictures that members like are shown once more, each once."""

    #: None: nowhere.
    channel: ChannelId | None = None
    #: Votes up less votes down, of others than who asked for it, from which a picture is shown.
    votes: int = 3
