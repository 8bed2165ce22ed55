"""Which pictures and judgements make a manifest, by the rules alone."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from bot.curating.balancing import damping_factors
from bot.curating.harvest import Entry, Harvest, Opinion, Scan, Stamp
from bot.curating.likeness import Likeness
from bot.curating.selecting import LeftOut, Selection, select, why_left_out
from bot.domain import JobId, Picture, Rating, UserId
from models.manifest import Kind, Split
from tests.stages.factories import GUILD, USER, make_draw

KEY = b"k" * 32
ANN, BOB, EVE = UserId(1), UserId(2), UserId(3)


def entry(name: str, prompt: str = "1girl", **changes: Any) -> Entry:
    picture = Picture(
        job_id=JobId(name), user_id=USER, guild_id=GUILD, sha256="0" * 64, size_bytes=1,
        width_px=8, height_px=8, card_id="tiny-1", rating=Rating.GENERAL, created_ms=1,
        spoiler=False, removed=False,
    )  # fmt: skip
    values: dict[str, Any] = {"picture": picture, "draw": make_draw(prompt), "shared": True}
    return Entry(**(values | changes))


def look(name: str) -> Scan:
    """The scan of a picture unlike any other, except those with the same first letter."""
    digest = hashlib.sha256(name[0].encode()).digest()
    likeness = Likeness(bits=int.from_bytes(digest), embedding=tuple(b / 255 for b in digest[:8]))
    return Scan(sha256=hashlib.sha256(name.encode()).hexdigest(), likeness=likeness)


def vote(name: str, voter: UserId = ANN, value: int = 1, at_ms: int = 1) -> Opinion:
    return Opinion(
        kind=Kind.VOTE, axis="taste", voter_id=voter, guild_id=GUILD, job_ids=(JobId(name),),
        value=value, at_ms=at_ms,
    )  # fmt: skip


def duel(first: str, second: str, value: int = 0, voter: UserId = ANN, at_ms: int = 1) -> Opinion:
    return replace(
        vote(first, voter, at_ms=at_ms),
        kind=Kind.DUEL, axis="duel", job_ids=(JobId(first), JobId(second)), value=value,
    )  # fmt: skip


def chosen(
    entries: list[Entry], *said: Opinion, trust: Mapping[UserId, float] | None = None
) -> Selection:
    harvest = Harvest(entries=entries, opinions=said, key=KEY)
    scans = {each.picture.job_id: look(each.picture.job_id) for each in entries}
    return select(harvest, scans, [], lambda one: (trust or {}).get(one.voter_id, 1.0))


def names(selection: Selection) -> list[str]:
    known = {look(name + number).sha256: name + number for name in "abcde" for number in ("", "2")}
    return [known[picture.sha256] for picture in selection.pictures]


def test_the_oldest_of_look_alike_pictures_stands_for_all() -> None:
    found = chosen([entry("a"), entry("a2"), entry("b")], vote("a2"), vote("b", BOB))
    assert names(found) == ["a", "b"]
    assert [said.files for said in found.judgements] == [
        (found.pictures[0].file_name,), (found.pictures[1].file_name,),
    ]  # fmt: skip
    assert found.left_out == {LeftOut.ALIKE: 1}


def test_an_approved_picture_is_preferred_to_the_oldest() -> None:
    found = chosen([entry("a"), entry("a2", stamp=Stamp.APPROVED)], vote("a"))
    assert names(found) == ["a2"]


def test_a_look_alike_of_another_prompt_is_dropped_with_its_votes() -> None:
    """Otherwise a held-out picture would be trained on too, under another caption."""
    found = chosen([entry("a"), entry("a2", "other")], vote("a"), vote("a2", BOB, -1))
    assert names(found) == ["a"]
    assert [said.value for said in found.judgements] == [1]
    assert found.left_out == {LeftOut.ALIKE: 1}


def test_only_a_voters_latest_opinion_of_a_picture_counts() -> None:
    found = chosen([entry("a"), entry("a2")], vote("a2", value=-1, at_ms=9), vote("a", at_ms=5))
    assert [said.value for said in found.judgements] == [-1]
    entries = [entry("a"), entry("b")]
    found = chosen(entries, duel("a", "b", 0, at_ms=5), duel("b", "a", 0, at_ms=9))
    (said,) = found.judgements
    assert said.files[0] == found.pictures[1].file_name, "b won the later duel"


def test_votes_and_duels_are_kept_apart() -> None:
    found = chosen([entry("a"), entry("b")], vote("a"), duel("a", "b", 1))
    assert sorted(said.kind for said in found.judgements) == [Kind.DUEL, Kind.VOTE]
    assert (found.pictures[0].up, found.pictures[1].up) == (1, 0), "a duel is not a vote"


@pytest.mark.parametrize(
    ("entries", "said"),
    [
        ([entry("a"), entry("a2")], duel("a", "a2")),
        ([entry("a"), entry("b", "other")], duel("a", "b")),
        ([entry("a")], duel("a", "b")),
        ([entry("a")], vote("b")),
    ],
    ids=["look-alikes", "two prompts", "one left out", "left out"],
)
def test_an_opinion_without_information_is_left_out(entries: list[Entry], said: Opinion) -> None:
    found = chosen(entries, said)
    assert not found.judgements
    assert not found.pictures
    assert found.left_out[LeftOut.UNJUDGED] >= 1


def test_a_vote_weighs_as_much_as_its_voter_is_trusted() -> None:
    found = chosen([entry("a")], vote("a"), vote("a", BOB, -1), trust={ANN: 0.5, BOB: 0.25})
    assert (found.pictures[0].up, found.pictures[0].down) == (0.5, 0.25)
    assert sorted(said.weight for said in found.judgements) == [0.25, 0.5]


def test_a_loud_voters_weight_is_tempered() -> None:
    assert damping_factors([]) == []
    assert damping_factors(["ann"] * 3) == [1, 1, 1], "a single voter has nobody to drown out"
    crowd = [f"v{n}" for n in range(9) for _ in range(10)]
    weights = damping_factors([*crowd, *["loud"] * 1000])
    assert sum(weights[:90]) == 90
    assert sum(weights[90:]) == pytest.approx(100)


def test_repeated_prompts_and_voters_weigh_less() -> None:
    entries = [entry(name) for name in "abc"] + [entry("d", "other"), entry("e", "third")]
    said = [vote(name, voter) for name, voter in itertools.product("abc", (ANN, BOB, EVE))]
    found = chosen(entries, *said, vote("d"), vote("e"))
    by_file = {said.files[0]: said.weight for said in found.judgements}
    assert by_file[found.pictures[0].file_name] < by_file[found.pictures[3].file_name]


def test_a_prompt_is_in_one_split_at_every_size() -> None:
    small = entry("a")
    assert small.draw is not None
    wide = replace(entry("b"), draw=replace(small.draw, width_px=16))
    found = chosen([small, wide], vote("a"), vote("b"))
    assert len({picture.prompt_key for picture in found.pictures}) == 2
    assert len({picture.split for picture in found.pictures}) == 1
    assert found.pictures[0].split in set(Split)


def test_an_unshared_prompt_is_left_out_and_its_caption_is_used() -> None:
    found = chosen(
        [entry("a", shared=False), entry("b", shared=False, caption="two girls"),
         entry("c", caption="three girls"), entry("d")],
        *(vote(name) for name in "abcd"),
    )  # fmt: skip
    assert [picture.text for picture in found.pictures] == [
        None, "two girls", "three girls", "1girl",
    ]  # fmt: skip
    assert [picture.negative for picture in found.pictures] == [None, None, "lowres", "lowres"]
    assert len({picture.prompt_key for picture in found.pictures}) == 1


def test_why_not_names_the_reason_to_leave_a_picture_out() -> None:
    def clean(prompt: str, negative: str) -> bool:
        return "bad" not in prompt + negative

    assert why_left_out(entry("a"), clean) is None
    assert why_left_out(entry("a", "bad"), clean) is LeftOut.FORBIDDEN
    assert why_left_out(entry("a", "bad", caption="good"), clean) is LeftOut.FORBIDDEN
    assert why_left_out(entry("a", caption="bad"), clean) is LeftOut.FORBIDDEN
    assert why_left_out(entry("a", draw=make_draw(negative="bad")), clean) is LeftOut.FORBIDDEN
    assert why_left_out(entry("a", draw=None), clean) is LeftOut.MISSING
    assert why_left_out(entry("a", stamp=Stamp.REJECTED), clean) is LeftOut.REJECTED
    approved = entry("a", stamp=Stamp.APPROVED)
    assert why_left_out(entry("a"), clean, approved_only=True) is LeftOut.UNSEEN
    assert why_left_out(approved, clean, approved_only=True) is None
    assert why_left_out(replace(approved, draw=make_draw("bad")), clean) is LeftOut.FORBIDDEN


def test_a_manifest_line_has_both_the_asked_and_the_drawn_text() -> None:
    draw = replace(make_draw("1girl"), completion="blue eyes")
    filled = chosen([entry("a", draw=draw), entry("b")], vote("a"), vote("b"))
    lines = {line.sha256: line for line in filled.pictures}
    one, other = (lines[look(name).sha256] for name in ("a", "b"))
    assert (one.text, one.asked) == ("1girl, blue eyes", "1girl")
    assert (other.text, other.asked) == ("1girl", None)
    assert one.prompt_key == other.prompt_key, "one prompt, whatever was filled in"
    (unshared,) = chosen([entry("a", draw=draw, shared=False)], vote("a")).pictures
    assert (unshared.text, unshared.asked) == (None, None)


def test_a_forbidden_completion_keeps_a_picture_out() -> None:
    draw = replace(make_draw("1girl"), completion="secret")
    assert why_left_out(entry("a", draw=draw), lambda words, _: "secret" not in words) is (
        LeftOut.FORBIDDEN
    )
