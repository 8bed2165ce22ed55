"""A real browser types the command on the page and waits for the picture of the real model."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.stage import stage

T = TypeVar("T")

CHROMEDRIVER = shutil.which("chromedriver")
PROMPT = "/waifu prompt: 1girl, blue hair, glasses, smile"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        CHROMEDRIVER is None or shutil.which("chromium") is None,
        reason="needs chromium and chromedriver (Debian: apt install chromium chromium-driver)",
    ),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        "--window-size=1280,860",
        f"--user-data-dir={tmp_path / 'profile'}",
    ):
        options.add_argument(switch)
    driver = Chrome(options=options, service=Service(CHROMEDRIVER))
    yield driver
    driver.quit()


def wait(browser: Chrome, look: Callable[[Chrome], T], limit_s: float = 60) -> T:
    return WebDriverWait(browser, limit_s, poll_frequency=0.1).until(look)


def type_command(browser: Chrome, text: str) -> None:
    composer = wait(browser, lambda b: b.find_element(By.ID, "composer"))
    composer.click()
    composer.send_keys(text)
    composer.send_keys(Keys.ENTER)


def press(browser: Chrome, action: str) -> None:
    wait(browser, lambda b: b.find_elements(By.CSS_SELECTOR, f"[data-custom-id^='wd:{action}:']"))[
        -1
    ].click()


def picture_width(browser: Chrome) -> int:
    script = (
        "const pictures = [...document.querySelectorAll('.attachment img')]"
        ".filter(i => i.complete && i.naturalWidth >= 256);"
        "return pictures.length ? pictures.at(-1).naturalWidth : 0"
    )
    return int(browser.execute_script(script))


def play(browser: Chrome, url: str, screenshot: Path) -> None:
    browser.get(url)
    wait(browser, lambda b: b.find_element(By.CSS_SELECTOR, "[data-persona]"))
    type_command(browser, PROMPT)
    press(browser, "accept")
    wait(browser, picture_width, 120)
    wait(browser, lambda b: len(b.find_elements(By.CSS_SELECTOR, "[data-reaction]")) >= 2)
    reaction = browser.find_elements(By.CSS_SELECTOR, "[data-reaction]")[0]
    before = reaction.text
    reaction.click()
    wait(browser, lambda b: b.find_elements(By.CSS_SELECTOR, "[data-reaction]")[0].text != before)
    browser.save_screenshot(str(screenshot))


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


async def _one_vote(rows: Callable[[str], list[tuple[object, ...]]]) -> bool:
    return len(rows("SELECT value FROM votes")) == 1
