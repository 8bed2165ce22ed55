"""Members ask the real bot for pictures, vote on them and join its party; and one duel by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.sandbox.fans.voting import Pace
from bot.sandbox.wire.wire import NotPossible
from tests.stages.stage import Stage, button, picture_count, stage


async def wait_for_duels(here: Stage, channel: str) -> list[dict[str, Any]]:
    """The duels that the channel shows."""

    async def find_duels() -> list[dict[str, Any]]:
        return [m for m in here.sandbox.messages(channel) if button(m, "left", missing="")]

    return await here.until(find_duels, 60)


async def test_members_fill_a_channel_vote_there_and_choose_in_duels(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        sandbox, fans = here.sandbox, here.sandbox.fans
        fans.pace = Pace(rest_s=0.2, votes_per_s=50)
        fans.ask(sandbox.channel("general"), 10)

        async def asking_ended() -> bool:
            return not fans.report()["asking"]["running"]

        await here.until(asking_ended, 90)
        assert fans.report()["asking"] == {
            "running": False, "done": 10, "wanted": 10, "said": ""
        }  # fmt: skip
        posts = await here.wait_for_pictures(10)
        assert here.rows("SELECT count(DISTINCT user_id) FROM jobs") == [(3,)]
        assert picture_count(posts) == 10
        # The bot learns only from the prompts of members who agreed.
        assert here.rows("SELECT count(*) FROM sharing WHERE share_prompts = 1") == [(3,)]

        fans.vote("warm", 60)

        async def votes_recorded() -> bool:
            return here.rows("SELECT count(*) FROM vote_events WHERE self_vote = 0") == [(60,)]

        await here.until(votes_recorded, 60)
        await here.accept_only("owner")
        await sandbox.slash("owner", "general", "duel party", {"minutes": 1}).answer()
        (duel, *_) = await wait_for_duels(here, "general")
        # One press by hand, as the page sends it: only its member gets the answer, and it counts.
        answer = await sandbox.click("newcomer", duel["id"], button(duel, "left")).answer()
        assert answer.message is not None
        assert answer.message["flags"] & 64
        assert "**Left** it is" in answer.message["content"]
        assert here.rows("SELECT DISTINCT axis FROM vote_events") == [("pick",), ("duel",)]
        choice = f"SELECT place FROM choices WHERE voter_id = {sandbox.persona('newcomer')}"  # noqa: S608
        assert here.rows(choice) == [(1,)]

        fans.vote("warm", 8)

        async def duel_choices_recorded() -> bool:
            return here.rows("SELECT count(*) FROM choices WHERE axis = 'duel'")[0][0] > 2

        await here.until(duel_choices_recorded, 60)


async def test_the_owner_of_the_server_owns_the_bot(tmp_path: Path) -> None:
    async with stage(tmp_path, start=False) as here:
        token = {"Authorization": f"Bot {here.sandbox.token}"}
        for path in ("/oauth2/applications/@me", "/applications/@me"):
            async with (
                aiohttp.ClientSession(headers=token) as session,
                session.get(here.sandbox.rest_url + path) as response,
            ):
                owner = (await response.json())["owner"]
            assert int(owner["id"]) == here.sandbox.persona("owner")


async def test_asking_ends_in_a_hidden_channel_and_when_the_bot_sleeps(
    tmp_path: Path,
) -> None:
    async with stage(tmp_path, start=False) as here:
        fans = here.sandbox.fans
        for channel in ("mods-only", "general"):
            fans.ask(here.sandbox.channel(channel), 4)

            async def asking_ended() -> bool:
                return not fans.report()["asking"]["running"]

            await here.until(asking_ended, 30)
            status = fans.report()["asking"]["said"]
            assert status == {
                "mods-only": "These members cannot see this channel: open another one.",
                "general": "The bot does not draw: There is no command /waifu here for you.",
            }[channel]  # fmt: skip
        for count in (0, 501):
            with pytest.raises(NotPossible, match="1 to 500"):
                fans.ask(here.sandbox.channel("general"), count)
