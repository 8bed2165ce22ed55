"""*Decide*: guild policy, `admit`, `release`, `may_show`.

Pure, total, fails closed.

The only room that constructs `Admitted` and `Released`, so nothing unreviewed can be queued, kept
or posted. The strictest finding wins, so neither the order nor the number of rules changes a
decision.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache

from bot.domain import (
    Admitted,
    Ask,
    ChannelId,
    GuildId,
    Job,
    Picture,
    Place,
    Rating,
    RefusalReason,
    Refused,
    Released,
    RuleId,
    Ruling,
    Withheld,
)
from bot.policy.effect import Audience
from bot.policy.rulebook import SERVER, Rule
from bot.policy.screening import Finding, Screen, Term
from bot.rulebooks import load
from bot.words.wording import CONTENT_CHARS_MAX, fitting, plain
from models.contract import ModelInfo, Rendered, Scores

#: From here on a picture counts as blank: nothing was drawn, or the model broke.
_BLANK = 0.5
#: Blocked terms that a refusal names at most.
_TOLD = 3
#: From here on a picture counts as showing nudity (open_nsfw's own advice for "likely").
_NUDE = 0.8


@dataclass(frozen=True, slots=True, kw_only=True)
class BlockedTerm:
    """A term that one server blocks, and the reason that its members are told."""

    term: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GuildPolicy:
    """What one server forbids beyond the floor."""

    guild_id: GuildId
    blocked: tuple[BlockedTerm, ...] = ()
    disabled_channels: frozenset[ChannelId] = frozenset()


_FLOOR_TEXT = (
    "I do not draw that, in any server: nothing that sexualises minors or people who did not "
    "agree, and nothing that the law forbids. If you meant something harmless, please say it in "
    "other words."
)
_AGE_TEXT = (
    "That belongs in an age-restricted channel. Ask me there (a moderator can mark a channel as "
    "age-restricted in its settings), or leave out what is only for adults."
)
_CHANNEL_TEXT = "The moderators switched me off in this channel. Ask me in another one."
_SERVER_TEXT = "This server's moderators do not want that here."
_FAULT_TEXT = (
    "I could not check your request, so I do not draw it. That is a fault of mine: try again, and "
    "tell the operator if it stays."
)
_UNCHECKED_TEXT = "The finished picture could not be checked, so it is not shown."
_EMPTY_TEXT = "The picture came out empty. Try another seed or other words."
_REVEALING_TEXT = (
    "The picture came out too revealing for this channel, so it is not shown. Try again, or ask "
    "in an age-restricted channel."
)
_ADULT_TEXT = "That picture may only be shown in an age-restricted channel."
_FORBIDDEN_TEXT = (
    "I do not show that picture any more: what it was asked for with is refused in every server "
    "by now."
)
_UNSURE_TEXT = (
    "I could not check whether that picture may be shown here, so I do not show it. That is a "
    "fault of mine: try again, and tell the operator if it stays."
)


def admit(ask: Ask, guild: GuildPolicy) -> Admitted | Refused:
    """Let an ask into the queue, or say kindly why not. Never raises: a fault of ours is a no."""
    try:
        return _admit(ask, guild)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=_FAULT_TEXT)


def _admit(ask: Ask, guild: GuildPolicy) -> Admitted | Refused:
    place = ask.place
    assert guild.guild_id == place.guild_id, "the policy of another server"
    if silenced := silence(place, guild):
        return silenced
    found = _found(ask.draw.prompt, ask.draw.negative, guild)
    if refused := _refused(found, guild, _FLOOR_TEXT):
        return refused
    if _is_adult(found) and not place.age_restricted:
        return Refused(reason=RefusalReason.AGE, text=_AGE_TEXT)
    ceiling = Rating.EXPLICIT if place.age_restricted else Rating.GENERAL
    return Admitted(ask=ask, rating=ceiling)


def silence(place: Place, guild: GuildPolicy) -> Refused | None:
    """Why nothing may be asked or shown in this place, None if it may.

    The channel is switched off, or the one that this thread lives in.
    """
    if guild.disabled_channels & {place.channel_id, place.parent_id}:
        return Refused(reason=RefusalReason.CHANNEL, text=_CHANNEL_TEXT)
    return None


def _found(prompt: str, negative: str, guild: GuildPolicy | None) -> frozenset[Finding]:
    return _screen(guild.blocked if guild else ()).findings(prompt, negative)


@lru_cache(maxsize=64)
def _screen(blocked: tuple[BlockedTerm, ...]) -> Screen:
    return Screen(load(), [Term(text=term.term, reason=term.reason) for term in blocked])


def _rules(found: Iterable[Finding]) -> list[Rule]:
    rules: Mapping[RuleId, Rule] = load().rules
    return [rules[finding.rule] for finding in found if finding.rule != SERVER]


def _refused(found: frozenset[Finding], guild: GuildPolicy, floor_text: str) -> Refused | None:
    """Why nobody may draw what was found, whatever the place; the floor speaks first."""
    forbidden = [rule for rule in _rules(found) if rule.effect.ruling is Ruling.REFUSE]
    if any(rule.floor for rule in forbidden):
        return Refused(reason=RefusalReason.FLOOR, text=floor_text)
    if any(finding.rule == SERVER for finding in found):
        return Refused(reason=RefusalReason.SERVER, text=_server_text(found, guild))
    for rule in sorted(forbidden, key=lambda rule: rule.id):
        return Refused(reason=RefusalReason.FLOOR, text=f"{rule.summary} {rule.advice}")
    return None


def _is_adult(found: Iterable[Finding]) -> bool:
    """A prompt with these findings asks for what is for adults."""
    return any(rule.effect.audience is Audience.ADULTS for rule in _rules(found))


def _server_text(found: frozenset[Finding], guild: GuildPolicy) -> str:
    hit = {word for finding in found if finding.rule == SERVER for word in finding.words}
    lines = [
        f"“{plain(b.term)}”" + (f": {plain(b.reason)}" if b.reason else "")
        for b in guild.blocked
        if b.term in hit
    ]
    told = fitting(lines[:_TOLD], CONTENT_CHARS_MAX - len(_SERVER_TEXT) - 1, total=len(lines))
    return f"{_SERVER_TEXT}\n{told}"


def may_preview(job: Job, info: ModelInfo) -> bool:
    """Whether an unfinished picture may be shown: it has no scores yet.

    Yes if the model cannot draw nudity, or if this job's pictures may show it anyway.
    """
    return not info.can_draw_nudity or job.rating is Rating.EXPLICIT


def may_stay_preview(job: Job, place: Place) -> bool:
    """Whether a preview may be shown in its place as that is now: it may be open to all by now."""
    return job.rating is not Rating.EXPLICIT or place.age_restricted


def release(job: Job, rendered: Rendered, scores: Scores) -> Released | Withheld:
    """Let a finished picture out, or hold it back. Never raises: a fault of ours holds it back.

    A job is admitted by its place and a picture labelled by what it shows: explicit if it was
    measured nude, or if its prompt asks for what is for adults. What is above the most that the
    job's place may show is held back.

    A model that can draw nudity has a scorer that measures it, and a scorer that fails raises, so a
    missing `nudity` score means that the model cannot draw any; a missing `blank` score is a fault.
    """
    try:
        return _release(job, rendered, scores)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Withheld(text=_UNCHECKED_TEXT)


def _release(job: Job, rendered: Rendered, scores: Scores) -> Released | Withheld:
    values = scores.values
    if not all(math.isfinite(v) and 0 <= v <= 1 for v in values.values()):
        return Withheld(text=_UNCHECKED_TEXT)
    if values["blank"] >= _BLANK:
        return Withheld(text=_EMPTY_TEXT)
    nude = values.get("nudity", 0.0) >= _NUDE
    explicit = nude or _is_adult(_found(job.draw.prompt, job.draw.negative, None))
    if explicit and job.rating is not Rating.EXPLICIT:
        return Withheld(text=_REVEALING_TEXT)
    return Released(
        job=job,
        width_px=rendered.width_px,
        height_px=rendered.height_px,
        rgb=rendered.rgb,
        scores=scores,
        rating=Rating.EXPLICIT if explicit else Rating.GENERAL,
    )


def may_show(job: Job, picture: Picture, place: Place, guild: GuildPolicy) -> Refused | None:
    """Why this picture may not be shown (again) in this place, None if it may. Never raises.

    Asked by whatever shows a picture that was released once: the channel may be switched off since
    then, the prompt be blocked by now, and this place be another than the one it was drawn for.
    Who may see the channel that it comes from is not known here.
    """
    try:
        return _may_show(job, picture, place, guild)
    except Exception:  # noqa: BLE001  any error in policy means no
        return Refused(reason=RefusalReason.FAULT, text=_UNSURE_TEXT)


def _may_show(job: Job, picture: Picture, place: Place, guild: GuildPolicy) -> Refused | None:
    assert picture.job_id == job.id, "the picture of another job"
    assert {job.guild_id, picture.guild_id, place.guild_id} == {guild.guild_id}, "another server"
    if silenced := silence(place, guild):
        return silenced
    if job.fault is not None:
        return Refused(reason=RefusalReason.FAULT, text=_UNSURE_TEXT)
    found = _found(job.draw.prompt, job.draw.negative, guild)
    if refused := _refused(found, guild, _FORBIDDEN_TEXT):
        return refused
    explicit = picture.rating is Rating.EXPLICIT or _is_adult(found)
    if explicit and not place.age_restricted:
        return Refused(reason=RefusalReason.AGE, text=_ADULT_TEXT)
    return None
