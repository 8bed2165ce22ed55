"""Drives the local Discord's page in chromium: for the browser test and for the pictures in docs/.

The browser is headless chromium with a profile of its own.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from selenium.common.exceptions import (
    ElementNotInteractableException,
    StaleElementReferenceException,
)
from selenium.webdriver import Chrome, ChromeOptions
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

T = TypeVar("T")

#: Below this width the page has its layout for phones.
_PHONE_PX = 600


def missing_programs() -> str | None:
    """Say what this machine lacks to run a browser; None if it lacks nothing."""
    if shutil.which("chromium") and shutil.which("chromedriver"):
        return None
    return "needs chromium and chromedriver (Debian: apt install chromium chromium-driver)"


def open_browser(
    profile: Path, *, width_px: int = 1280, height_px: int = 800, scale: float = 1
) -> Chrome:
    """A browser window of this size in CSS pixels; each takes `scale` device pixels."""
    options = ChromeOptions()
    options.binary_location = shutil.which("chromium") or ""
    for switch in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--no-first-run",
        f"--user-data-dir={profile}",
    ):
        options.add_argument(switch)
    driver = Chrome(options=options, service=Service(shutil.which("chromedriver")))
    metrics = {
        "width": width_px,
        "height": height_px,
        "deviceScaleFactor": scale,
        "mobile": width_px < _PHONE_PX,
    }
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    return driver


def wait(browser: Chrome, condition: Callable[[Chrome], T], limit_s: float = 120) -> T:
    """Poll until the condition returns something true."""
    return WebDriverWait(browser, limit_s, poll_frequency=0.1).until(condition)


def find(browser: Chrome, selector: str) -> list[WebElement]:
    """All elements that match a CSS selector."""
    return browser.find_elements(By.CSS_SELECTOR, selector)


def click(browser: Chrome, selector: str, index: int = 0) -> None:
    """Click an element once it exists. The page may redraw it in between."""

    def has_clicked(driver: Chrome) -> bool:
        try:
            found = find(driver, selector)
            if found:
                found[index].click()
        except (StaleElementReferenceException, ElementNotInteractableException):
            return False
        return bool(found)

    wait(browser, has_clicked)


def type_text(browser: Chrome, text: str) -> None:
    """Type into the message box."""
    composer = wait(browser, lambda b: b.find_element(By.ID, "composer"))
    composer.click()
    composer.send_keys(text)


def type_command(browser: Chrome, text: str) -> None:
    """Type into the message box and press Enter."""
    type_text(browser, text)
    browser.find_element(By.ID, "composer").send_keys(Keys.ENTER)


def picture_width(browser: Chrome) -> int:
    """The width in pixels of the last loaded picture large enough to be finished, else 0."""
    script = (
        "const pictures = [...document.querySelectorAll('.attachment img')]"
        ".filter(i => i.complete && i.naturalWidth >= 256);"
        "return pictures.length ? pictures.at(-1).naturalWidth : 0"
    )
    return int(browser.execute_script(script))
