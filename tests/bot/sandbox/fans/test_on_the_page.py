"""The page lets the members vote: its API, and the drawer in a real browser."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest
from selenium.webdriver import Chrome

from bot.sandbox.world.lounge import FANS
from tests.bot.sandbox.fans.test_voting import NO_PAUSES, WARM, is_over, post, votes
from tests.stages.browsing import click, find, missing_programs, open_browser, wait
from tests.stages.tiny_bot import lounge, until


async def test_a_page_starts_the_voting_follows_each_vote_and_stops_it() -> None:
    async with lounge() as (sandbox, bot), aiohttp.ClientSession(sandbox.page_url) as session:
        sandbox.fans.pace = NO_PAUSES
        await post(bot, WARM)
        persona = sandbox.persona("haru")
        async with session.get(f"page/state?persona={persona}") as response:
            state = await response.json()
        assert state["fans"]["voting"]["wanted"] == 0
        assert {one["name"] for one in state["others"]} == {fan.name for fan in FANS}

        async def send(status: int = 200, **body: object) -> dict[str, object]:
            async with session.post("page/fans", json=body) as response:
                assert response.status == status, await response.text()
                return await response.json()

        async with session.ws_connect(f"page/ws?persona={persona}") as ws, asyncio.timeout(10):
            await send(action="vote", taste="colours", n=30)
            done_counts: list[int] = []
            while not done_counts or done_counts[-1] < len(FANS):
                event = await ws.receive_json()
                if event["t"] == "FANS":
                    done_counts.append(event["d"]["voting"]["done"])
            assert set(done_counts) == set(range(len(FANS) + 1))
            await send(action="stop", what="voting")
        assert is_over(sandbox)
        assert "cannot dance" in str((await send(400, action="dance"))["error"])
        assert "no activity called sleep" in str(
            (await send(400, action="stop", what="sleep"))["error"]
        )


#: Delays the answers of the page's own calls, as on a slow machine: events are newer by then.
DELAY_ANSWERS = """
const now = window.fetch;
window.fetch = async (...call) => {
  const answer = await now(...call);
  if (String(call[0]).includes("fans")) await new Promise((go) => setTimeout(go, 1500));
  return answer;
};
"""


def cast_votes_in_drawer(browser: Chrome, url: str) -> None:
    """Open the drawer, have 5 votes cast, and read that they were; then the stop button goes."""
    browser.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": DELAY_ANSWERS})
    browser.get(url)
    click(browser, "#bot-state")
    number = wait(browser, lambda b: find(b, "#fans-voting input"))[0]
    number.clear()
    number.send_keys("5")
    click(browser, "#fans-voting .button.primary")
    # Read by the page's own script, because the line is redrawn at the end.
    script = "return document.querySelector('#fans-voting .progress').innerText"
    wait(browser, lambda b: b.execute_script(script).strip() == "5 of 5 votes", 30)
    browser.execute_async_script("setTimeout(arguments[0], 2000)")
    assert browser.execute_script(script).strip() == "5 of 5 votes", "a late answer is older"
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


@pytest.mark.browser
@pytest.mark.skipif(missing_programs() is not None, reason=missing_programs() or "")
async def test_the_drawer_shows_the_progress_of_the_votes(tmp_path: Path) -> None:
    async with lounge() as (sandbox, bot):
        sandbox.fans.pace = NO_PAUSES
        await post(bot, WARM)
        browser = open_browser(tmp_path / "profile", width_px=390)
        try:
            await asyncio.to_thread(cast_votes_in_drawer, browser, sandbox.page_url)
        finally:
            browser.quit()
        await until(lambda: len(votes(bot)) == 5)
