"""A manifest's folder is written whole or not at all, with licences and without pictures' texts."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.curating.bare import without_texts
from bot.domain import StorageError
from bot.exporting import summary
from bot.store import manifest_files
from bot.store.manifest_files import ManifestFolder
from models import manifest
from models.catalogue.adoption import BUNDLED_LICENCE
from tests.stages.exporting import (
    all_bytes_in,
    deliver_with_vote,
    export,
    licence_texts,
    metadata_lines,
    pixels,
)
from tests.stages.factories import (
    make_job,
    make_png,
    make_rgb,
)
from tests.stages.fake_engine import INFO
from tests.stages.stores import Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path / "data") as opened:
        yield opened


@pytest.fixture(autouse=True)
def _data_directory(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


async def test_an_export_includes_the_licence_of_each_model(stores: Stores, tmp_path: Path) -> None:
    await deliver_with_vote(stores, 1)
    licence_texts(tmp_path / "out").save(replace(INFO, card_id="tiny-1"))
    await export(stores, tmp_path / "out")
    (entry,) = metadata_lines(tmp_path / "out")
    assert entry["licence"] == "licences/tiny-1.txt"
    text = (tmp_path / "out" / entry["licence"]).read_text()
    assert INFO.licence_name in text
    assert INFO.licence_text in text


async def test_a_model_without_a_noted_licence_is_exported_under_the_bundled_one(
    stores: Stores, tmp_path: Path
) -> None:
    await deliver_with_vote(stores, 1)
    await export(stores, tmp_path / "out")
    (entry,) = metadata_lines(tmp_path / "out")
    assert (tmp_path / "out" / entry["licence"]).read_text() == BUNDLED_LICENCE.read_text()


async def test_an_earlier_export_is_replaced_whole(stores: Stores, tmp_path: Path) -> None:
    job_id = await deliver_with_vote(stores, 1)
    await export(stores, tmp_path / "out")
    await stores.gallery.delete(make_job(job_id).id, 9)
    await deliver_with_vote(stores, 2)
    await export(stores, tmp_path / "out")
    (entry,) = metadata_lines(tmp_path / "out")
    assert entry["seed"] == 100
    assert names(tmp_path / "out" / "pictures") == [entry["sha256"] + ".png"]
    assert names(tmp_path) == ["data", "out"]


async def test_a_folder_that_is_no_export_is_not_touched(stores: Stores, tmp_path: Path) -> None:
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "chapter1.txt").write_text("years of work")
    with pytest.raises(StorageError, match="something other"):
        await export(stores, tmp_path / "thesis")
    with pytest.raises(StorageError, match="is a file"):
        await export(stores, tmp_path / "thesis" / "chapter1.txt")
    assert all_bytes_in(tmp_path / "thesis") == b"years of work"


async def test_a_failed_export_leaves_the_earlier_one(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await deliver_with_vote(stores, 1)
    await export(stores, tmp_path / "out")
    before = all_bytes_in(tmp_path / "out")
    await deliver_with_vote(stores, 2)

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for where, deed in (
        (ManifestFolder, "scan"),
        (manifest, "write"),
        (manifest_files, "_replace_folder"),
    ):
        with monkeypatch.context() as patched:
            patched.setattr(where, deed, full)
            with pytest.raises(StorageError, match="No space left"):
                await export(stores, tmp_path / "out")
        assert all_bytes_in(tmp_path / "out") == before
        assert names(tmp_path) == ["data", "out"]


async def test_a_picture_with_another_versions_settings_is_left_out(
    stores: Stores, tmp_path: Path
) -> None:
    await deliver_with_vote(stores, 1)
    strange = await deliver_with_vote(stores, 2)
    await stores.db.write_one(
        "UPDATE jobs SET draw = substr(draw, 2) WHERE id = :id", {"id": strange}
    )
    written = await export(stores, tmp_path / "out")
    assert [picture.seed for picture in written.pictures] == [50]
    assert "left out: 1 file missing or damaged" in summary(written)


async def test_a_lost_or_damaged_file_is_left_out_and_reported(
    stores: Stores, tmp_path: Path
) -> None:
    for message in (1, 2, 3, 4):
        job_id = await deliver_with_vote(stores, message)
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
    assert "left out: 3 file missing or damaged" in summary(written)


def test_a_picture_loses_its_texts_and_nothing_else() -> None:
    job = make_job(prompt="very private")
    bare = without_texts(make_png(job), "tiny-1")
    assert b"private tags" not in bare
    assert job.id.encode() not in bare
    assert b"tiny-1" in bare
    assert pixels(bare) == make_rgb(job)
    for broken in (b"", b"GIF89a", make_png(job)[:-4], make_png(job)[:-12], make_png(job)[:40]):
        with pytest.raises(ValueError, match=r"PNG|chunk|end"):
            without_texts(broken, "tiny-1")
