"""What an export takes of votes and pictures, and what it leaves out."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot import rulebooks
from bot.ballot import Choice
from bot.curating.harvest import Stamp
from bot.domain import GuildId, UserId
from bot.exporting import _lineage, summary
from bot.policy.layers import ground_of
from bot.policy.screening import Screen
from bot.policy.showing import may_be_learned_from
from bot.store.consent import Consent
from bot.store.curation import Curation
from bot.store.trust import Trust, stranger_weight
from models import manifest
from models.catalogue import card as cards
from models.catalogue.registry import EMBEDDED
from models.manifest import Kind
from models.provenance import DIGITAL_SOURCE_TYPE
from tests.stages.exporting import (
    THIRD,
    all_bytes_in,
    deliver_with_vote,
    export,
    metadata_lines,
    pixels,
)
from tests.stages.factories import (
    GUILD,
    OTHER,
    USER,
    make_duel,
    make_job,
    make_reaction,
    make_rgb,
)
from tests.stages.stores import Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _data_directory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()


async def test_a_picture_that_todays_rules_forbid_is_not_exported(
    stores: Stores, tmp_path: Path
) -> None:
    """Rules grow: the rules of its day let it pass."""
    await deliver_with_vote(stores, 1, prompt="1girl, swastika flag")
    await deliver_with_vote(stores, 2)
    written = await export(stores, tmp_path / "out")
    assert len(written.pictures) == 1
    assert written.left_out == {"forbidden by today's rules": 1}
    assert "left out: 1 forbidden by today's rules" in summary(written)


def test_a_prompt_that_cannot_be_checked_may_not_leave(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Screen, "findings", broken)
    assert not may_be_learned_from("1girl", "", ground_of(rulebooks.load()))


async def test_voted_pictures_are_exported_with_their_votes(stores: Stores, tmp_path: Path) -> None:
    await deliver_with_vote(stores, 1)
    await stores.votes.record(make_reaction(1, OTHER, "👎"))
    await stores.deliver(message=2, seed=2)
    await stores.deliver(message=3, seed=3)
    await stores.votes.record(make_reaction(3, USER))
    deleted = await deliver_with_vote(stores, 4)
    await stores.gallery.delete(make_job(deleted).id, 9)
    written = await export(stores, tmp_path / "out")
    (entry,) = metadata_lines(tmp_path / "out")
    data = (tmp_path / "out" / entry["file_name"]).read_bytes()
    assert written.left_out == {"judged by nobody else": 1}
    assert entry == {
        "asked": None,
        "file_name": f"pictures/{entry['sha256']}.png",
        "sha256": hashlib.sha256(data).hexdigest(),
        "text": None,
        "negative": None,
        "prompt_key": entry["prompt_key"],
        "card_id": "tiny-1",
        "licence": "licences/tiny-1.txt",
        "seed": 50,
        "steps": 4,
        "guidance": 7.0,
        "sampler": "euler_a",
        "clip_skip": None,
        "width_px": 8,
        "height_px": 8,
        "rating": "general",
        "split": entry["split"],
        "up": entry["up"],
        "down": entry["down"],
    }
    assert pixels(data) == make_rgb(make_job(seed=50))
    assert min(entry["up"], entry["down"]) > 0
    assert sorted(said.value for said in written.judgements) == [-1, 1]
    assert len({said.voter for said in written.judgements}) == 2
    assert manifest.read(tmp_path / "out") == written


async def test_the_manifest_records_the_clip_layer(stores: Stores, tmp_path: Path) -> None:
    job_id = await deliver_with_vote(stores, 1)
    await stores.db.write_one(
        "UPDATE jobs SET draw = json_set(draw, '$.clip_skip', 2) WHERE id = :id", {"id": job_id}
    )
    assert (await export(stores, tmp_path / "out")).pictures[0].clip_skip == 2


async def test_the_same_votes_give_the_same_manifest(stores: Stores, tmp_path: Path) -> None:
    await deliver_with_vote(stores, 1)
    first = await export(stores, tmp_path / "out")
    assert first.sha256 in summary(first)
    assert (await export(stores, tmp_path / "again")).sha256 == first.sha256
    await stores.votes.record(make_reaction(1, OTHER))
    assert (await export(stores, tmp_path / "again")).sha256 != first.sha256


async def test_a_manifest_records_the_ancestors_of_its_pictures_models(
    stores: Stores, tmp_path: Path
) -> None:
    await deliver_with_vote(stores, 1)
    lineage = {"tiny-1": ("a" * 64, "b" * 64), "tiny-2": ("c" * 64,)}
    written = await export(stores, tmp_path / "out", lineage=lineage)
    assert written.parents == ("a" * 64, "b" * 64)
    assert _lineage("embedded") == {cards.read(EMBEDDED / cards.FILE_NAME).id: ()}
    assert _lineage("somebody/a-model-of-the-hub") == {}


async def test_prompts_are_exported_only_with_their_members_consent(
    stores: Stores, tmp_path: Path
) -> None:
    await deliver_with_vote(stores, 1, user=USER, prompt="shared tags")
    await deliver_with_vote(stores, 2, user=OTHER, prompt="private tags")
    consent = Consent(stores.db)
    await consent.set_sharing(USER, True, 5)
    await consent.set_sharing(OTHER, False, 5)
    written = await export(stores, tmp_path / "out")
    assert [picture.text for picture in written.pictures] == ["shared tags", None]
    assert "2 pictures, 1 with words to train on" in summary(written)
    assert b"private tags" not in all_bytes_in(tmp_path / "out")
    await consent.set_sharing(USER, False, 6)
    await export(stores, tmp_path / "out")
    assert b"shared tags" not in all_bytes_in(tmp_path / "out")


async def test_no_file_names_a_person_a_job_or_a_message(stores: Stores, tmp_path: Path) -> None:
    job_id = await deliver_with_vote(stores, 900_000_000_000_000_009)
    await Consent(stores.db).set_sharing(USER, True, 5)
    await export(stores, tmp_path / "out")
    whole = all_bytes_in(tmp_path / "out")
    for name in (str(USER), str(THIRD), str(GUILD), job_id, "900000000000000009"):
        assert name.encode() not in whole
    assert DIGITAL_SOURCE_TYPE.encode() in whole, "still marked as made by AI"


async def test_a_forgotten_voter_is_in_no_later_manifest(stores: Stores, tmp_path: Path) -> None:
    await deliver_with_vote(stores, 1)
    await stores.votes.record(make_reaction(1, OTHER, "👎"))
    await deliver_with_vote(stores, 2, user=OTHER)
    before = await export(stores, tmp_path / "out")
    forgotten = next(said.voter for said in before.judgements if said.value == -1)
    assert len(before.judgements) == 3
    await stores.privacy.forget(OTHER)
    after = await export(stores, tmp_path / "out")
    assert len(after.judgements) == 1
    assert after.pictures[0].down == 0, "the vote keeps its number where votes are shown, not here"
    assert forgotten.encode() not in all_bytes_in(tmp_path / "out")
    await stores.privacy.forget(make_reaction(1, THIRD).voter_id)
    assert not (await export(stores, tmp_path / "out")).pictures, "a nameless vote has no trust"
    assert metadata_lines(tmp_path / "out") == []


async def test_a_forgotten_members_pictures_are_not_exported(
    stores: Stores, tmp_path: Path
) -> None:
    await deliver_with_vote(stores, 1)
    await stores.privacy.forget(make_job(user=USER).user_id)
    assert not (await export(stores, tmp_path / "out")).pictures


async def test_held_and_removed_pictures_are_not_exported(stores: Stores, tmp_path: Path) -> None:
    held, _ = await stores.hold()
    for job_id in (held.id, await deliver_with_vote(stores, 1)):
        vote = "INSERT OR IGNORE INTO votes VALUES (:job, 'taste', 5, 1, 0, 0)"
        await stores.db.write_one(vote, {"job": job_id})
    assert len((await export(stores, tmp_path / "out")).pictures) == 1
    await stores.db.write_one("UPDATE pictures SET deleted_ms = 1, removed_ms = 1")
    assert not (await export(stores, tmp_path / "out")).pictures


async def test_the_votes_of_a_single_server_can_be_exported(stores: Stores, tmp_path: Path) -> None:
    await deliver_with_vote(stores, 1)
    await deliver_with_vote(stores, 2, guild=GUILD + 1)
    assert len((await export(stores, tmp_path / "out")).pictures) == 2
    alone = await export(stores, tmp_path / "out", guild_id=GuildId(GUILD + 1))
    assert [picture.seed for picture in alone.pictures] == [100]
    assert len(alone.judgements) == 1


async def test_a_curators_stamps_and_captions_are_honoured(stores: Stores, tmp_path: Path) -> None:
    first, second, third = [
        make_job(await deliver_with_vote(stores, number)).id for number in (1, 2, 3)
    ]
    curation = Curation(stores.db)
    await curation.stamp(first, Stamp.APPROVED, 5)
    await curation.stamp(second, Stamp.REJECTED, 5)
    await curation.caption(third, "two girls", 5)
    written = await export(stores, tmp_path / "out")
    assert [(p.seed, p.text) for p in written.pictures] == [(50, None), (150, "two girls")]
    assert written.left_out == {"rejected by a curator": 1}
    approved = await export(stores, tmp_path / "out", approved_only=True)
    assert [picture.seed for picture in approved.pictures] == [50]
    await curation.caption(third, "a swastika flag", 6)
    again = await export(stores, tmp_path / "out")
    assert again.left_out["forbidden by today's rules"] == 1


async def test_an_export_without_judgements_is_reported(stores: Stores, tmp_path: Path) -> None:
    await stores.deliver(message=4, seed=30)
    await stores.votes.record(make_reaction(4, USER))
    said = summary(await export(stores, tmp_path / "out"))
    assert "left out: 1 judged by nobody else" in said
    assert "Nobody has judged a picture that may leave" in said


async def test_an_export_with_few_judgements_is_reported(stores: Stores, tmp_path: Path) -> None:
    """Three votes on one prompt, and a member who voted only on their own picture."""
    for number in (1, 2, 3):
        await deliver_with_vote(stores, number)
    await stores.deliver(message=4, seed=30)
    await stores.votes.record(make_reaction(4, USER))
    said = summary(await export(stores, tmp_path / "out"))
    assert "3 judgements of 1 voter\n1 prompt, " in said
    assert "left out: 1 judged by nobody else" in said
    assert "let members judge pictures of more prompts" in said


async def test_the_same_picture_drawn_again_is_one_picture(stores: Stores, tmp_path: Path) -> None:
    await deliver_with_vote(stores, 1)
    await stores.deliver(message=2, seed=50, user=OTHER)
    await stores.votes.record(make_reaction(2, USER, "👎"))
    written = await export(stores, tmp_path / "out")
    (picture,) = written.pictures
    assert picture.up == picture.down > 0, "it has the votes of both"
    assert written.left_out == {"the same to the eye as another one": 1}


async def duel(stores: Stores, left: str, right: str, choice: Choice, voter: int = THIRD) -> None:
    """A member's choice between two pictures."""
    opened = await stores.duels.open(make_duel(left, right, duel=f"d{left}{right}"[:20]))
    assert opened is not None
    assert await stores.duels.vote(opened.id, UserId(voter), choice, 9_000)


async def test_duels_are_exported_with_their_pictures(stores: Stores, tmp_path: Path) -> None:
    """Only pictures of one prompt, whether anybody voted on them or not; a skip says nothing."""
    first, second, third, other = [
        (await stores.deliver(message=n, seed=n * 50, prompt="2girls" if n == 4 else "1girl")).id
        for n in (1, 2, 3, 4)
    ]
    await duel(stores, first, second, Choice.RIGHT)
    await duel(stores, first, third, Choice.SKIP)
    await duel(stores, second, third, Choice.LEFT, voter=USER)
    await duel(stores, first, other, Choice.LEFT)
    written = await export(stores, tmp_path / "out")
    (said,) = written.judgements
    seeds = {picture.file_name: picture.seed for picture in written.pictures}
    assert (said.kind, said.axis) == (Kind.DUEL, "duel")
    assert seeds[said.files[int(str(said.value))]] == 100
    assert sorted(seeds.values()) == [50, 100]
    assert written.left_out == {"judged by nobody else": 2}
    await stores.privacy.forget(UserId(THIRD))
    assert not (await export(stores, tmp_path / "out")).judgements


async def test_a_voter_weighs_what_the_server_of_the_picture_trusts_them(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver_with_vote(stores, 1)
    await deliver_with_vote(stores, 2, guild=GUILD + 1)

    async def weights(_: Trust, guild_id: GuildId, now_ms: int) -> dict[UserId, float]:
        return {UserId(THIRD): 0.5} if guild_id == GUILD else {}

    monkeypatch.setattr(Trust, "weights", weights)
    written = await export(stores, tmp_path / "out")
    assert [picture.up for picture in written.pictures] == [0.5, round(stranger_weight(), 6)]
