"""Turns what a member typed into an `Ask`: checks limits, fills in defaults, answers kindly.

Called by the cogs that take requests. Pure; the limits are the card's, and everything outside them
is answered at once, naming the limit and the given value. Discord knows the same limits, so a
client rejects most of that itself. Policy is not consulted here.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Sequence
from dataclasses import replace

from bot.domain import STRONG, Ask, Job, JobId, Place, RefusalReason, Refused, RequestKind, UserId
from bot.typed.options import Typed
from bot.words import limits
from bot.words.speaking import number, say
from models.contract import SEED_COUNT, Aspect, Draw, ModelInfo

#: Invisible characters that say nothing to a model and could turn the text around them about.
_UNSEEN = frozenset(
    "\u200b\u200e\u200f\u2060\ufeff\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
#: Letters and signs by their category, and blank to the eye.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")


#: Discord's limit of what an option holds.
_OPTION_CHARS_MAX = 6000
#: Room for what else a pasted text says: its negative prompt and its settings.
_PASTED_CHARS = 1000


def bounds(info: ModelInfo) -> dict[str, tuple[int, int] | tuple[float, float]]:
    """The least and the most that each number option may be with this model, both inclusive."""
    limits = info.limits
    return {
        "count": (1, limits.count_max),
        "seed": (0, SEED_COUNT - 1),
        "steps": (limits.steps_min, limits.steps_max),
        "guidance": (limits.guidance_min, limits.guidance_max),
        # 0 is what the card says, as it is where nothing is said.
        "clip_skip": (0, info.clip_skip_max),
    }


def lengths(info: ModelInfo) -> dict[str, tuple[int, int]]:
    """The fewest and the most characters of each text option, as Discord learns them.

    A text that was pasted into `prompt:` may hold more than the prompt.
    """
    most = info.limits.prompt_chars_max
    pasted = min(2 * most + _PASTED_CHARS, _OPTION_CHARS_MAX)
    return {"prompt": (1, pasted), "negative": (0, min(most, _OPTION_CHARS_MAX))}


def make_ask(
    *,
    info: ModelInfo,
    user_id: UserId,
    place: Place,
    typed: Typed,
    fresh_seed: int,
    faults: Sequence[str] = (),
    kind: RequestKind = RequestKind.COMMAND,
    parent_job_id: JobId | None = None,
) -> Ask | Refused:
    """A well-formed ask for this model, or a friendly refusal that names every fault.

    Options that were not typed take the model's defaults. `faults` are those that cannot be read.
    """
    checks = _Checks(info, faults)
    aspect = typed.aspect or Aspect.SQUARE
    width_px, height_px = info.sizes_px[aspect]
    draw = Draw(
        prompt=checks.prompt(typed.prompt),
        negative=checks.negative(typed.negative, typed.without),
        aspect=aspect,
        width_px=width_px,
        height_px=height_px,
        seed=checks.whole_number("seed", typed.seed, fresh_seed % SEED_COUNT),
        steps=checks.whole_number("steps", typed.steps, info.default_steps),
        guidance=checks.guidance(typed.guidance),
        sampler=typed.sampler or info.default_sampler,
        clip_skip=checks.whole_number("clip_skip", typed.clip_skip, 0) or None,
        # With what, is decided where policy looks at it.
        completion="" if info.completes and typed.complete is not False else None,
        style=typed.style,
        source=typed.source,
        strength=None if typed.source is None else checks.strength(typed.strength),
    )
    count = checks.whole_number("count", typed.count, 1)
    if checks.faults:
        return Refused(reason=RefusalReason.INPUT, text=limits.several(checks.faults))
    return Ask(
        user_id=user_id,
        place=place,
        draw=draw,
        count=count,
        private=bool(typed.private),
        kind=kind,
        parent_job_id=parent_job_id,
    )


def number_faults(info: ModelInfo, typed: Typed) -> tuple[str, ...]:
    """What is wrong with the numbers of saved options, a sentence each."""
    checks = _Checks(info, ())
    checks.whole_number("count", typed.count, 1)
    checks.whole_number("steps", typed.steps, info.default_steps)
    checks.whole_number("clip_skip", typed.clip_skip, 0)
    checks.guidance(typed.guidance)
    return tuple(checks.faults)


def bound_to_model(ask: Ask, info: ModelInfo) -> Ask:
    """The ask, to be drawn with this model even if another one serves by then."""
    return replace(ask, draw=replace(ask.draw, model=info.card_id))


def typed_of(draw: Draw, info: ModelInfo, *, private: bool, count: int | None = None) -> Typed:
    """What has to be typed to get this draw of this model; its size is the aspect's with any.

    The words of its style are words of its prompt by now, so no style is named. A source is named
    where it is still known; what is enlarged has no strength, and what drew it is asked for.
    """
    varied = bool(draw.source) and draw.strength is not None
    return Typed(
        prompt=draw.prompt,
        # Where the model's usual one is empty, an empty one need not be typed.
        negative=None if draw.negative == info.default_negative == "" else draw.negative,
        aspect=draw.aspect,
        seed=draw.seed,
        steps=draw.steps,
        guidance=draw.guidance,
        sampler=draw.sampler,
        clip_skip=draw.clip_skip,
        complete=False if info.completes and draw.completion is None else None,
        source=draw.source if varied else None,
        strength=draw.strength if varied else None,
        private=private,
        count=count,
    )


def ask_again(
    *,
    info: ModelInfo,
    user_id: UserId,
    place: Place,
    draw: Draw,
    kind: RequestKind,
    parent_job_id: JobId,
    private: bool,
    count: int = 1,
) -> Ask | Refused:
    """Pictures by the settings of an earlier one, if this model can still be asked for them.

    The size is this model's: it may be another than the one that drew the earlier one. The same
    picture is filled in as it was, a variation anew. What the earlier one was varied from, these
    are varied from too; of one that was enlarged, they are drawn at the model's own size.
    """
    ask = make_ask(
        info=info,
        user_id=user_id,
        place=place,
        typed=replace(typed_of(draw, info, private=private, count=count), style=draw.style),
        fresh_seed=draw.seed,
        kind=kind,
        parent_job_id=parent_job_id,
    )
    if isinstance(ask, Refused):
        return ask
    source = None if draw.strength is None else draw.source
    kept = replace(ask.draw, completion=draw.completion, source=source, strength=draw.strength)
    return replace(ask, draw=kept)


def ask_larger(
    *,
    user_id: UserId,
    place: Place,
    job: Job,
    size_px: tuple[int, int],
    private: bool,
) -> Ask:
    """This job's picture once more, larger.

    Nothing of its words is drawn, so no limit of the model's is looked at; policy reads them all
    the same.
    """
    draw = replace(
        job.draw,
        width_px=size_px[0],
        height_px=size_px[1],
        source=job.id,
        strength=None,
        enlarged=True,
    )
    return Ask(
        user_id=user_id,
        place=place,
        draw=draw,
        count=1,
        private=private,
        kind=RequestKind.UPSCALE,
        parent_job_id=job.id,
    )


class _Checks:
    """Checks each option, and notes each fault as a sentence for its member."""

    def __init__(self, info: ModelInfo, faults: Sequence[str]) -> None:
        self.faults = list(faults)
        self._info = info
        self._bounds = bounds(info)

    def prompt(self, text: str) -> str:
        cleaned = _cleaned(text)
        if not any(unicodedata.category(c)[0] in "LNS" and c not in _BLANK for c in cleaned):
            self.faults.append(limits.NO_PROMPT(example=limits.EXAMPLE))
        return self._checked_length("prompt", cleaned)

    def negative(self, text: str | None, without: str | None) -> str:
        whole = self._info.default_negative if text is None else _cleaned(text)
        added = _cleaned(without or "")
        return self._checked_length("negative", ", ".join(filter(None, (whole, added))))

    def whole_number(self, option: str, given: int | None, default: int) -> int:
        value = default if given is None else given
        low, high = self._bounds[option]
        if not low <= value <= high:
            shown_bounds = number(low), number(high)
            self.faults.append(limits.out_of_bounds(option, *shown_bounds, _shown_number(value)))
        return value

    def guidance(self, given: float | None) -> float:
        default = self._info.default_guidance
        return self._real_number("guidance", given, default, self._bounds["guidance"])

    def strength(self, given: float | None) -> float:
        return self._real_number("strength", given, STRONG, (0, 1))

    def _real_number(
        self, option: str, given: float | None, default: float, bounds: tuple[float, float]
    ) -> float:
        value = default if given is None else given
        low, high = bounds
        if math.isfinite(value) and low <= value <= high:
            return round(value, 3)
        shown_bounds = number(low), number(high)
        self.faults.append(limits.out_of_bounds(option, *shown_bounds, f"{value:g}"))
        return value

    def _checked_length(self, option: str, text: str) -> str:
        limit = self._info.limits.prompt_chars_max
        if len(text) > limit:
            self.faults.append(limits.too_long(option, len(text), limit))
        return text


def _cleaned(text: str) -> str:
    """Without control characters, marks of direction and lone surrogates, on one line, trimmed.

    The other format characters stay (emoji are joined by one); policy reads through them.
    """
    seen = "".join(c for c in text if c not in _UNSEEN)
    spaced = " ".join(seen.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cs"})


def _shown_number(value: int) -> str:
    text = number(value)
    if len(text) <= 30:
        return text
    return say("{beginning}… ({count} characters)", beginning=text[:12], count=number(len(text)))
