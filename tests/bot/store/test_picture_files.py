"""A wrong database deletes no picture: files that it does not know are set aside, and come back."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import os
import shutil
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.__main__ import main
from bot.domain import StorageError
from bot.store.picture_files import PictureFiles
from tests.stages.factories import USER, make_png, make_released
from tests.stages.stage import stage
from tests.stages.stores import WORKER, Stores, open_stores

UNKNOWN = "0" * 64


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


def whole(data: Path) -> dict[str, bytes]:
    """All that matters: SQLite leaves an empty log beside a file that was only read."""
    return {name: data for name, data in below(data).items() if not name.endswith(("-shm", "-wal"))}


def below(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


async def many(directory: Path, first: int, count: int) -> None:
    async with open_stores(directory) as stores:
        for seed in range(first, first + count):
            await stores.draw(prompt=f"picture {seed}", seed=seed)


async def sweep(directory: Path) -> None:
    """The next start."""
    async with open_stores(directory) as stores:
        await stores.gallery.sweep()


def move_database(directory: Path, to: Path) -> None:
    to.mkdir()
    for file in directory.glob("bot.sqlite3*"):
        file.rename(to / file.name)


async def test_a_missing_database_deletes_nothing_and_its_return_restores_all(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await many(tmp_path, 0, 20)
    before = below(tmp_path / "pictures")
    move_database(tmp_path, tmp_path / "away")
    await sweep(tmp_path)
    assert below(tmp_path / "pictures") == {}
    assert below(tmp_path / "quarantine") == before
    (warning,) = [record for record in caplog.records if record.levelname == "WARNING"]
    assert "20 picture file(s)" in warning.getMessage()
    assert str(tmp_path / "quarantine") in warning.getMessage()
    await sweep(tmp_path)
    assert below(tmp_path / "quarantine") == before
    move_database(tmp_path, tmp_path / "fresh")
    shutil.copytree(tmp_path / "away", tmp_path, dirs_exist_ok=True)
    await sweep(tmp_path)
    assert below(tmp_path / "pictures") == before
    assert below(tmp_path / "quarantine") == {}


@pytest.mark.parametrize("restarts", [0, 1, 5])
async def test_a_restored_backup_deletes_no_newer_picture(tmp_path: Path, restarts: int) -> None:
    """Nor one drawn in the same run: most backups are made while the bot runs for weeks."""
    await many(tmp_path, 0, 3)
    known = below(tmp_path / "pictures")
    shutil.copytree(tmp_path, tmp_path / "copy", ignore=shutil.ignore_patterns("pictures"))
    await many(tmp_path, 3, 4)
    for _ in range(restarts):
        await sweep(tmp_path)
    later = {name: data for name, data in below(tmp_path / "pictures").items() if name not in known}
    assert len(later) == 4
    for file in (tmp_path / "copy").iterdir():
        shutil.copy(file, tmp_path)
    await sweep(tmp_path)
    assert below(tmp_path / "pictures") == known
    assert below(tmp_path / "quarantine") == later


async def test_only_files_with_our_names_are_touched(stores: Stores, tmp_path: Path) -> None:
    _, picture = await stores.draw()
    folder = tmp_path / "pictures"
    foreign = [
        folder / "README.txt",
        folder / "me" / "holiday.png",
        folder / "00" / "holiday.png",
        folder / "00" / f"{UNKNOWN}.jpg",
        folder / "00" / f"{'0' * 63}.part",
        folder / "ab" / f"{UNKNOWN}.png",
        folder / f"{UNKNOWN}.png",
        folder / "00" / "deep" / f"{UNKNOWN}.png",
    ]
    ours = [folder / "00" / f"{UNKNOWN}.png", folder / "00" / f"{UNKNOWN}.part"]
    for path in [*foreign, *ours]:
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(path.name.encode())
    await stores.gallery.sweep()
    assert all(path.read_bytes() == path.name.encode() for path in foreign)
    assert not any(path.exists() for path in ours)
    assert set(below(tmp_path / "quarantine")) == {f"00/{path.name}" for path in ours}
    assert await stores.gallery.read(picture)


@pytest.mark.parametrize("when", ["before the file", "in the file", "before the row"])
async def test_a_file_that_a_crash_left_without_a_row_is_removed(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    """Its member may have taken the picture back since, so it must not stay on disk."""
    await stores.enqueue()
    job = await stores.claim()
    assert job is not None

    class CrashError(BaseException):
        pass

    def write(self: PictureFiles, sha256: str, data: bytes) -> None:
        path = self.path(sha256)
        if when != "before the file":
            path.parent.mkdir(parents=True)
            (path.with_suffix(".part") if when == "in the file" else path).write_bytes(data)
        raise CrashError

    with monkeypatch.context() as patch:
        patch.setattr(PictureFiles, "write", write)
        with pytest.raises(CrashError):
            await stores.gallery.keep(
                make_released(job), make_png(job), card_id="c", owner=WORKER, now_ms=3
            )
    assert len(below(tmp_path / "pictures")) == (when != "before the file")
    await sweep(tmp_path)
    assert below(tmp_path / "pictures") == below(tmp_path / "quarantine") == {}
    assert await stores.rows("doomed_files") == []
    kept = await stores.gallery.keep(
        make_released(job), make_png(job), card_id="c", owner=WORKER, now_ms=3
    )
    assert kept is not None
    assert await stores.rows("doomed_files") == []
    await sweep(tmp_path)
    assert await stores.gallery.read(kept)


@pytest.mark.parametrize("forget", [False, True])
async def test_delete_and_forget_reach_into_quarantine(
    tmp_path: Path,
    forget: bool,  # noqa: FBT001
) -> None:
    async with open_stores(tmp_path) as stores:
        job, picture = await stores.draw()
        path = stores.gallery.path(picture)
        aside = tmp_path / "quarantine" / path.parent.name
        aside.mkdir(parents=True)
        path.rename(aside / path.name)
        (aside / f"{path.stem}.part").write_bytes(b"half of it")
        if forget:
            await stores.privacy.forget(USER)
            await stores.privacy.clean()
        else:
            await stores.gallery.delete(job.id, 9)
    assert below(tmp_path / "quarantine") == {}


async def test_a_file_that_cannot_be_set_aside_stays_and_is_reported(
    stores: Stores,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    stranger = tmp_path / "pictures" / "00" / f"{UNKNOWN}.png"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"from another disk")

    def other_disk(_path: Path, _target: Path) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", other_disk)
        await stores.gallery.sweep()
    assert stranger.read_bytes() == b"from another disk"
    assert "1 unknown picture file(s)" in caplog.text
    assert "cannot be moved" in caplog.text


async def test_a_folder_that_cannot_be_listed_raises_a_storage_error(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_path: Path, _pattern: str) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(Path, "glob", fails)
    with pytest.raises(StorageError, match="Input/output error"):
        await stores.gallery.sweep()


async def test_new_directories_are_on_disk_before_the_picture_counts_as_kept(
    stores: Stores, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[Path] = []
    fsync = os.fsync

    def spy(handle: int) -> None:
        synced.append(Path(f"/proc/self/fd/{handle}").readlink())
        fsync(handle)

    monkeypatch.setattr(os, "fsync", spy)
    _, picture = await stores.draw()
    path = stores.gallery.path(picture)
    assert {tmp_path, tmp_path / "pictures", path.parent} <= set(synced)
    assert synced.index(path.parent) > synced.index(path.with_suffix(".part"))


# The tests of the doctor follow.


def settle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A data directory with three pictures set aside, two of them known."""
    data = tmp_path / "data"
    data.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("DATA_DIR", str(data))
    monkeypatch.setenv("ENGINE", "tests.stages.fake_engine")
    monkeypatch.delenv("DISCORD_TOKEN", raising=False)
    asyncio.run(many(data, 0, 2))
    (data / "pictures").rename(data / "quarantine")
    (data / "quarantine" / "00").mkdir(exist_ok=True)
    (data / "quarantine" / "00" / f"{UNKNOWN}.png").write_bytes(b"of nobody")
    return data


def test_the_doctor_reports_the_quarantine_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = settle(monkeypatch, tmp_path)
    before = whole(data)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    assert f"3 picture files in {data / 'quarantine'}, 2 of them known" in said
    assert "doctor --fix" in said
    assert "remove that folder" in said
    assert whole(data) == before


@pytest.mark.parametrize("option", ["--fix", "--mend"])
def test_the_doctor_brings_back_the_files_that_the_database_knows(
    option: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = settle(monkeypatch, tmp_path)
    assert main(["doctor", option]) == 1
    said = capsys.readouterr().out
    assert "2 picture files came back" in said
    assert "1 picture file in" in said
    assert len(below(data / "pictures")) == 2
    assert set(below(data / "quarantine")) == {f"00/{UNKNOWN}.png"}


def test_the_doctor_mends_nothing_beside_a_running_bot(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    data = settle(monkeypatch, tmp_path)
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        before = below(data)
        assert main(["doctor", "--fix"]) == 2
        assert "another bot is running" in capsys.readouterr().err
        assert below(data) == before


@pytest.mark.parametrize("database", ["none", "empty", "no database"])
def test_the_doctor_copes_with_every_database(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    database: str,
) -> None:
    data = settle(monkeypatch, tmp_path)
    for file in data.glob("bot.sqlite3*"):
        file.unlink()
    if database != "none":
        (data / "bot.sqlite3").write_bytes(b"" if database == "empty" else b"dear diary " * 500)
    assert main(["doctor"]) == 1
    said = capsys.readouterr().out
    if database == "no database":
        assert "FIX   quarantine" in said
    else:
        assert "3 picture files in" in said
        assert "0 of them known" in said


async def test_a_start_without_its_database_keeps_every_picture(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await here.accept_terms()
        await here.bot.stop()
        move_database(here.data_dir, tmp_path / "away")
        await here.start()
        assert len(below(here.data_dir / "quarantine")) == 1
        await here.bot.stop()
        move_database(here.data_dir, tmp_path / "fresh")
        shutil.copytree(tmp_path / "away", here.data_dir, dirs_exist_ok=True)
        await here.start()
        assert below(here.data_dir / "quarantine") == {}
        assert len(below(here.data_dir / "pictures")) == 1
