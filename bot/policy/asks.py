"""From what a member typed to an `Ask`: limits checked, defaults filled in, all of it told kindly.

Called by the cogs that take requests. Pure; the limits are the card's, and a value out of them is
answered with the limit and with what was given. Policy is not looked at here.
"""

from __future__ import annotations

import math
import unicodedata
from dataclasses import replace

from bot.domain import Ask, JobId, Place, RefusalReason, Refused, RequestKind, UserId
from models.contract import SEEDS, Aspect, Draw, ModelInfo

#: Invisible characters that say nothing to a model and could turn the text around them about.
_UNSEEN = frozenset(
    "\u200b\u200e\u200f\u2060\ufeff\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
#: Letters and signs by their category, and blank to the eye.
_BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0")
_EXAMPLE = "for example `1girl, blue hair, glasses, smile`"


class _No(Exception):  # noqa: N818  never leaves this room
    """What is wrong with one option, as a sentence for its member."""


def make_ask(
    *,
    info: ModelInfo,
    user_id: UserId,
    place: Place,
    prompt: str,
    fresh_seed: int,
    negative: str | None = None,
    aspect: Aspect | None = None,
    count: int | None = None,
    seed: int | None = None,
    steps: int | None = None,
    guidance: float | None = None,
    clip_skip: int | None = None,
    kind: RequestKind = RequestKind.COMMAND,
    parent_job_id: JobId | None = None,
) -> Ask | Refused:
    """A well-formed ask for this model, or a friendly no. None means the model's default."""
    limits = info.limits
    aspect = aspect or Aspect.SQUARE
    try:
        width_px, height_px = info.sizes_px[aspect]
        return Ask(
            user_id=user_id,
            place=place,
            draw=Draw(
                prompt=_prompt(prompt, limits.prompt_chars_max),
                negative=_negative(negative, info),
                aspect=aspect,
                width_px=width_px,
                height_px=height_px,
                seed=_whole("seed", seed, fresh_seed % SEEDS, 0, SEEDS - 1),
                steps=_whole(
                    "steps", steps, info.default_steps, limits.steps_min, limits.steps_max
                ),
                guidance=_guidance(guidance, info),
                sampler=info.default_sampler,
                # 0 is what the card says, as it is where nothing is said.
                clip_skip=_whole("clip_skip", clip_skip, 0, 0, info.clip_skip_max) or None,
            ),
            count=_whole("count", count, 1, 1, limits.count_max),
            kind=kind,
            parent_job_id=parent_job_id,
        )
    except _No as problem:
        return Refused(reason=RefusalReason.INPUT, text=str(problem))


def asked_of(ask: Ask, info: ModelInfo) -> Ask:
    """The ask as one of this model: it is drawn with no other, whichever serves by then."""
    return replace(ask, draw=replace(ask.draw, model=info.card_id))


def ask_again(
    *,
    info: ModelInfo,
    user_id: UserId,
    place: Place,
    draw: Draw,
    kind: RequestKind,
    parent_job_id: JobId,
) -> Ask | Refused:
    """One picture by the settings of an earlier one, if this model can still be asked for them.

    Size and sampler are this model's: it may be another than the one that drew the earlier one.
    """
    return make_ask(
        info=info,
        user_id=user_id,
        place=place,
        prompt=draw.prompt,
        fresh_seed=draw.seed,
        negative=draw.negative,
        aspect=draw.aspect,
        seed=draw.seed,
        steps=draw.steps,
        guidance=draw.guidance,
        clip_skip=draw.clip_skip,
        kind=kind,
        parent_job_id=parent_job_id,
    )


def _prompt(text: str, limit: int) -> str:
    cleaned = _cleaned(text)
    if not any(unicodedata.category(c)[0] in "LNS" and c not in _BLANK for c in cleaned):
        raise _No(f"Tell me what to draw: `prompt:` needs some words, {_EXAMPLE}.")
    return _short_enough("prompt", cleaned, limit)


def _negative(text: str | None, info: ModelInfo) -> str:
    if text is None:
        return info.default_negative
    return _short_enough("negative", _cleaned(text), info.limits.prompt_chars_max)


def _short_enough(option: str, text: str, limit: int) -> str:
    if len(text) > limit:
        raise _No(
            f"Your `{option}:` is {len(text):,} characters; the limit is {limit:,}. Please shorten "
            "it. The first words count most."
        )
    return text


def _cleaned(text: str) -> str:
    """Without control characters, marks of direction and lone surrogates, on one line, trimmed.

    The other format characters stay (emoji are joined by one); policy reads through them.
    """
    seen = "".join(c for c in text if c not in _UNSEEN)
    spaced = " ".join(seen.split())
    return "".join(c for c in spaced if unicodedata.category(c) not in {"Cc", "Cs"})


def _whole(option: str, given: int | None, default: int, low: int, high: int) -> int:
    value = default if given is None else given
    if not low <= value <= high:
        raise _No(f"`{option}:` can be {low:,} to {high:,} with this model, not {_shown(value)}.")
    return value


def _guidance(given: float | None, info: ModelInfo) -> float:
    value = info.default_guidance if given is None else given
    low, high = info.limits.guidance_min, info.limits.guidance_max
    if not (math.isfinite(value) and low <= value <= high):
        raise _No(f"`guidance:` can be {low:g} to {high:g} with this model, not {value:g}.")
    return round(value, 3)


def _shown(value: int) -> str:
    text = f"{value:,}"
    return text if len(text) <= 30 else f"{text[:12]}… ({len(text)} characters)"
