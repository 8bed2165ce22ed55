"""*Show*: whether a released picture may be shown, now and in this place. Pure.

Called by whatever shows a picture: since its release the channel may have been switched off or the
prompt blocked, and the place may be another than the one it was drawn for. Who may see its original
channel is not known here.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain import (
    Job,
    JobState,
    Picture,
    Rating,
    RefusalReason,
    Refused,
    Ruling,
)
from bot.policy.decide import refusal, refusal_if_off, weigh
from bot.policy.layers import EffectivePolicy, Ground, with_excused
from bot.words import refusals


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture may be shown."""

    #: Behind Discord's spoiler alone.
    spoiler: bool


def may_show(job: Job, picture: Picture, policy: EffectivePolicy) -> Shown | Refused:
    """How this picture may be shown (again) in the policy's place, or why not. Never raises."""
    try:
        return _may_show(job, picture, policy)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=refusals.UNSURE())


def _may_show(job: Job, picture: Picture, policy: EffectivePolicy) -> Shown | Refused:
    assert picture.job_id == job.id, "the picture of another job"
    assert job.guild_id == picture.guild_id == policy.place.guild_id, "another server"
    if refused := refusal_if_off(policy) or _refusal_everywhere(job, picture):
        return refused
    policy = with_excused(policy, job.excused)
    weighed = weigh(policy, job.draw.words, job.draw.negative)
    if refused := refusal(weighed, policy):
        return _refusal_by_todays_rules(refused)
    if picture.rating is Rating.EXPLICIT and not policy.place.age_restricted:
        return Refused(reason=RefusalReason.AGE, text=refusals.ADULT())
    ruling = weighed.effect.ruling
    # What was held at its time has been approved since, or its job would be held still.
    if ruling is Ruling.HOLD and job.ruling is not Ruling.HOLD:
        return Refused(reason=RefusalReason.HELD, text=refusals.HELD())
    return Shown(spoiler=picture.spoiler or Ruling.SPOILER in {ruling, job.ruling})


def may_be_learned_from(prompt: str, negative: str, ground: Ground) -> bool:
    """Whether a model may learn from a picture of these words, by today's rules. Never raises.

    Floor and licence alone count: a server's rules are about who sees it there.
    """
    try:
        return weigh(ground, prompt, negative).effect.ruling is not Ruling.REFUSE
    except Exception:  # noqa: BLE001  any error in policy means no
        return False


def _refusal_everywhere(job: Job, picture: Picture) -> Refused | None:
    """The refusal of a picture that is shown nowhere."""
    if job.fault is not None:
        return Refused(reason=RefusalReason.FAULT, text=refusals.UNSURE())
    if picture.removed:
        return Refused(reason=RefusalReason.REMOVED, text=refusals.REMOVED())
    if job.state is JobState.HELD:
        return Refused(reason=RefusalReason.HELD, text=refusals.HELD())
    return None


def _refusal_by_todays_rules(refused: Refused) -> Refused:
    """The refusal of a picture whose words are forbidden now; nobody is blamed for it."""
    text = {
        RefusalReason.FLOOR: refusals.FORBIDDEN(), RefusalReason.AGE: refusals.ADULT(),
    }.get(refused.reason, refused.text)  # fmt: skip
    return Refused(
        reason=refused.reason,
        text=text,
        rule=refused.rule,
        layer=refused.layer,
        words=refused.words,
    )
