"""Completes what an ask leaves open, for each picture by its own seed. Pure.

Called before policy decides, which then sees everything that is drawn. Nothing is filled in that
the place would not allow: nobody is refused for words of ours.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from bot.domain import Ask, RequestKind, Ruling
from bot.policy.decide import Weighed, judged, judged_by
from bot.policy.layers import EffectivePolicy
from models.catalogue.tags import filling
from models.catalogue.tags.glossary import Glossary
from models.contract import SEEDS, Draw

#: The same picture once more is filled in as it was.
_AS_IT_WAS = frozenset({RequestKind.AGAIN, RequestKind.UPSCALE, RequestKind.TRIAL})
#: Up to here a variation is near its picture; beyond, it is other lots that carry it away: with the
#: same words the embedded model draws nearly the same at 0.7, too.
_NEAR = 0.5
#: Other lots for a surprise that a place does not take.
_TRIES = 20


def completed(ask: Ask, glossary: Glossary, policy: EffectivePolicy) -> Ask:
    """The ask with what its pictures are drawn of beside its words, if it wants that."""
    if ask.draw.completion is None:
        return replace(ask, completions=None)
    if ask.kind in _AS_IT_WAS:
        return replace(ask, completions=(ask.draw.completion,) * ask.count)
    draws = (ask.draw.nth(index) for index in range(ask.count))
    fill = _kept if _stays_near(ask) else _filled
    return replace(ask, completions=tuple(fill(draw, glossary, policy) for draw in draws))


def surprise(glossary: Glossary, seed: int, policy: EffectivePolicy) -> str:
    """A prompt by lot that this place takes as it is; "" if none is found."""
    for number in range(_TRIES):
        prompt = filling.surprise(glossary, seed + number * SEEDS, takes=_taken(policy))
        if prompt and judged(prompt, "", policy) is Ruling.ALLOW:
            return prompt
    return ""


def _stays_near(ask: Ask) -> bool:
    """It is to be like the picture that it is drawn from, which other clothes are not."""
    strength = ask.draw.strength if ask.kind is RequestKind.VARY else None
    return strength is not None and strength <= _NEAR


def _kept(draw: Draw, glossary: Glossary, policy: EffectivePolicy) -> str:
    """What was filled in; something else where this place's policy would not take it."""
    kept = draw.completion or ""
    return kept if _harmless(draw, kept, policy) else _filled(draw, glossary, policy)


def _filled(draw: Draw, glossary: Glossary, policy: EffectivePolicy) -> str:
    """What is filled in, if it changes nothing of what policy says of the words alone."""
    found = filling.completion(
        draw.prompt, glossary, draw.seed, negative=draw.negative, takes=_taken(policy)
    )
    return found if _harmless(draw, found, policy) else ""


def _harmless(draw: Draw, completion: str, policy: EffectivePolicy) -> bool:
    """Whether it changes nothing of what policy says of the prompt alone."""
    alone = judged(draw.prompt, draw.negative, policy)
    whole = judged(replace(draw, completion=completion).words, draw.negative, policy)
    return whole <= alone


def _taken(policy: EffectivePolicy) -> Callable[[str], bool]:
    """Whether a tag of the model's own passes here as it is."""

    def weighed(tag: str) -> Weighed:
        return Weighed(found={f: policy.effect(f) for f in policy.screen.findings_in_tag(tag)})

    return lambda tag: judged_by(lambda: weighed(tag), policy) is Ruling.ALLOW
