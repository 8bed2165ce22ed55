"""*Decide*: `admit` what may be drawn, `release` what was drawn. Pure, total, fails closed.

The only room that constructs `Admitted` and `Released`, so nothing unreviewed can be queued, kept
or posted. What follows from each finding is joined, and the strictest wins, so neither the order
nor the number of rules changes a decision.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from bot.domain import (
    Admitted,
    Ask,
    Held,
    Job,
    Layer,
    Place,
    Rating,
    RefusalReason,
    Refused,
    Released,
    RuleId,
    Ruling,
    Withheld,
)
from bot.policy.effect import Audience, Effect, join
from bot.policy.layers import EffectivePolicy, Ground, excusing
from bot.policy.rulebook import SERVER, Rulebook
from bot.policy.screening import Finding
from bot.words import refusals
from models.contract import ModelInfo, Rendered, Scores

#: From here on a picture counts as blank: nothing was drawn, or the model broke.
_BLANK = 0.5
#: From which score of `nudity` on what is done, the strictest first, by the most that a job's
#: place may show (open_nsfw's own advice: "likely" from 0.8 on, "maybe" below).
NUDITY: Mapping[Rating, tuple[tuple[float, Ruling], ...]] = {
    Rating.GENERAL: ((0.8, Ruling.REFUSE), (0.5, Ruling.HOLD), (0.3, Ruling.SPOILER)),
    Rating.EXPLICIT: (),
}


def admit(ask: Ask, policy: EffectivePolicy) -> Admitted | Refused:
    """Let an ask into the queue, or say kindly why not. Never raises: a fault of ours is a no."""
    try:
        return _admit(ask, policy)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=refusals.FAULT)


def _admit(ask: Ask, policy: EffectivePolicy) -> Admitted | Refused:
    assert ask.place == policy.place, "the policy of another place"
    if silenced := silence(policy):
        return silenced
    weighed = weigh(policy, ask.draw.prompt, ask.draw.negative)
    if refused := refusal(weighed, policy):
        return refused
    return Admitted(
        ask=ask,
        rating=Rating.EXPLICIT if ask.place.age_restricted else Rating.GENERAL,
        ruling=weighed.effect.ruling,
        alert=weighed.effect.alert,
        excused=policy.exempt & {finding.rule for finding in weighed.found},
    )


def uphold(ask: Ask, policy: EffectivePolicy) -> Admitted | Refused:
    """Let an ask in that the server refuses, for its moderators agreed with an appeal.

    Floor, licence and what is for adults hold all the same. Never raises, as `admit`.
    """
    try:
        found = policy.screen.findings(ask.draw.prompt, ask.draw.negative)
        return admit(ask, excusing(policy, frozenset(finding.rule for finding in found)))
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=refusals.FAULT)


def silence(policy: EffectivePolicy) -> Refused | None:
    """Why nothing may be asked or shown in this place, None if it may."""
    if policy.enabled:
        return None
    text = refusals.PAUSED if policy.guild.paused else refusals.SWITCHED_OFF
    return Refused(reason=RefusalReason.CHANNEL, text=text, layer=policy.enabled_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What was found in a prompt, and what follows from all of it."""

    found: Mapping[Finding, Effect]
    effect: Effect

    def strictest(self, rulebook: Rulebook) -> RuleId:
        """The rule that a member is told of; the floor's before any other."""

        def rank(finding: Finding) -> tuple[bool, Ruling, Audience, RuleId]:
            effect = self.found[finding]
            return _is_floor(finding.rule, rulebook), effect.ruling, effect.audience, finding.rule

        return max(self.found, key=rank).rule

    def words(self, rule: RuleId) -> tuple[str, ...]:
        """What a rule was found in, each once."""
        words = (word for f in self.found if f.rule == rule for word in f.words)
        return tuple(sorted(set(words)))


def weigh(ground: Ground, prompt: str, negative: str) -> Weighed:
    """What follows from a prompt."""
    found = {f: ground.effect(f) for f in ground.screen.findings(prompt, negative)}
    return Weighed(found=found, effect=join(found.values()))


def refusal(weighed: Weighed, policy: EffectivePolicy) -> Refused | None:
    """Why a prompt is not drawn in this place, None if it is."""
    effect = weighed.effect
    for_others = effect.audience is Audience.ADULTS and not policy.place.age_restricted
    if effect.ruling is not Ruling.REFUSE and not for_others:
        return None
    rule = weighed.strictest(policy.rulebook)
    words = weighed.words(rule)
    reason = _reason(rule, policy, effect)
    return Refused(
        reason=reason,
        text=_text(reason, rule, words, policy),
        rule=rule,
        layer=layer_of(rule, policy),
        words=words,
        # Its moderators can let pass what a server decided itself, and nothing else.
        appealable=reason is RefusalReason.SERVER,
        strike=effect.strike,
        alert=effect.alert,
    )


def layer_of(rule: RuleId, policy: Ground) -> Layer:
    """Who has a rule be as strict as it is."""
    line = policy.lines.get(rule)
    return line.layer if line else Layer.SERVER


def _is_floor(rule: RuleId, rulebook: Rulebook) -> bool:
    return rule != SERVER and rulebook.rules[rule].floor


def _reason(rule: RuleId, policy: Ground, effect: Effect) -> RefusalReason:
    if effect.ruling is not Ruling.REFUSE:
        return RefusalReason.AGE
    unyielding = layer_of(rule, policy) in {Layer.FLOOR, Layer.LICENCE}
    return RefusalReason.FLOOR if unyielding else RefusalReason.SERVER


def _text(
    reason: RefusalReason, rule: RuleId, words: tuple[str, ...], policy: EffectivePolicy
) -> str:
    if rule == SERVER:
        terms = [(t.text, t.reason) for t in policy.guild.blocked if t.text in words]
        return refusals.server_terms(terms, for_adults=reason is RefusalReason.AGE)
    told = policy.rulebook.rules[rule]
    if told.floor:
        return refusals.floor(told)
    if reason is RefusalReason.AGE:
        return refusals.adults(told, words)
    return refusals.refused(told, words, layer_of(rule, policy))


def may_preview(job: Job, info: ModelInfo) -> bool:
    """Whether an unfinished picture may be shown: it has no scores yet.

    Yes if nothing but a score could hold the finished one back, and either the model cannot draw
    nudity or this job's pictures may show it anyway.
    """
    if job.ruling is not Ruling.ALLOW:
        return False
    return not info.can_draw_nudity or job.rating is Rating.EXPLICIT


def may_stay_preview(job: Job, place: Place) -> bool:
    """Whether a preview may be shown in its place as that is now: it may be open to all by now."""
    return job.rating is not Rating.EXPLICIT or place.age_restricted


def release(
    job: Job, rendered: Rendered, scores: Scores | None, info: ModelInfo, ground: Ground
) -> Released | Held | Withheld:
    """Let a finished picture out, behind a spoiler or not, or hold it back.

    Never raises: a fault of ours holds it back. A job is admitted by its place and a picture
    labelled by what it shows: explicit if an ordinary channel would see less than all of it, or if
    its prompt asks for what is for adults. What is above the most that the job's place may show is
    withheld. `scores` is None if nothing could be measured: then a picture is withheld, and held
    for a moderator where adults are. A model that cannot draw nudity needs no score of it.
    """
    try:
        return _release(job, rendered, scores, info, ground)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Withheld(text=refusals.UNCHECKED)


def _release(
    job: Job, rendered: Rendered, scores: Scores | None, info: ModelInfo, ground: Ground
) -> Released | Held | Withheld:
    asked = weigh(ground, job.draw.prompt, job.draw.negative).effect
    adults = job.rating is Rating.EXPLICIT
    if asked.ruling is Ruling.REFUSE:
        return Withheld(text=refusals.FORBIDDEN)
    if asked.audience is Audience.ADULTS and not adults:
        return Withheld(text=refusals.ADULT)
    nudity = _nudity(scores, info)
    if scores is not None and nudity is not None:
        return _judged(job, rendered, scores, nudity, asked.audience)
    if not adults:
        return Withheld(text=refusals.UNCHECKED)
    return _held(job, rendered, scores or Scores(), refusals.UNMEASURED)


def _judged(
    job: Job, rendered: Rendered, scores: Scores, nudity: float, audience: Audience
) -> Released | Held | Withheld:
    """What follows from a picture that was measured."""
    if scores.values["blank"] >= _BLANK:
        return Withheld(text=refusals.EMPTY)
    ruling = max(job.ruling, _ruling(nudity, job.rating))
    if ruling is Ruling.REFUSE:
        return Withheld(text=refusals.REVEALING)
    if ruling is Ruling.HOLD:
        return _held(job, rendered, scores, _why(job, nudity))
    tame = _ruling(nudity, Rating.GENERAL) is Ruling.ALLOW and audience is Audience.EVERYBODY
    return Released(
        job=job,
        width_px=rendered.width_px,
        height_px=rendered.height_px,
        rgb=rendered.rgb,
        scores=scores,
        rating=Rating.GENERAL if tame else job.rating,
        spoiler=ruling is Ruling.SPOILER,
    )


def _nudity(scores: Scores | None, info: ModelInfo) -> float | None:
    """The score, 0 of a model that cannot draw it; None if the picture was not wholly measured."""
    if scores is None or not all(math.isfinite(v) and 0 <= v <= 1 for v in scores.values.values()):
        return None
    if "blank" not in scores.values:
        return None
    return scores.values.get("nudity", None if info.can_draw_nudity else 0.0)


def _ruling(nudity: float, ceiling: Rating) -> Ruling:
    """What follows from a score where pictures may show so much."""
    return next((ruling for at, ruling in NUDITY[ceiling] if nudity >= at), Ruling.ALLOW)


def _why(job: Job, nudity: float) -> str:
    asked = job.ruling is Ruling.HOLD
    return refusals.ASKED_FOR if asked else refusals.SCORED.format(score=nudity)


def _held(job: Job, rendered: Rendered, scores: Scores, why: str) -> Held:
    """For moderators; what they let out may be shown where the job's pictures may."""
    return Held(
        job=job,
        width_px=rendered.width_px,
        height_px=rendered.height_px,
        rgb=rendered.rgb,
        scores=scores,
        rating=job.rating,
        why=why,
        text=refusals.AWAITED,
    )
