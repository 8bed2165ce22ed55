"""*Decide*: `admit` what may be drawn, `release` what was drawn. Pure, total, fails closed.

The only file that constructs `Admitted` and `Released`, so nothing unreviewed can be queued, kept
or posted. The consequences of all findings are joined, and the strictest wins, so neither the order
nor the number of rules changes a decision.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from bot.domain import (
    Admitted,
    Ask,
    Finding,
    Job,
    Layer,
    Rating,
    RefusalReason,
    Refused,
    RequestKind,
    RuleId,
    Ruling,
)
from bot.finished import Held, Released, Withheld
from bot.policy.effect import Audience, Effect, join
from bot.policy.layers import EffectivePolicy, Ground, title_of, with_excused
from bot.policy.rulebook import SERVER, rule_of
from bot.policy.thresholds import THRESHOLDS, is_forbidden
from bot.words import refusals
from models.contract import ModelInfo, Rendered, Scores

#: From which score of `nudity` on what is done, the strictest first, by the most that a job's
#: place may show.
NUDITY: Mapping[Rating, tuple[tuple[float, Ruling], ...]] = {
    Rating.GENERAL: (
        (THRESHOLDS.withhold, Ruling.REFUSE),
        (THRESHOLDS.hold, Ruling.HOLD),
        (THRESHOLDS.spoiler, Ruling.SPOILER),
    ),
    Rating.EXPLICIT: (),
}

#: No server can lower what these layers say.
_FIXED_LAYERS = frozenset({Layer.FLOOR, Layer.LICENCE})


def admit(ask: Ask, policy: EffectivePolicy) -> Admitted | Refused:
    """Admit an ask to the queue, or say kindly why not. Never raises: our own faults refuse."""
    try:
        return _admit(ask, policy)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=refusals.FAULT())


def _admit(ask: Ask, policy: EffectivePolicy) -> Admitted | Refused:
    assert ask.place == policy.place, "the policy of another place"
    if silenced := refusal_if_off(policy):
        return silenced
    weighed = _weigh_ask(ask, policy)
    if refused := refusal(weighed, policy):
        return refused
    precedent = ask.precedent or Ruling.ALLOW
    if precedent is Ruling.REFUSE:
        return Refused(
            reason=RefusalReason.REMOVED,
            text=refusals.REMOVED_BEFORE(),
            layer=Layer.SERVER,
            appealable=True,
        )
    rules = weighed.deciding_rules(policy)
    layer = layer_of(rules[0], policy) if rules else None
    return Admitted(
        ask=ask,
        rating=Rating.EXPLICIT if ask.place.age_restricted else Rating.GENERAL,
        ruling=max(weighed.effect.ruling, precedent),
        alert=weighed.effect.alert,
        excused=_excused_findings(weighed, policy),
        rules=rules,
        # What moderators decided before is the server's, too.
        layer=layer if precedent is Ruling.ALLOW else layer or Layer.SERVER,
    )


def _excused_findings(weighed: Weighed, policy: EffectivePolicy) -> frozenset[Finding]:
    """The findings that do not count for this member."""
    rules = policy.exempt & {finding.rule for finding in weighed.found}
    terms = policy.passed & set(weighed.words(SERVER))
    own = (Finding(rule=SERVER, words=(term,)) for term in terms)
    return frozenset([*(Finding(rule=rule) for rule in rules), *own])


def uphold(ask: Ask, policy: EffectivePolicy, appealed: Collection[Finding]) -> Admitted | Refused:
    """Let an ask in that the server refuses, for its moderators agreed with an appeal.

    What was appealed is let pass and nothing else, so what the server forbids besides, or forbids
    since, still counts. What moderators removed before may be drawn again. Floor, licence and what
    is for adults hold all the same. Never raises, as `admit`.
    """
    try:
        ask = replace(ask, precedent=None) if ask.precedent is Ruling.REFUSE else ask
        return admit(ask, with_excused(policy, appealed))
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=refusals.FAULT())


def ruling_on(prompt: str, negative: str, policy: EffectivePolicy) -> Ruling:
    """The ruling on these words here. Never raises: doubt means refusal."""
    return ruling_by(lambda: weigh(policy, prompt, negative), policy)


def ruling_by(look: Callable[[], Weighed], policy: EffectivePolicy) -> Ruling:
    """The ruling on what `look` finds; if it raises, a refusal."""
    try:
        weighed = look()
        refused = refusal_if_off(policy) or refusal(weighed, policy)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Ruling.REFUSE
    return Ruling.REFUSE if refused else weighed.effect.ruling


def may_offer(prompt: str, policy: EffectivePolicy, *, negative: str = "") -> bool:
    """Whether these words may be offered to a member here: they are not refused. Never raises."""
    return ruling_on(prompt, negative, policy) is not Ruling.REFUSE


def for_trial(admitted: Admitted, seed: int) -> Admitted:
    """An admitted ask, to be drawn once more by each model of a blind test.

    Not from the seed that its member has a picture of: that one tells what the parent draws.
    """
    ask = admitted.ask
    # Both models draw the same words.
    filled = None if ask.completions is None else ask.completions[:1] * 2
    twice = replace(
        ask, draw=replace(ask.draw, seed=seed), count=2, kind=RequestKind.TRIAL, completions=filled
    )
    return replace(admitted, ask=twice)


def refusal_if_off(policy: EffectivePolicy) -> Refused | None:
    """The refusal where the bot is switched off or paused; None where it is on."""
    if policy.enabled:
        return None
    text = refusals.PAUSED() if policy.guild.paused else refusals.SWITCHED_OFF()
    return Refused(reason=RefusalReason.CHANNEL, text=text, layer=policy.enabled_by)


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """What was found in a prompt, and the effect of each finding."""

    found: Mapping[Finding, Effect]

    @property
    def effect(self) -> Effect:
        """The effects of all findings, joined."""
        return join(self.found.values())

    def culprits(self) -> frozenset[Finding]:
        """The findings that refuse it, or that make it adults only."""
        refuses = self.effect.ruling is Ruling.REFUSE
        return frozenset(
            finding
            for finding, effect in self.found.items()
            if (effect.ruling is Ruling.REFUSE if refuses else effect.audience is Audience.ADULTS)
        )

    def ruling_rule(self, ground: Ground) -> RuleId:
        """The rule named to the member: one of those that are as strict as all together.

        The floor's before the licence's, and both before those that a server sets.
        """
        return min((f.rule for f in self.culprits()), key=lambda rule: _rank(rule, ground))

    def deciding_rules(self, ground: Ground) -> tuple[RuleId, ...]:
        """The rules that spoiler, hold or refuse it, in the order of `ruling_rule`."""
        if self.effect.ruling is Ruling.ALLOW:
            return ()
        found = {f.rule for f, effect in self.found.items() if effect.ruling is self.effect.ruling}
        return tuple(sorted(found, key=lambda rule: _rank(rule, ground)))

    def words(self, rule: RuleId) -> tuple[str, ...]:
        """The words that a rule was found in, each once."""
        return _words_of(rule, self.found)


def _words_of(rule: RuleId, found: Iterable[Finding]) -> tuple[str, ...]:
    words = (word for f in found if f.rule == rule for word in f.words)
    return tuple(sorted(set(words)))


def _rank(rule: RuleId, ground: Ground) -> tuple[int, RuleId]:
    return list(Layer).index(layer_of(rule, ground)), rule


def _weigh_ask(ask: Ask, policy: EffectivePolicy) -> Weighed:
    """Weigh the ask's own words and everything else that the model will read."""
    read = dict.fromkeys([ask.draw.prompt, *(draw.words for draw in ask.draws)])
    each = (weigh(policy, text, ask.draw.negative).found for text in read)
    return Weighed(found={finding: effect for found in each for finding, effect in found.items()})


def weigh(ground: Ground, prompt: str, negative: str) -> Weighed:
    """Find what a prompt breaks, and weigh it."""
    found = ground.screen.findings(prompt, negative, ground.licence)
    return Weighed(found={finding: ground.effect(finding) for finding in found})


def refusal(weighed: Weighed, policy: EffectivePolicy) -> Refused | None:
    """The refusal of a prompt in this place; None if it is drawn."""
    effect = weighed.effect
    misplaced = effect.audience is Audience.ADULTS and not policy.place.age_restricted
    if effect.ruling is not Ruling.REFUSE and not misplaced:
        return None
    rule, culprits = weighed.ruling_rule(policy), weighed.culprits()
    words, layer = _words_of(rule, culprits), layer_of(rule, policy)
    reason = _refusal_reason(layer, effect)
    # No moderator lets pass what floor or licence forbid, nor needs to what is fine elsewhere.
    appealable = reason is RefusalReason.SERVER
    found = _merged_by_rule(culprits, policy) if appealable else ()
    return Refused(
        reason=reason,
        text=_refusal_text(reason, rule, words, found[1:], policy),
        rule=rule,
        layer=layer,
        words=words,
        appealable=appealable,
        found=found,
        strike=effect.strike,
        alert=effect.alert,
    )


def _merged_by_rule(found: Collection[Finding], policy: Ground) -> tuple[Finding, ...]:
    """Findings merged into one for each rule, in the order of `ruling_rule`."""
    rules = sorted({finding.rule for finding in found}, key=lambda rule: _rank(rule, policy))
    return tuple(Finding(rule=rule, words=_words_of(rule, found)) for rule in rules)


def layer_of(rule: RuleId, policy: Ground) -> Layer:
    """The layer that makes a rule as strict as it is."""
    line = policy.lines.get(rule)
    return line.layer if line else Layer.SERVER


def _refusal_reason(layer: Layer, effect: Effect) -> RefusalReason:
    if effect.ruling is not Ruling.REFUSE:
        return RefusalReason.AGE
    return RefusalReason.FLOOR if layer in _FIXED_LAYERS else RefusalReason.SERVER


def _refusal_text(
    reason: RefusalReason,
    rule: RuleId,
    words: tuple[str, ...],
    others: Iterable[Finding],
    policy: EffectivePolicy,
) -> str:
    """What the member reads; `others` are the further findings that refuse it."""
    also = refusals.also([(title_of(policy.rulebook, f.rule), f.words) for f in others])
    if rule == SERVER:
        terms = [(t.text, t.reason) for t in policy.guild.blocked if t.text in words]
        return refusals.server_terms(terms, for_adults=reason is RefusalReason.AGE, also=also)
    shown_rule = rule_of(policy.rulebook, rule)
    if shown_rule.floor:
        return refusals.floor(shown_rule)
    if reason is RefusalReason.AGE:
        return refusals.adults(shown_rule, words)
    return refusals.refused(shown_rule, words, layer_of(rule, policy), also=also)


def may_preview(job: Job, info: ModelInfo) -> bool:
    """Whether an unfinished picture may be shown: it has no scores yet.

    Yes if nothing but a score could hold the finished one back, and either the model cannot draw
    nudity or this job's pictures may show it anyway.
    """
    if job.ruling is not Ruling.ALLOW:
        return False
    return not info.can_draw_nudity or job.rating is Rating.EXPLICIT


def may_keep_preview(job: Job, policy: EffectivePolicy) -> bool:
    """Whether a preview may be shown in its place by what holds there now. Never raises.

    Since it was asked for, the place may be open to all, switched off or paused, and the words be
    blocked or held.
    """
    try:
        return _may_keep_preview(job, with_excused(policy, job.excused))
    except Exception:  # noqa: BLE001  any error in policy means no
        return False


def _may_keep_preview(job: Job, policy: EffectivePolicy) -> bool:
    weighed = weigh(policy, job.draw.words, job.draw.negative)
    if (
        refusal_if_off(policy)
        or refusal(weighed, policy)
        or weighed.effect.ruling is not Ruling.ALLOW
    ):
        return False
    return job.rating is not Rating.EXPLICIT or policy.place.age_restricted


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
        return Withheld(text=refusals.UNCHECKED())


def _release(
    job: Job, rendered: Rendered, scores: Scores | None, info: ModelInfo, ground: Ground
) -> Released | Held | Withheld:
    asked = weigh(ground, job.draw.words, job.draw.negative).effect
    adults = job.rating is Rating.EXPLICIT
    if asked.ruling is Ruling.REFUSE:
        return Withheld(text=refusals.FORBIDDEN())
    if asked.audience is Audience.ADULTS and not adults:
        return Withheld(text=refusals.ADULT())
    nudity = _nudity_score(scores, info)
    if scores is not None and nudity is not None:
        return _decide_measured(job, rendered, scores, nudity, asked.audience)
    if not adults:
        return Withheld(text=refusals.UNCHECKED())
    return _hold(job, rendered, scores or Scores(), refusals.UNMEASURED())


def _decide_measured(
    job: Job, rendered: Rendered, scores: Scores, nudity: float, audience: Audience
) -> Released | Held | Withheld:
    """Decide on a picture that was measured."""
    if scores.values["blank"] >= THRESHOLDS.blank:
        return Withheld(text=refusals.EMPTY())
    if is_forbidden(scores.values):
        return Withheld(text=refusals.NOWHERE())
    ruling = max(job.ruling, _nudity_ruling(nudity, job.rating))
    if ruling is Ruling.REFUSE:
        return Withheld(text=refusals.REVEALING())
    if ruling is Ruling.HOLD:
        return _hold(job, rendered, scores, _reasons_for_holding(job, nudity))
    tame = _nudity_ruling(nudity, Rating.GENERAL) is Ruling.ALLOW and audience is Audience.EVERYBODY
    return Released(
        job=job,
        width_px=rendered.width_px,
        height_px=rendered.height_px,
        rgb=rendered.rgb,
        scores=scores,
        rating=Rating.GENERAL if tame else job.rating,
        spoiler=ruling is Ruling.SPOILER,
    )


def _nudity_score(scores: Scores | None, info: ModelInfo) -> float | None:
    """The score; 0 if the model cannot draw nudity; None if the picture is not fully measured."""
    if scores is None or not all(math.isfinite(v) and 0 <= v <= 1 for v in scores.values.values()):
        return None
    if "blank" not in scores.values:
        return None
    return scores.values.get("nudity", None if info.can_draw_nudity else 0.0)


def _nudity_ruling(nudity: float, ceiling: Rating) -> Ruling:
    """The ruling on a score, where pictures may show up to `ceiling`."""
    return next((ruling for at, ruling in NUDITY[ceiling] if nudity >= at), Ruling.ALLOW)


def _reasons_for_holding(job: Job, nudity: float) -> str:
    """What moderators read: what was asked for, what was measured, or both."""
    asked = [refusals.ASKED_FOR()] if job.ruling is Ruling.HOLD else []
    seen = _nudity_ruling(nudity, job.rating) is Ruling.HOLD
    return " ".join([*asked, *([refusals.SCORED()] if seen else [])])


def _hold(job: Job, rendered: Rendered, scores: Scores, why: str) -> Held:
    """Hold for moderators; if approved, it may be shown where the job's pictures may."""
    return Held(
        job=job,
        width_px=rendered.width_px,
        height_px=rendered.height_px,
        rgb=rendered.rgb,
        scores=scores,
        rating=job.rating,
        why=why,
        text=refusals.AWAITED(),
    )
