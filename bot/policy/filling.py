"""Completes what an ask leaves open, for each picture by its own seed. Pure.

Called before policy decides, which then sees everything that is drawn. Nothing is filled in that
the place would not allow: nobody is refused for words of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.domain import Ask, RequestKind, Ruling
from bot.policy.decide import Weighed, ruling_by, ruling_on
from bot.policy.layers import EffectivePolicy
from models.catalogue.tags import filling
from models.catalogue.tags.glossary import Glossary
from models.contract import SEED_COUNT, Draw

#: Requests for the same picture once more, which is filled in as before.
_SAME_PICTURE = frozenset({RequestKind.AGAIN, RequestKind.UPSCALE, RequestKind.TRIAL})
#: Up to here a variation is near its picture; beyond, it is other lots that carry it away: with the
#: same words the embedded model draws nearly the same at 0.7, too.
_NEAR_STRENGTH = 0.5
#: Other lots for a surprise that a place does not take.
_TRIES = 20


def with_completions(ask: Ask, glossary: Glossary, policy: EffectivePolicy) -> Ask:
    """The ask with a completion for each picture, if it wants them."""
    if ask.draw.completion is None:
        return replace(ask, completions=None)
    if ask.kind in _SAME_PICTURE:
        return replace(ask, completions=(ask.draw.completion,) * ask.count)
    draws = (ask.draw.nth(index) for index in range(ask.count))
    fill = _kept_completion if _is_near_variation(ask) else _new_completion
    return replace(ask, completions=tuple(fill(draw, glossary, policy) for draw in draws))


def surprise(glossary: Glossary, seed: int, policy: EffectivePolicy) -> str:
    """A random prompt that is allowed here as it is; "" if none is found."""
    for number in range(_TRIES):
        prompt = filling.surprise(glossary, seed + number * SEED_COUNT, allows=_tag_filter(policy))
        if prompt and ruling_on(prompt, "", policy) is Ruling.ALLOW:
            return prompt
    return ""


def _is_near_variation(ask: Ask) -> bool:
    """Whether it should stay so like its source that even clothes stay the same."""
    strength = ask.draw.strength if ask.kind is RequestKind.VARY else None
    return strength is not None and strength <= _NEAR_STRENGTH


def _kept_completion(draw: Draw, glossary: Glossary, policy: EffectivePolicy) -> str:
    """The earlier completion; a new one where this place's policy would not take it."""
    kept = draw.completion or ""
    return kept if _keeps_ruling(draw, kept, policy) else _new_completion(draw, glossary, policy)


def _new_completion(draw: Draw, glossary: Glossary, policy: EffectivePolicy) -> str:
    """A new completion; "" if it would change the ruling on the words alone."""
    found = filling.completion(
        draw.prompt, glossary, draw.seed, negative=draw.negative, allows=_tag_filter(policy)
    )
    return found if _keeps_ruling(draw, found, policy) else ""


def _keeps_ruling(draw: Draw, completion: str, policy: EffectivePolicy) -> bool:
    """Whether the ruling with this completion is no stricter than on the prompt alone."""
    alone = ruling_on(draw.prompt, draw.negative, policy)
    whole = ruling_on(replace(draw, completion=completion).words, draw.negative, policy)
    return whole <= alone


def _tag_filter(policy: EffectivePolicy) -> Callable[[str], bool]:
    """A test of whether one of the model's tags is allowed here by itself."""

    def weigh_tag(tag: str) -> Weighed:
        return Weighed(found={f: policy.effect(f) for f in policy.screen.findings_in_tag(tag)})

    return lambda tag: ruling_by(lambda: weigh_tag(tag), policy) is Ruling.ALLOW
