"""*Select*: which pictures and judgements make up a manifest, and each one's weight.

Called by `bot/exporting.py` with the store's harvest and the scans of the files. Pure: the same
harvest gives the same manifest. Must not know what a training does with it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from bot.curating.balancing import damping_factors
from bot.curating.harvest import Entry, Harvest, Opinion, Scan, Stamp
from bot.curating.keys import prompt_key, pseudonym, split_of
from bot.curating.likeness import LookalikeIndex
from bot.domain import JobId
from models.contract import Draw
from models.manifest import JudgementLine, Kind, PictureLine

#: How far the voter behind an opinion is trusted, in 0..1.
TrustOf = Callable[[Opinion], float]


class LeftOut(StrEnum):
    """Why a picture is not in a manifest, in the words of the manifest and its report."""

    #: Today's floor or the model's licence forbids it.
    FORBIDDEN = "forbidden by today's rules"
    #: A curator rejected it.
    REJECTED = "rejected by a curator"
    #: Only approved pictures were requested.
    UNSEEN = "not approved by a curator"
    #: Its file cannot be used, or its drawing options cannot be read.
    MISSING = "file missing or damaged, or of another version"
    #: It looks like another picture, for which its judgements count.
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
        """The path of its file in the manifest's folder."""
        return f"pictures/{self.scan.sha256}.png"


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """The content of a manifest."""

    pictures: tuple[PictureLine, ...]
    judgements: tuple[JudgementLine, ...]
    left_out: Mapping[str, int]


def why_left_out(
    entry: Entry, may_be_learned_from: Callable[[str, str], bool], *, approved_only: bool = False
) -> LeftOut | None:
    """Why a picture may not leave, as far as known before opening its file; None if it may."""
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
    trust: TrustOf,
) -> Selection:
    """The lines of a manifest of the scanned pictures.

    `left_out` holds the reason for each picture that was not scanned.
    """
    chosen = {each.job_id: each for each in _chosen(harvest, scans)}
    representatives = _representatives(chosen.values())
    opinions = _latest(
        transferred
        for opinion in harvest.opinions
        if (transferred := _transfer(opinion, representatives, chosen))
    )
    judged = {job_id for opinion in opinions for job_id in opinion.job_ids}
    kept = {job_id: each for job_id, each in chosen.items() if job_id in judged}
    reasons = Counter(left_out)
    reasons[LeftOut.ALIKE] += sum(representatives.get(job_id) != job_id for job_id in chosen)
    reasons[LeftOut.UNJUDGED] += len(chosen) - len(kept) - reasons[LeftOut.ALIKE]
    weighted = list(zip(opinions, _weights(opinions, kept, trust), strict=True))
    votes = _vote_totals(weighted)
    return Selection(
        pictures=tuple(_picture_line(each, votes, harvest.key) for each in kept.values()),
        judgements=tuple(
            _judgement_line(opinion, weight, kept, harvest.key) for opinion, weight in weighted
        ),
        left_out={str(reason): reasons[reason] for reason in LeftOut if reasons[reason]},
    )


def _chosen(harvest: Harvest, scans: Mapping[JobId, Scan]) -> Iterator[Chosen]:
    for entry in harvest.entries:
        scan = scans.get(entry.picture.job_id)
        if scan is not None and entry.draw is not None:
            key = prompt_key(harvest.key, entry.draw)
            yield Chosen(entry=entry, draw=entry.draw, scan=scan, prompt_key=key)


def _representatives(chosen: Iterable[Chosen]) -> dict[JobId, JobId]:
    """For each picture the one that represents it, usually itself.

    Among pictures that look the same, the approved one represents the others, or else the oldest. A
    picture that looks like one of another prompt has no representative, because it could carry
    held-out content into training.
    """
    index: LookalikeIndex[Chosen] = LookalikeIndex()
    representatives: dict[JobId, JobId] = {}
    for each in sorted(chosen, key=lambda each: each.entry.stamp is not Stamp.APPROVED):
        near = {other.prompt_key: other for other in index.near(each.scan.likeness)}
        if not near:
            index.add(each.scan.likeness, each)
            near = {each.prompt_key: each}
        if original := near.get(each.prompt_key):
            representatives[each.job_id] = original.job_id
    return representatives


def _transfer(
    opinion: Opinion, representatives: Mapping[JobId, JobId], chosen: Mapping[JobId, Chosen]
) -> Opinion | None:
    """The opinion about its pictures' representatives; None if it then says nothing.

    Nobody can prefer one of two identical pictures, and pictures of two prompts are no choice.
    """
    if opinion.kind is Kind.RANKING:
        return _transfer_pick(opinion, representatives)
    job_ids = tuple(
        representatives[job_id] for job_id in opinion.job_ids if job_id in representatives
    )
    is_complete = len(set(job_ids)) == len(opinion.job_ids)
    is_one_prompt = len({chosen[job_id].prompt_key for job_id in job_ids}) == 1
    return replace(opinion, job_ids=job_ids) if is_complete and is_one_prompt else None


def _transfer_pick(opinion: Opinion, representatives: Mapping[JobId, JobId]) -> Opinion | None:
    """The pick, compared with the other pictures that exist and do not look like it.

    All come from one grid, and so from one prompt.
    """
    assert isinstance(opinion.value, tuple), "a pick is an order that begins with the best"
    best = representatives.get(opinion.job_ids[opinion.value[0]])
    job_ids = tuple(
        dict.fromkeys(representatives[j] for j in opinion.job_ids if j in representatives)
    )
    if best is None or len(job_ids) < 2:
        return None
    return replace(opinion, job_ids=job_ids, value=(job_ids.index(best),))


def _latest(opinions: Iterable[Opinion]) -> list[Opinion]:
    """One opinion per voter and question: the latest."""
    latest = {
        (opinion.voter_id, opinion.kind, opinion.axis, frozenset(opinion.job_ids)): opinion
        for opinion in sorted(opinions, key=lambda opinion: opinion.at_ms)
    }
    return sorted(
        latest.values(), key=lambda opinion: (opinion.kind, opinion.job_ids, opinion.voter_id)
    )


def _weights(
    opinions: Sequence[Opinion], kept: Mapping[JobId, Chosen], trust: TrustOf
) -> list[float]:
    """Each opinion's weight: the voter's trust, damped by how many share its voter or prompt."""
    by_voter = damping_factors([opinion.voter_id for opinion in opinions])
    by_prompt = damping_factors([kept[opinion.job_ids[0]].prompt_key for opinion in opinions])
    return [
        round(trust(opinion) * voter * prompt, 6)
        for opinion, voter, prompt in zip(opinions, by_voter, by_prompt, strict=True)
    ]


def _vote_totals(weighted: Iterable[tuple[Opinion, float]]) -> Mapping[tuple[JobId, int], float]:
    """The total weights of each picture's votes, up (1) and down (-1)."""
    sums: defaultdict[tuple[JobId, int], float] = defaultdict(float)
    for opinion, weight in weighted:
        if opinion.kind is Kind.VOTE and isinstance(opinion.value, int):
            sums[opinion.job_ids[0], opinion.value] += weight
    return sums


def _picture_line(
    each: Chosen, votes: Mapping[tuple[JobId, int], float], key: bytes
) -> PictureLine:
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


def _judgement_line(
    opinion: Opinion, weight: float, kept: Mapping[JobId, Chosen], key: bytes
) -> JudgementLine:
    shown = [kept[job_id] for job_id in opinion.job_ids]
    return JudgementLine(
        kind=opinion.kind,
        axis=opinion.axis,
        voter=pseudonym(key, opinion.voter_id),
        weight=weight,
        files=tuple(each.file_name for each in shown),
        value=opinion.value,
        split=split_of(key, shown[0].draw.prompt),
    )


def licence_file(card_id: str) -> str:
    """The path of a model's licence in the manifest's folder."""
    return f"licences/{card_id}.txt"
