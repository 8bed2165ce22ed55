from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from bot import rulebooks
from bot.curating.bare import without_texts
from bot.curating.harvest import Stamp
from bot.domain import GuildId, StorageError
from bot.exporting import ExportWish, told, write_manifest
from bot.policy.layers import everywhere
from bot.policy.screening import Screen
from bot.policy.showing import may_leave
from bot.store import manifest_files
from bot.store.consent import Consent
from bot.store.curation import Curation
from bot.store.manifest_files import ManifestFolder
from bot.store.papers import Papers
from models import manifest
from models.catalogue.adoption import BUNDLED_LICENCE
from models.manifest import Manifest
from models.provenance import DIGITAL_SOURCE_TYPE
from tests.stages.factories import GUILD, OTHER, USER, make_job, make_png, make_reaction, make_rgb
from tests.stages.fake_engine import INFO
from tests.stages.stores import Stores, open_stores

THIRD = 700_000_000_000_000_003


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _data_directory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()


async def voted(
    stores: Stores, message: int, *, user: int = USER, prompt: str = "1girl", guild: int = GUILD
) -> str:
    """A picture that THIRD likes; pictures of other messages look otherwise."""
    job = await stores.deliver(
        message=message, user=user, prompt=prompt, seed=message * 50, guild=guild
    )
    await stores.votes.record(make_reaction(message, THIRD))
    return job.id


async def export(stores: Stores, directory: Path, **wish: Any) -> Manifest:
    return await write_manifest(
        stores.db,
        stores.gallery,
        papers(directory),
        everywhere(rulebooks.load()),
        ExportWish(directory=directory, **wish),
    )


async def test_what_is_forbidden_by_now_is_not_learned_from(stores: Stores, tmp_path: Path) -> None:
    """Rules grow: it was let pass by those of its day."""
    await voted(stores, 1, prompt="1girl, swastika flag")
    await voted(stores, 2)
    written = await export(stores, tmp_path / "out")
    assert len(written.pictures) == 1
    assert written.left_out == {"forbidden by today's rules": 1}
    assert "left out: 1 forbidden by today's rules" in told(written)


def test_what_cannot_be_judged_is_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Screen, "findings", broken)
    assert not may_leave("1girl", "", everywhere(rulebooks.load()))


def papers(directory: Path) -> Papers:
    """Where the licences of the models that were served lie."""
    return Papers(directory.parent / "data" / "licences")


def lines(directory: Path) -> list[dict[str, Any]]:
    text = (directory / "metadata.jsonl").read_text()
    return [json.loads(line) for line in text.splitlines()]


def everything_in(directory: Path) -> bytes:
    return b"".join(path.read_bytes() for path in directory.rglob("*") if path.is_file())


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data)) as picture:
        return picture.convert("RGB").tobytes()


async def test_voted_pictures_leave_with_their_numbers(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await stores.votes.record(make_reaction(1, OTHER, "👎"))
    await stores.deliver(message=2, seed=2)
    await stores.deliver(message=3, seed=3)
    await stores.votes.record(make_reaction(3, USER))
    deleted = await voted(stores, 4)
    await stores.gallery.delete(make_job(deleted).id, 9)
    written = await export(stores, tmp_path / "out")
    (entry,) = lines(tmp_path / "out")
    data = (tmp_path / "out" / entry["file_name"]).read_bytes()
    assert written.left_out == {"judged by nobody else": 1}
    assert entry == {
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
        "up": 1.0,
        "down": 1.0,
    }
    assert pixels(data) == make_rgb(make_job(seed=50))
    assert sorted(said.value for said in written.judgements) == [-1, 1]
    assert len({said.voter for said in written.judgements}) == 2
    assert manifest.read(tmp_path / "out") == written


async def test_the_licence_of_each_model_goes_along(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    papers(tmp_path / "out").keep(replace(INFO, card_id="tiny-1"))
    await export(stores, tmp_path / "out")
    (entry,) = lines(tmp_path / "out")
    assert entry["licence"] == "licences/tiny-1.txt"
    text = (tmp_path / "out" / entry["licence"]).read_text()
    assert INFO.licence_name in text
    assert INFO.licence_text in text


async def test_a_model_whose_licence_was_not_noted_leaves_under_the_one_asked_for_of_such(
    stores: Stores, tmp_path: Path
) -> None:
    await voted(stores, 1)
    await export(stores, tmp_path / "out")
    (entry,) = lines(tmp_path / "out")
    assert (tmp_path / "out" / entry["licence"]).read_text() == BUNDLED_LICENCE.read_text()


async def test_the_manifest_says_which_layer_read_the_words(stores: Stores, tmp_path: Path) -> None:
    job_id = await voted(stores, 1)
    await stores.db.write_one(
        "UPDATE jobs SET draw = json_set(draw, '$.clip_skip', 2) WHERE id = :id", {"id": job_id}
    )
    assert (await export(stores, tmp_path / "out")).pictures[0].clip_skip == 2


async def test_the_same_votes_give_the_same_manifest(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    first = await export(stores, tmp_path / "out")
    assert first.sha256 in told(first)
    assert (await export(stores, tmp_path / "again")).sha256 == first.sha256
    await stores.votes.record(make_reaction(1, OTHER))
    assert (await export(stores, tmp_path / "again")).sha256 != first.sha256


async def test_prompts_leave_only_with_their_users_yes(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1, user=USER, prompt="shared tags")
    await voted(stores, 2, user=OTHER, prompt="private tags")
    consent = Consent(stores.db)
    await consent.set_sharing(USER, True, 5)
    await consent.set_sharing(OTHER, False, 5)
    written = await export(stores, tmp_path / "out")
    assert [picture.text for picture in written.pictures] == ["shared tags", None]
    assert "2 pictures, 1 with words to train on" in told(written)
    assert b"private tags" not in everything_in(tmp_path / "out")
    await consent.set_sharing(USER, False, 6)
    await export(stores, tmp_path / "out")
    assert b"shared tags" not in everything_in(tmp_path / "out")


async def test_no_file_names_a_person_a_job_or_a_message(stores: Stores, tmp_path: Path) -> None:
    job_id = await voted(stores, 900_000_000_000_000_009)
    await Consent(stores.db).set_sharing(USER, True, 5)
    await export(stores, tmp_path / "out")
    whole = everything_in(tmp_path / "out")
    for name in (str(USER), str(THIRD), str(GUILD), job_id, "900000000000000009"):
        assert name.encode() not in whole
    assert DIGITAL_SOURCE_TYPE.encode() in whole, "still marked as made by AI"


async def test_whoever_is_forgotten_is_in_no_later_manifest(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await stores.votes.record(make_reaction(1, OTHER, "👎"))
    await voted(stores, 2, user=OTHER)
    before = await export(stores, tmp_path / "out")
    forgotten = next(said.voter for said in before.judgements if said.value == -1)
    assert len(before.judgements) == 3
    await stores.privacy.forget(OTHER)
    after = await export(stores, tmp_path / "out")
    assert len(after.judgements) == 1
    assert after.pictures[0].down == 0, "the vote keeps its number where votes are shown, not here"
    assert forgotten.encode() not in everything_in(tmp_path / "out")
    await stores.privacy.forget(make_reaction(1, THIRD).voter_id)
    assert not (await export(stores, tmp_path / "out")).pictures, "a nameless vote has no trust"
    assert lines(tmp_path / "out") == []


async def test_a_forgotten_users_pictures_do_not_leave(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await stores.privacy.forget(make_job(user=USER).user_id)
    assert not (await export(stores, tmp_path / "out")).pictures


async def test_what_is_held_or_removed_does_not_leave(stores: Stores, tmp_path: Path) -> None:
    held, _ = await stores.hold()
    for job_id in (held.id, await voted(stores, 1)):
        vote = "INSERT OR IGNORE INTO votes VALUES (:job, 'taste', 5, 1, 0, 0)"
        await stores.db.write_one(vote, {"job": job_id})
    assert len((await export(stores, tmp_path / "out")).pictures) == 1
    await stores.db.write_one("UPDATE pictures SET deleted_ms = 1, removed_ms = 1")
    assert not (await export(stores, tmp_path / "out")).pictures


async def test_one_servers_votes_can_leave_alone(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await voted(stores, 2, guild=GUILD + 1)
    assert len((await export(stores, tmp_path / "out")).pictures) == 2
    alone = await export(stores, tmp_path / "out", guild_id=GuildId(GUILD + 1))
    assert [picture.seed for picture in alone.pictures] == [100]
    assert len(alone.judgements) == 1


async def test_what_a_curator_says_is_honoured(stores: Stores, tmp_path: Path) -> None:
    first, second, third = [make_job(await voted(stores, number)).id for number in (1, 2, 3)]
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


async def test_little_to_learn_from_is_told(stores: Stores, tmp_path: Path) -> None:
    """Three votes on one prompt, and a member who voted on their own picture alone."""
    for number in (1, 2, 3):
        await voted(stores, number)
    await stores.deliver(message=4, seed=30)
    await stores.votes.record(make_reaction(4, USER))
    said = told(await export(stores, tmp_path / "out"))
    assert "3 judgements of 1 voter\n1 prompt, " in said
    assert "left out: 1 judged by nobody else" in said
    assert "let members judge pictures of more prompts" in said


async def test_an_earlier_export_is_replaced_whole(stores: Stores, tmp_path: Path) -> None:
    job_id = await voted(stores, 1)
    await export(stores, tmp_path / "out")
    await stores.gallery.delete(make_job(job_id).id, 9)
    await voted(stores, 2)
    await export(stores, tmp_path / "out")
    (entry,) = lines(tmp_path / "out")
    assert entry["seed"] == 100
    assert names(tmp_path / "out" / "pictures") == [entry["sha256"] + ".png"]
    assert names(tmp_path) == ["data", "out"]


async def test_what_is_no_export_is_not_touched(stores: Stores, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(StorageError, match="something else"):
        await export(stores, tmp_path / "thesis")
    with pytest.raises(StorageError, match="is a file"):
        await export(stores, tmp_path / "thesis" / "chapter1.txt")
    assert everything_in(tmp_path / "thesis") == b"years of work"


async def test_a_failed_export_leaves_the_earlier_one(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await voted(stores, 1)
    await export(stores, tmp_path / "out")
    before = everything_in(tmp_path / "out")
    await voted(stores, 2)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for where, deed in ((ManifestFolder, "scan"), (manifest, "write"), (manifest_files, "_swap")):
        with monkeypatch.context() as patched:
            patched.setattr(where, deed, full)
            with pytest.raises(StorageError, match="No space left"):
                await export(stores, tmp_path / "out")
        assert everything_in(tmp_path / "out") == before
        assert names(tmp_path) == ["data", "out"]


async def test_a_picture_whose_settings_are_another_versions_is_left_out_and_told(
    stores: Stores, tmp_path: Path
) -> None:
    await voted(stores, 1)
    strange = await voted(stores, 2)
    await stores.db.write_one(
        "UPDATE jobs SET draw = substr(draw, 2) WHERE id = :id", {"id": strange}
    )
    written = await export(stores, tmp_path / "out")
    assert [picture.seed for picture in written.pictures] == [50]
    assert "left out: 1 file missing or damaged" in told(written)


async def test_a_lost_or_damaged_file_is_left_out_and_told(stores: Stores, tmp_path: Path) -> None:
    for message in (1, 2, 3, 4):
        job_id = await voted(stores, message)
        picture = await stores.gallery.get(make_job(job_id).id)
        assert picture is not None
        path = stores.gallery.path(picture)
        if message == 1:
            path.unlink()
        elif message == 2:
            path.write_bytes(path.read_bytes()[:-20])
        elif message == 3:
            path.write_bytes(path.read_bytes().replace(b"IDAT", b"IDOT"))
    written = await export(stores, tmp_path / "out")
    assert [picture.seed for picture in written.pictures] == [200]
    assert "left out: 3 file missing or damaged" in told(written)


async def test_the_same_picture_drawn_again_is_one_picture(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await stores.deliver(message=2, seed=50, user=OTHER)
    await stores.votes.record(make_reaction(2, USER, "👎"))
    written = await export(stores, tmp_path / "out")
    (picture,) = written.pictures
    assert (picture.up, picture.down) == (1, 1), "what was said of both is said of it"
    assert written.left_out == {"the same to the eye as another one": 1}


def test_texts_are_taken_out_of_a_picture_and_nothing_else() -> None:
    job = make_job(prompt="very private")
    bare = without_texts(make_png(job), "tiny-1")
    assert b"private tags" not in bare
    assert job.id.encode() not in bare
    assert b"tiny-1" in bare
    assert pixels(bare) == make_rgb(job)
    for broken in (b"", b"GIF89a", make_png(job)[:-4], make_png(job)[:-12], make_png(job)[:40]):
        with pytest.raises(ValueError, match=r"PNG|chunk|end"):
            without_texts(broken, "tiny-1")
