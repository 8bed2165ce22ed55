"""Judgements become pairs within a prompt, by closed forms, and the splits never meet."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.data.evidence import Evidence, evidence_from, evidence_of
from models.manifest import JudgementLine, Kind, Split
from tests.stages.manifests import add_picture, make_judgement_line, write_manifest

A, B, C, D = (f"pictures/{digit * 64}.png" for digit in "abcd")
PROMPTS = {A: "one", B: "one", C: "one", D: "two"}


def judgement(
    kind: Kind, *files: str, value: int | tuple[int, ...], weight: float = 1.0
) -> JudgementLine:
    return JudgementLine(
        kind=kind,
        axis="taste",
        voter="v" + "0" * 16,
        weight=weight,
        files=files,
        value=value,
        split=Split.TRAIN,
    )


def vote(file: str, value: int, weight: float = 1.0) -> JudgementLine:
    return judgement(Kind.VOTE, file, value=value, weight=weight)


def pair_weights(evidence: Evidence) -> dict[tuple[str, str], float]:
    return {(pair.better, pair.worse): pair.weight for pair in evidence.pairs}


def test_single_votes_become_differences_of_posterior_means() -> None:
    found = pair_weights(evidence_from([vote(A, 1), vote(A, 1), vote(B, -1)], PROMPTS))
    assert found == {(A, B): pytest.approx(3 / 4 - 1 / 3)}


def test_votes_on_one_picture_lean_by_its_posterior_mean() -> None:
    found = evidence_from([vote(A, 1), vote(A, 1), vote(D, -1), vote(B, 1, weight=0.0)], PROMPTS)
    assert found.votes == {A: pytest.approx(3 / 4 - 1 / 2), D: pytest.approx(1 / 3 - 1 / 2)}


def test_pictures_of_different_prompts_are_never_paired() -> None:
    assert pair_weights(evidence_from([vote(A, 1), vote(D, -1)], PROMPTS)) == {}


def test_equal_votes_and_no_votes_make_no_pair() -> None:
    assert pair_weights(evidence_from([vote(A, 1), vote(B, 1)], PROMPTS)) == {}
    assert pair_weights(evidence_from([], PROMPTS)) == {}


def test_a_less_trusted_voter_counts_less() -> None:
    found = pair_weights(evidence_from([vote(A, 1, weight=0.5), vote(B, -1, weight=0.0)], PROMPTS))
    assert found == {}
    found = pair_weights(evidence_from([vote(A, 1, weight=0.5), vote(B, -1, weight=0.5)], PROMPTS))
    assert found == {(A, B): pytest.approx(1.5 / 2.5 - 1 / 2.5)}


def test_a_duel_makes_a_pair_and_its_opposite_cancels_it() -> None:
    won = judgement(Kind.DUEL, A, B, value=1)
    assert pair_weights(evidence_from([won], PROMPTS)) == {(B, A): pytest.approx(1 / 3)}
    lost = judgement(Kind.DUEL, B, A, value=1)
    assert pair_weights(evidence_from([won, lost], PROMPTS)) == {}
    assert pair_weights(evidence_from([won, won], PROMPTS)) == {(B, A): pytest.approx(1 / 2)}


def test_a_pick_beats_the_rest_and_each_rank_beats_those_below() -> None:
    pick = judgement(Kind.RANKING, A, B, C, value=(1,))
    assert set(pair_weights(evidence_from([pick], PROMPTS))) == {(B, A), (B, C)}
    order = judgement(Kind.RANKING, A, B, C, value=(2, 0, 1))
    assert set(pair_weights(evidence_from([order], PROMPTS))) == {(C, A), (C, B), (A, B)}


def test_votes_and_duels_add_up_for_one_pair() -> None:
    both = [vote(A, 1), vote(B, -1), judgement(Kind.DUEL, A, B, value=0)]
    assert pair_weights(evidence_from(both, PROMPTS)) == {(A, B): pytest.approx(2 / 3)}
    against = [vote(A, 1), vote(B, -1), judgement(Kind.DUEL, A, B, value=1)]
    assert pair_weights(evidence_from(against, PROMPTS)) == {}


def test_a_picked_picture_is_liked_and_the_others_are_disliked() -> None:
    evidence = evidence_from([judgement(Kind.RANKING, A, B, C, value=(0,))], PROMPTS)
    assert evidence.liked == pytest.approx({A: 1 / 3, B: -1 / 3, C: -1 / 3})


def test_a_splits_evidence_is_on_its_own_pictures_with_shared_prompts(tmp_path: Path) -> None:
    groups = [
        [add_picture(tmp_path, seed + more, prompt_key=f"{seed:016x}", **kind) for more in (0, 1)]
        for seed, kind in (
            (2, {"split": Split.TRAIN}),
            (4, {"split": Split.HELD_OUT}),
            (6, {"split": Split.TRAIN, "text": None}),
            (8, {"split": Split.HELD_OUT, "text": None}),
        )
    ]
    said = [
        judged
        for first, second in groups
        for judged in (
            make_judgement_line(first, second),
            make_judgement_line(first),
            make_judgement_line(second, value=-1),
        )
    ]
    manifest = write_manifest(tmp_path, [line for group in groups for line in group], said)
    for split, (first, second) in zip((Split.TRAIN, Split.HELD_OUT), groups, strict=False):
        found = evidence_of(manifest, split)
        assert pair_weights(found).keys() == {(first.file_name, second.file_name)}
        assert found.votes.keys() == found.liked.keys() == {first.file_name, second.file_name}
