"""A real browser on the page: a member gets a picture of the real model, a moderator decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver import Chrome

from bot.sandbox.wire.server import Sandbox
from tests.stages.browsing import (
    click,
    find,
    missing,
    open_browser,
    picture_width,
    type_command,
    wait,
)
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


def choose(browser: Chrome, press: str, value: str) -> None:
    """Open the menu whose id begins so, and take an option."""
    click(browser, f"[data-custom-id^='{press}']", -1)
    click(browser, f".option[data-value='{value}']")


def govern(browser: Chrome, url: str, terms: str) -> None:
    browser.get(url)
    type_command(browser, "/policy panel")
    choose(browser, "wp:open:0", "blocked")
    click(browser, "[data-custom-id='wp:form:0:add:blocked']")
    wait(browser, lambda b: find(b, "dialog textarea"))[0].send_keys(terms)
    find(browser, "dialog button[type='submit']")[0].click()
    # Asked of the page itself: an element may be drawn anew before its text is read.
    wait(browser, lambda b: "Saved" in b.execute_script("return document.body.innerText"))
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


@pytest.mark.parametrize("width_px", [1280, 390])
async def test_a_moderator_blocks_words_on_the_panel(tmp_path: Path, width_px: int) -> None:
    async with stage(tmp_path) as here:
        url = f"{here.sandbox.page_url}?persona={here.sandbox.persona('moderator')}"
        driver = open_browser(tmp_path / "profile", width_px=width_px)
        try:
            await asyncio.to_thread(govern, driver, url, "spoiler dragon = not yet")
        finally:
            driver.quit()
        ticket = here.sandbox.slash("member", "general", "waifu", {"prompt": "spoiler-dragon"})
        refused = (await ticket.answer()).message
        assert refused is not None
        assert "not yet" in refused["content"]


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
