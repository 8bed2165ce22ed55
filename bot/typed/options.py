"""A request's options as a member gave them; None means not given."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from models.contract import Aspect, Sampler


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Everything that a member asked for, in whatever way; only the types are checked."""

    prompt: str
    negative: str | None = None
    #: Excluded in addition to the negative prompt.
    without: str | None = None
    aspect: Aspect | None = None
    count: int | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: Sampler | None = None
    clip_skip: int | None = None
    #: Whether to complete what the prompt leaves open.
    complete: bool | None = None
    #: The name of a server's style, whose words are added.
    style: str | None = None
    #: The name of the member's preset for this request, instead of the one in use.
    preset: str | None = None
    #: The job id of the picture to start from; None to start from words alone.
    source: str | None = None
    #: How far to depart from that picture, 0 to 1.
    strength: float | None = None
    #: Whether only the member sees the result.
    private: bool | None = None

    def completed_by(self, other: Typed) -> Typed:
        """These options, with missing ones taken from `other`; the prompt is unchanged."""
        missing = {f.name for f in fields(self) if getattr(self, f.name) is None}
        return replace(self, **{name: getattr(other, name) for name in missing})
