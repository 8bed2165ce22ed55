"""The options of a request as a member gave them; None is what they said nothing about."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

from models.contract import Aspect, Sampler


@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """What was asked for, by whatever way it came; nothing is checked yet but its type."""

    prompt: str
    negative: str | None = None
    #: Kept out besides the negative prompt, whichever that is.
    without: str | None = None
    aspect: Aspect | None = None
    count: int | None = None
    seed: int | None = None
    steps: int | None = None
    guidance: float | None = None
    sampler: Sampler | None = None
    clip_skip: int | None = None
    #: Whether what the prompt leaves open is filled in.
    complete: bool | None = None
    #: The name of a style of the server's, whose words are added.
    style: str | None = None
    #: The name of a preset of the member's, for this request instead of the one in use.
    preset: str | None = None
    #: The picture that it starts from, by its job's id; None: words alone.
    source: str | None = None
    #: How far it goes from there, 0 to 1.
    strength: float | None = None
    #: For the member's eyes.
    private: bool | None = None

    def over(self, below: Typed) -> Typed:
        """This, and what `below` says where this says nothing; the prompt stays this one's."""
        unsaid = {f.name for f in fields(self) if getattr(self, f.name) is None}
        return replace(self, **{name: getattr(below, name) for name in unsaid})
