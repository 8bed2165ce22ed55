"""Refuses judgements that cannot be learned from, and says what to do about it.

Called by the workshop as early as possible, before slow loading. Must not know tensors.
"""

from __future__ import annotations

from models.catalogue.card import Card
from models.contract import EngineError
from models.data.evidence import Evidence
from models.manifest import JudgementLine, Manifest, Split

#: Fewer would teach mostly chance.
LEAST_JUDGEMENTS, LEAST_PROMPTS = 30, 5


class TooLittleError(EngineError):
    """These judgements do not suffice to learn from; the message says what is missing."""


def require_enough(manifest: Manifest) -> None:
    """Raise TooLittleError unless there are enough judgements, of enough prompts."""
    judgements = [j for j in manifest.judgements if j.split is Split.TRAIN]
    counted = [j for j in judgements if j.weight > 0]
    if judgements and not counted:
        raise TooLittleError(
            f"none of the {_count_of(len(judgements), 'judgement')} counts: votes on one's own "
            "pictures, and of accounts that are not trusted yet, do not. Let others vote on them."
        )
    if len(counted) < LEAST_JUDGEMENTS:
        raise TooLittleError(
            f"{_count_of(len(counted), 'judgement')} to learn from, and learning begins at "
            f"{LEAST_JUDGEMENTS}: let the members vote on more pictures."
        )
    _require_prompts(manifest, counted)
    _require_held_out(manifest)


def _require_prompts(manifest: Manifest, counted: list[JudgementLine]) -> None:
    prompt_by_file = {p.file_name: p.prompt_key for p in manifest.pictures if p.text is not None}
    prompts = {prompt_by_file[name] for j in counted for name in j.files if name in prompt_by_file}
    if len(prompts) < LEAST_PROMPTS:
        raise TooLittleError(
            f"the judgements are about {_count_of(len(prompts), 'prompt')} that may be trained on, "
            f"and {LEAST_PROMPTS} are needed: what is liked of one prompt says little about others."
        )


def _require_held_out(manifest: Manifest) -> None:
    """Refuse now, before training: the gate will judge by held-out prompts."""
    if not any(p.split is Split.HELD_OUT and p.text is not None for p in manifest.pictures):
        raise TooLittleError(
            "no prompt with votes is held out, so nothing could tell whether a candidate has "
            "learned: let the members vote on pictures of more prompts."
        )


def require_pairs(evidence: Evidence) -> None:
    """Raise TooLittleError unless some prompt has one picture that is liked more than another."""
    if not evidence.pairs:
        raise TooLittleError(
            "no prompt has one picture that is liked more than another: ask for two pictures or "
            "more of a prompt, so that the members have a choice."
        )


def require_base(manifest: Manifest, base: Card) -> None:
    """Raise EngineError unless this model or its parent drew the pictures."""
    if manifest.base not in (base.id, base.parent):
        raise EngineError(
            f"the votes are on pictures that {manifest.base} drew, and the base is {base.id}: name "
            f"{manifest.base} as --base, or let the members vote on pictures of {base.id}."
        )


def _count_of(count: int, noun: str) -> str:
    """The count with its noun, such as "no prompts" or "1 prompt"."""
    return f"{count or 'no'} {noun}{'s' if count > 1 else ''}"
