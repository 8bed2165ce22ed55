"""A request's options as a member gave them; None means not given."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from models.contract import Aspect, Sampler


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """Everything asked for, in whatever way; only the types are checked."""

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
    #: The picture that it starts from, by its job's id; None: words alone.
    source: str | None = None
    #: How far it goes from there, 0 to 1.
    strength: float | None = None
    #: For the member's eyes.
    private: bool | None = None

    def over(self, below: Typed) -> Typed:
        """These options, completed by those of `below`; the prompt is unchanged."""
        unsaid = {f.name for f in fields(self) if getattr(self, f.name) is None}
        return replace(self, **{name: getattr(below, name) for name in unsaid})
