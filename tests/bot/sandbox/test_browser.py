"""A real browser types the command on the page and waits for the picture of the real model."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from bot.sandbox.wire.server import Sandbox
from tests.stages.browsing import find, missing, open_browser, picture_width, type_command, wait
from tests.stages.stage import stage

PROMPT = "/waifu prompt: 1girl, blue hair, glasses, smile"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    driver = open_browser(tmp_path / "profile")
    yield driver
    driver.quit()


def press(browser: Chrome, action: str) -> None:
    wait(browser, lambda b: find(b, f"[data-custom-id^='wd:{action}:']"))[-1].click()


def play(browser: Chrome, url: str, screenshot: Path) -> None:
    browser.get(url)
    wait(browser, lambda b: find(b, "[data-persona]"))
    type_command(browser, PROMPT)
    press(browser, "accept")
    wait(browser, picture_width)
    wait(browser, lambda b: len(find(b, "[data-reaction]")) >= 2)
    reaction = find(browser, "[data-reaction]")[0]
    before = reaction.text
    reaction.click()
    wait(browser, lambda b: find(b, "[data-reaction]")[0].text != before)
    browser.save_screenshot(str(screenshot))
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


async def test_typed_on_the_page_the_command_becomes_a_picture_and_a_vote(
    browser: Chrome, tmp_path: Path
) -> None:
    settings = {"ENGINE": "slots", "MODEL": "embedded"}
    async with stage(tmp_path, settings) as here:
        url = here.sandbox.page_url
        await asyncio.to_thread(play, browser, url, tmp_path / "page.png")
        (post,) = here.posted()
        attachment = post["attachments"][0]
        assert min(attachment["width"], attachment["height"]) >= 512
        # The page's first persona owns the request, so the vote is a self-vote and counts apart.
        await here.until(lambda: _one_vote(here.rows), 20)


async def test_an_empty_channel_offers_the_command_only_where_the_bot_sees_it(
    browser: Chrome,
) -> None:
    async with Sandbox() as sandbox:
        for name, hints in (("art", 1), ("mods-only", 0)):
            address = f"?persona={sandbox.persona('moderator')}&channel={sandbox.channel(name)}"
            await asyncio.to_thread(browser.get, sandbox.page_url + address)
            heading = f"Welcome to #{name}"
            await asyncio.to_thread(
                wait, browser, lambda b, h=heading: [e for e in find(b, "#start h3") if e.text == h]
            )
            assert len(find(browser, "#start .hint")) == hints, name


async def _one_vote(rows: Callable[[str], list[tuple[object, ...]]]) -> bool:
    return len(rows("SELECT value FROM votes")) == 1
