from __future__ import annotations

import hashlib
import io
import json
from collections.abc import AsyncGenerator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from PIL import Image

from bot import rulebooks
from bot.domain import StorageError
from bot.policy.layers import everywhere
from bot.policy.screening import Screen
from bot.policy.showing import may_leave
from bot.store import curation
from bot.store.consent import Consent
from bot.store.curation import ExportReport, export_voted, without_texts
from bot.store.papers import Papers
from models.catalogue.adoption import BUNDLED_LICENCE
from models.provenance import DIGITAL_SOURCE_TYPE
from tests.stages.factories import OTHER, USER, make_job, make_png, make_reaction, make_rgb
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


async def voted(stores: Stores, message: int, *, user: int = USER, prompt: str = "1girl") -> str:
    job = await stores.deliver(message=message, user=user, prompt=prompt, seed=message)
    await stores.votes.record(make_reaction(message, THIRD))
    return job.id


async def export(stores: Stores, directory: Path) -> ExportReport:
    may = partial(may_leave, ground=everywhere(rulebooks.load()))
    return await export_voted(stores.db, stores.gallery, papers(directory), directory, may)


async def test_what_is_forbidden_by_now_is_not_learned_from(stores: Stores, tmp_path: Path) -> None:
    """Rules grow: it was let pass by those of its day."""
    await voted(stores, 1, prompt="1girl, swastika flag")
    await voted(stores, 2)
    report = await export(stores, tmp_path / "out")
    assert (report.pictures, report.missing, report.forbidden) == (1, 0, 1)
    assert "1 left out (forbidden by today's rules)" in str(report)
    assert len(manifest(tmp_path / "out")) == 1


def test_what_cannot_be_judged_is_not_learned_from(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(Screen, "findings", broken)
    assert not may_leave("1girl", "", everywhere(rulebooks.load()))


def papers(directory: Path) -> Papers:
    """Where the licences of the models that were served lie."""
    return Papers(directory.parent / "data" / "licences")


def manifest(directory: Path) -> list[dict[str, Any]]:
    lines = (directory / "manifest.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


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
    report = await export(stores, tmp_path / "out")
    entry = manifest(tmp_path / "out")[0]
    data = (tmp_path / "out" / entry["file"]).read_bytes()
    assert (report.pictures, report.with_prompt, report.missing) == (1, 0, 0)
    assert entry == {
        "file": f"pictures/{entry['sha256']}.png",
        "sha256": hashlib.sha256(data).hexdigest(),
        "card_id": "tiny-1",
        "licence": "licences/tiny-1.txt",
        "seed": 1,
        "steps": 4,
        "guidance": 7.0,
        "sampler": "euler_a",
        "clip_skip": None,
        "width_px": 8,
        "height_px": 8,
        "rating": "general",
        "up": 1,
        "down": 1,
        "prompt": None,
        "negative": None,
    }
    assert pixels(data) == make_rgb(make_job(seed=1))


async def test_the_licence_of_each_model_goes_along(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    papers(tmp_path / "out").keep(replace(INFO, card_id="tiny-1"))
    await export(stores, tmp_path / "out")
    (entry,) = manifest(tmp_path / "out")
    assert entry["licence"] == "licences/tiny-1.txt"
    text = (tmp_path / "out" / entry["licence"]).read_text()
    assert INFO.licence_name in text
    assert INFO.licence_text in text


async def test_a_model_whose_licence_was_not_noted_leaves_under_the_one_asked_for_of_such(
    stores: Stores, tmp_path: Path
) -> None:
    await voted(stores, 1)
    await export(stores, tmp_path / "out")
    (entry,) = manifest(tmp_path / "out")
    assert (tmp_path / "out" / entry["licence"]).read_text() == BUNDLED_LICENCE.read_text()


async def test_the_manifest_says_which_layer_read_the_words(stores: Stores, tmp_path: Path) -> None:
    job_id = await voted(stores, 1)
    await stores.db.write_one(
        "UPDATE jobs SET draw = json_set(draw, '$.clip_skip', 2) WHERE id = :id", {"id": job_id}
    )
    await export(stores, tmp_path / "out")
    assert manifest(tmp_path / "out")[0]["clip_skip"] == 2


async def test_the_manifests_hash_is_beside_it_and_in_the_report(
    stores: Stores, tmp_path: Path
) -> None:
    await voted(stores, 1)
    report = await export(stores, tmp_path / "out")
    digest = hashlib.sha256((tmp_path / "out" / "manifest.jsonl").read_bytes()).hexdigest()
    written = (tmp_path / "out" / "manifest.jsonl.sha256").read_text()
    assert written == f"{digest}  manifest.jsonl\n"
    assert digest in str(report)
    assert "1 voted picture, 0 with their prompt" in str(report)
    again = await export(stores, tmp_path / "again")
    assert again.manifest_sha256 == report.manifest_sha256, "the same votes, the same manifest"


async def test_prompts_leave_only_with_their_users_yes(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1, user=USER, prompt="shared tags")
    await voted(stores, 2, user=OTHER, prompt="private tags")
    consent = Consent(stores.db)
    await consent.set_sharing(USER, True, 5)
    await consent.set_sharing(OTHER, False, 5)
    report = await export(stores, tmp_path / "out")
    assert [entry["prompt"] for entry in manifest(tmp_path / "out")] == ["shared tags", None]
    assert report.with_prompt == 1
    assert b"private tags" not in everything_in(tmp_path / "out")
    await consent.set_sharing(USER, False, 6)
    await export(stores, tmp_path / "out")
    assert b"shared tags" not in everything_in(tmp_path / "out")


async def test_no_file_names_a_person_a_job_or_a_message(stores: Stores, tmp_path: Path) -> None:
    job_id = await voted(stores, 900_000_000_000_000_009)
    await Consent(stores.db).set_sharing(USER, True, 5)
    await export(stores, tmp_path / "out")
    whole = everything_in(tmp_path / "out")
    for name in (str(USER), str(THIRD), job_id, "900000000000000009"):
        assert name.encode() not in whole
    assert DIGITAL_SOURCE_TYPE.encode() in whole, "still marked as made by AI"


async def test_nameless_votes_count_too(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await stores.privacy.forget(make_reaction(1, THIRD).voter_id)
    await export(stores, tmp_path / "out")
    assert manifest(tmp_path / "out")[0]["up"] == 1
    await stores.votes.cleared(make_reaction(1).message_id, None, 9_500)
    assert (await export(stores, tmp_path / "out")).pictures == 0, "a moderator took them away"


async def test_a_forgotten_users_pictures_do_not_leave(stores: Stores, tmp_path: Path) -> None:
    await voted(stores, 1)
    await stores.privacy.forget(make_job(user=USER).user_id)
    assert (await export(stores, tmp_path / "out")).pictures == 0
    assert manifest(tmp_path / "out") == []


async def test_an_earlier_export_is_replaced_whole(stores: Stores, tmp_path: Path) -> None:
    job_id = await voted(stores, 1)
    await export(stores, tmp_path / "out")
    await stores.gallery.delete(make_job(job_id).id, 9)
    await voted(stores, 2)
    await export(stores, tmp_path / "out")
    entries = manifest(tmp_path / "out")
    assert [entry["seed"] for entry in entries] == [2]
    assert names(tmp_path / "out" / "pictures") == [entries[0]["sha256"] + ".png"]
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

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    for deed in ("_build", "_swap"):
        with monkeypatch.context() as patched:
            patched.setattr(curation, deed, full)
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
    report = await export(stores, tmp_path / "out")
    assert (report.pictures, report.missing) == (1, 1)
    assert "1 left out" in str(report)
    assert [entry["seed"] for entry in manifest(tmp_path / "out")] == [1]


async def test_a_lost_or_damaged_file_is_left_out_and_told(stores: Stores, tmp_path: Path) -> None:
    for message in (1, 2, 3):
        job_id = await voted(stores, message)
        picture = await stores.gallery.get(make_job(job_id).id)
        assert picture is not None
        path = stores.gallery.path(picture)
        if message == 1:
            path.unlink()
        elif message == 2:
            path.write_bytes(path.read_bytes()[:-20])
    report = await export(stores, tmp_path / "out")
    assert (report.pictures, report.missing) == (1, 2)
    assert "2 left out" in str(report)


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
