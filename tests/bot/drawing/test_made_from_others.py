"""Pictures made from a kept one: variations and enlargements."""

from __future__ import annotations

from pathlib import Path

from bot.domain import JobState
from tests.stages.studio import studio


async def test_a_variation_is_drawn_from_its_source_and_fails_once_that_is_gone(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path) as s:
        (source,) = await s.ask()
        await s.until(source, JobState.RENDERED)
        (varied,) = await s.ask(source=source.id, strength=0.5)
        await s.until(varied, JobState.RENDERED)
        await s.gallery.delete(source.id, s.now_ms())
        (late,) = await s.ask(source=source.id, strength=0.5)
        failed = await s.until(late, JobState.FAILED)
        assert failed.error is not None
        assert "is gone" in failed.error
        (after,) = await s.ask()
        await s.until(after, JobState.RENDERED)


async def test_an_enlargement_fails_with_a_clear_error_once_its_source_is_gone(
    tmp_path: Path,
) -> None:
    async with studio(tmp_path) as s:
        (source,) = await s.ask()
        await s.until(source, JobState.RENDERED)
        (large,) = await s.ask(source=source.id, enlarged=True, width_px=256, height_px=256)
        await s.until(large, JobState.RENDERED)
        picture = await s.gallery.get(large.id)
        assert picture is not None
        assert (picture.width_px, picture.height_px) == (256, 256)
        await s.gallery.delete(source.id, s.now_ms())
        (late,) = await s.ask(source=source.id, enlarged=True)
        failed = await s.until(late, JobState.FAILED)
        assert failed.error == (
            "The picture that was to be upscaled is gone, so there is nothing to upscale."
        )
