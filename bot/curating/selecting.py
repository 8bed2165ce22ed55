"""*Select*: which pictures and judgements make up a manifest, and each one's weight.

Called by `bot/exporting.py` with what the store read and what the files showed. Pure: the same
harvest gives the same manifest. What a training does with it is not known here.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.curating.balancing import tempered
from bot.curating.harvest import Entry, Harvest, Opinion, Scan, Stamp
from bot.curating.keys import prompt_key, pseudonym, split_of
from bot.curating.likeness import Crowd
from bot.domain import JobId
from models.contract import Draw
from models.manifest import JudgementLine, Kind, PictureLine

#: How far the voter behind an opinion is trusted, in 0..1.
Trusted = Callable[[Opinion], float]


class LeftOut(StrEnum):
    """Why a picture is not in a manifest, in the words of the manifest and its report."""

    #: By today's floor or the model's licence.
    FORBIDDEN = "forbidden by today's rules"
    #: A curator did it.
    REJECTED = "rejected by a curator"
    #: Only approved pictures were requested.
    UNSEEN = "not approved by a curator"
    #: Its file, or its drawing options.
    MISSING = "file missing or damaged, or of another version"
    #: Its judgements count for the other picture.
    ALIKE = "the same to the eye as another one"
    #: Nobody else judged it, or only beside a picture that is left out.
    UNJUDGED = "judged by nobody else"


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """A picture that may leave, with the results of its file's scan."""

    entry: Entry
    draw: Draw
    scan: Scan
    prompt_key: str

    @property
    def job_id(self) -> JobId:
        """The picture's id, which appears in no file."""
        return self.entry.picture.job_id

    @property
    def file_name(self) -> str:
        """The path of its file in the folder."""
        return f"pictures/{self.scan.sha256}.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The content of a manifest."""

    pictures: tuple[PictureLine, ...]
    judgements: tuple[JudgementLine, ...]
    left_out: Mapping[str, int]


def why_not(
    entry: Entry, may_be_learned_from: Callable[[str, str], bool], *, approved_only: bool = False
) -> LeftOut | None:
    """Why a picture may not leave, known before its file is opened; None if it may."""
    if entry.stamp is Stamp.REJECTED:
        return LeftOut.REJECTED
    if approved_only and entry.stamp is not Stamp.APPROVED:
        return LeftOut.UNSEEN
    if entry.draw is None:
        return LeftOut.MISSING
    words = {entry.draw.prompt, entry.draw.words, entry.caption or entry.draw.words}
    allowed = all(may_be_learned_from(prompt, entry.draw.negative) for prompt in words)
    return None if allowed else LeftOut.FORBIDDEN


def select(
    harvest: Harvest,
    scans: Mapping[JobId, Scan],
    left_out: Iterable[LeftOut],
    trust: Trusted,
) -> Selection:
    """The lines of a manifest of the scanned pictures.

    `left_out` says why each of the others was not scanned.
    """
    chosen = {each.job_id: each for each in _chosen(harvest, scans)}
    stand_ins = _stand_ins(chosen.values())
    said = _latest(
        moved for opinion in harvest.opinions if (moved := _moved(opinion, stand_ins, chosen))
    )
    judged = {job_id for opinion in said for job_id in opinion.job_ids}
    kept = {job_id: each for job_id, each in chosen.items() if job_id in judged}
    reasons = Counter(left_out)
    reasons[LeftOut.ALIKE] += sum(stand_ins.get(job_id) != job_id for job_id in chosen)
    reasons[LeftOut.UNJUDGED] += len(chosen) - len(kept) - reasons[LeftOut.ALIKE]
    weighed = list(zip(said, _weights(said, kept, trust), strict=True))
    votes = _votes(weighed)
    return Selection(
        pictures=tuple(_picture(each, votes, harvest.key) for each in kept.values()),
        judgements=tuple(_judgement(one, weight, kept, harvest.key) for one, weight in weighed),
        left_out={str(reason): reasons[reason] for reason in LeftOut if reasons[reason]},
    )


def _chosen(harvest: Harvest, scans: Mapping[JobId, Scan]) -> Iterator[Chosen]:
    for entry in harvest.entries:
        scan = scans.get(entry.picture.job_id)
        if scan is not None and entry.draw is not None:
            key = prompt_key(harvest.key, entry.draw)
            yield Chosen(entry=entry, draw=entry.draw, scan=scan, prompt_key=key)


def _stand_ins(chosen: Iterable[Chosen]) -> dict[JobId, JobId]:
    """For each picture the one that represents it, mostly itself.

    Among pictures that look the same, the approved one represents the others, then the oldest. A
    picture that looks like one of another prompt has none, because it would carry held-out content
    into training.
    """
    crowd: Crowd[Chosen] = Crowd()
    found: dict[JobId, JobId] = {}
    for each in sorted(chosen, key=lambda each: each.entry.stamp is not Stamp.APPROVED):
        near = {other.prompt_key: other for other in crowd.near(each.scan.likeness)}
        if not near:
            crowd.add(each.scan.likeness, each)
            near = {each.prompt_key: each}
        if original := near.get(each.prompt_key):
            found[each.job_id] = original.job_id
    return found


def _moved(
    opinion: Opinion, stand_ins: Mapping[JobId, JobId], chosen: Mapping[JobId, Chosen]
) -> Opinion | None:
    """The opinion, transferred to the representatives of its pictures; None if it says nothing.

    Nobody can prefer one of two identical pictures, and pictures of two prompts are no choice.
    """
    if opinion.kind is Kind.RANKING:
        return _moved_pick(opinion, stand_ins)
    job_ids = tuple(stand_ins[job_id] for job_id in opinion.job_ids if job_id in stand_ins)
    whole = len(set(job_ids)) == len(opinion.job_ids)
    one_prompt = len({chosen[job_id].prompt_key for job_id in job_ids}) == 1
    return replace(opinion, job_ids=job_ids) if whole and one_prompt else None


def _moved_pick(opinion: Opinion, stand_ins: Mapping[JobId, JobId]) -> Opinion | None:
    """The pick, over those of the others that exist and do not look like it.

    All of them are from one grid, and so from one prompt.
    """
    assert isinstance(opinion.value, tuple), "a pick is an order that begins with the best"
    best = stand_ins.get(opinion.job_ids[opinion.value[0]])
    job_ids = tuple(dict.fromkeys(stand_ins[j] for j in opinion.job_ids if j in stand_ins))
    if best is None or len(job_ids) < 2:
        return None
    return replace(opinion, job_ids=job_ids, value=(job_ids.index(best),))


def _latest(said: Iterable[Opinion]) -> list[Opinion]:
    """One opinion per voter and question: the latest."""
    found = {
        (one.voter_id, one.kind, one.axis, frozenset(one.job_ids)): one
        for one in sorted(said, key=lambda one: one.at_ms)
    }
    return sorted(found.values(), key=lambda one: (one.kind, one.job_ids, one.voter_id))


def _weights(said: Sequence[Opinion], kept: Mapping[JobId, Chosen], trust: Trusted) -> list[float]:
    """Each opinion's weight.

    The voter's trust, tempered by how many opinions share voter or prompt.
    """
    by_voter = tempered([one.voter_id for one in said])
    by_prompt = tempered([kept[one.job_ids[0]].prompt_key for one in said])
    return [
        round(trust(one) * voter * prompt, 6)
        for one, voter, prompt in zip(said, by_voter, by_prompt, strict=True)
    ]


def _votes(weighed: Iterable[tuple[Opinion, float]]) -> Mapping[tuple[JobId, int], float]:
    """The total weights of each picture's votes, up (1) and down (-1)."""
    sums: defaultdict[tuple[JobId, int], float] = defaultdict(float)
    for one, weight in weighed:
        if one.kind is Kind.VOTE and isinstance(one.value, int):
            sums[one.job_ids[0], one.value] += weight
    return sums


def _picture(each: Chosen, votes: Mapping[tuple[JobId, int], float], key: bytes) -> PictureLine:
    picture, draw, shared = each.entry.picture, each.draw, each.entry.shared
    return PictureLine(
        file_name=each.file_name,
        sha256=each.scan.sha256,
        text=each.entry.caption or (draw.words if shared else None),
        asked=draw.prompt if shared and draw.completion else None,
        negative=draw.negative if shared else None,
        prompt_key=each.prompt_key,
        card_id=picture.card_id,
        licence=licence_file(picture.card_id),
        seed=draw.seed,
        steps=draw.steps,
        guidance=draw.guidance,
        sampler=draw.sampler,
        clip_skip=draw.clip_skip,
        width_px=picture.width_px,
        height_px=picture.height_px,
        rating=picture.rating,
        split=split_of(key, draw.prompt),
        up=round(votes.get((each.job_id, 1), 0.0), 6),
        down=round(votes.get((each.job_id, -1), 0.0), 6),
    )


def _judgement(
    one: Opinion, weight: float, kept: Mapping[JobId, Chosen], key: bytes
) -> JudgementLine:
    shown = [kept[job_id] for job_id in one.job_ids]
    return JudgementLine(
        kind=one.kind,
        axis=one.axis,
        voter=pseudonym(key, one.voter_id),
        weight=weight,
        files=tuple(each.file_name for each in shown),
        value=one.value,
        split=split_of(key, shown[0].draw.prompt),
    )


def licence_file(card_id: str) -> str:
    """The path of a model's licence in the folder."""
    return f"licences/{card_id}.txt"
