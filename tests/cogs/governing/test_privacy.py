"""What `/privacy` counts, exports and erases."""

from __future__ import annotations

from pathlib import Path

import discord
import pytest

from bot.domain import UserId
from bot.store.privacy import HOLDINGS, Erasure
from bot.words.privacy import _NAMES
from tests.stages.front import answer_to, custom_ids, front


def test_every_table_with_personal_data_has_a_name_or_joins_two_that_have() -> None:
    held = {table for table, holding in HOLDINGS.items() if holding}
    assert held - _NAMES.keys() == {"owed_posts", "post_pictures"}
    assert _NAMES.keys() <= held


async def test_privacy_show_uses_plain_names_and_not_table_names(tmp_path: Path) -> None:
    async with front(tmp_path) as desk:
        await desk.post_picture()
        told = answer_to(await desk.member.slash(desk.channel, "privacy show")).content
    assert "- pictures you asked for: 1\n" in told
    assert "- messages that show your pictures: 1\n" in told
    assert "owed_posts" not in told
    assert "post_pictures" not in told


async def test_privacy_forget_says_that_votes_stay_as_numbers(
    tmp_path: Path,
) -> None:
    """As `test_votes_of_the_forgotten_stay_as_numbers` says of the store."""
    async with front(tmp_path) as desk:
        told = answer_to(await desk.member.slash(desk.channel, "privacy forget")).content
    assert "Votes stay as numbers without a name" in told
    assert "those that you gave to other members' pictures" in told
    assert "those that others gave to yours" in told


async def test_an_export_that_omits_pictures_names_the_upload_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit = property(lambda _: 2 << 10, lambda *_: None)
    monkeypatch.setattr(discord.Interaction, "filesize_limit", limit)
    async with front(tmp_path) as desk:
        await desk.post_picture()
        told = answer_to(await desk.member.slash(desk.channel, "privacy export")).content
    assert "send 2 kB here. Older pictures that didn't fit: 1." in told


async def test_forgetting_a_member_clears_them_from_the_forecasts(tmp_path: Path) -> None:
    async with front(tmp_path) as desk:
        (job,) = await desk.queue_jobs()
        await desk.services.outlook.estimate([job])
        desk.services.progress.record_start(job, 0)
        assert desk.services.outlook._line
        assert desk.services.progress._regulars._members
        asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))
        await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
        assert not desk.services.outlook._line
        assert not desk.services.progress._regulars._members


async def test_forgetting_a_member_clears_forecasts_made_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another member asks, and the worker begins a picture, before the rows are erased."""
    async with front(tmp_path) as desk:
        (job,) = await desk.queue_jobs()
        services = desk.services
        forget = services.privacy.forget

        async def late(user_id: UserId) -> Erasure:
            await services.outlook.estimate([job])
            services.progress.record_start(job, 0)
            return await forget(user_id)

        monkeypatch.setattr(services.privacy, "forget", late)
        asked = answer_to(await desk.member.slash(desk.channel, "privacy forget"))
        await desk.member.click(asked.message, custom_id=custom_ids(asked)[0])
        assert not services.outlook._line
        assert not services.progress._regulars._members
