"""Using the page by keyboard or with a screen reader: axe-core's rules, drawers and lists."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys

from bot.sandbox.wire.server import Sandbox
from tests.stages.browsing import (
    click,
    find,
    missing_programs,
    open_browser,
    type_command,
    type_text,
    wait,
)
from tests.stages.stage import stage

AXE = Path(__file__).parent / "page" / "node_modules" / "axe-core" / "axe.min.js"
RUN_AXE = """
    const done = arguments[arguments.length - 1];
    axe.run(document, {resultTypes: ["violations"]}).then(({violations}) => done(violations.map(
        ({id, impact, nodes}) => ({id, impact, where: nodes.map((node) => node.html)}))));
"""
#: Finishes fade-ins, which have less contrast, and leaves out endless animations.
ANIMATIONS_DONE = """
    return document.getAnimations().every((one) =>
        one.playState !== "running" || one.effect.getComputedTiming().iterations === Infinity);
"""
FOCUS_IS_INSIDE = "return document.activeElement.closest(arguments[0]) !== null"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(missing_programs() is not None, reason=missing_programs() or ""),
    pytest.mark.skipif(not AXE.exists(), reason="needs axe-core: make lint fetches it from npm"),
]


def serious_violations(browser: Chrome) -> list[dict[str, Any]]:
    """axe-core's findings for the page as it is now, with all fading finished."""
    wait(browser, lambda b: b.execute_script(ANIMATIONS_DONE))
    if not browser.execute_script("return typeof axe === 'object'"):
        browser.execute_script(AXE.read_text(encoding="utf-8"))
    violations = browser.execute_async_script(RUN_AXE)
    return [violation for violation in violations if violation["impact"] in ("serious", "critical")]


def press_keys(browser: Chrome, *keys: str) -> None:
    ActionChains(browser).send_keys(*keys).perform()


def has_focus_inside(browser: Chrome, selector: str) -> bool:
    return bool(browser.execute_script(FOCUS_IS_INSIDE, selector))


def open_page(browser: Chrome, url: str) -> None:
    browser.get(url)
    wait(browser, lambda b: find(b, "[data-persona]"))


def choose_by_keys(browser: Chrome) -> None:
    """Move through a list of choices with the arrows, Home and End."""
    click(browser, "[data-custom-id^='wp:open:0']", -1)
    values = [
        option.get_attribute("data-value") for option in wait(browser, lambda b: find(b, ".option"))
    ]

    def focused_value() -> str | None:
        return browser.switch_to.active_element.get_attribute("data-value")

    assert serious_violations(browser) == []
    press_keys(browser, Keys.END)
    assert focused_value() == values[-1]
    press_keys(browser, Keys.ARROW_UP)
    assert focused_value() == values[-2]
    press_keys(browser, Keys.HOME, Keys.ARROW_DOWN)
    assert focused_value() == values[1]
    press_keys(browser, Keys.ESCAPE)
    assert has_focus_inside(browser, "[data-custom-id^='wp:open:0']"), (
        "the select has the keyboard again"
    )


def check_drawer_keeps_focus(browser: Chrome) -> None:
    """Check that the focus stays in the open narrow drawer, and then returns."""
    click(browser, "#open-places")
    wait(browser, lambda b: has_focus_inside(b, "#places"))
    assert serious_violations(browser) == []
    button_count = len(find(browser, "#places button"))
    for _ in range(button_count + 1):
        press_keys(browser, Keys.TAB)
        assert has_focus_inside(browser, "#places")
    browser.execute_script("document.querySelector('#places button').focus()")
    ActionChains(browser).key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    assert has_focus_inside(browser, "#me"), "before the first comes the last"
    press_keys(browser, Keys.ESCAPE)
    wait(browser, lambda b: has_focus_inside(b, "#open-places"))


def use_by_keyboard(browser: Chrome, url: str) -> None:
    open_page(browser, url)
    type_text(browser, "/pol")
    wait(browser, lambda b: find(b, ".suggestion"))
    assert serious_violations(browser) == []
    find(browser, "#composer")[0].clear()
    type_command(browser, "/policy panel")
    choose_by_keys(browser)
    click(browser, "[data-custom-id^='wp:open:0']", -1)
    click(browser, ".option[data-value='blocked']")
    click(browser, "[data-custom-id='wp:form:0:add:blocked']")
    wait(browser, lambda b: find(b, "dialog textarea"))
    assert serious_violations(browser) == []
    press_keys(browser, Keys.ESCAPE)
    check_drawer_keeps_focus(browser)


async def test_everything_can_be_reached_by_keyboard_on_a_phone(tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        url = f"{here.sandbox.page_url}?persona={here.sandbox.persona('moderator')}"
        browser = open_browser(tmp_path / "profile", width_px=390)
        try:
            await asyncio.to_thread(use_by_keyboard, browser, url)
        finally:
            browser.quit()


def check_messages_and_drawer(browser: Chrome, url: str) -> None:
    open_page(browser, url)
    wait(browser, lambda b: find(b, "[data-message-id]"))
    assert serious_violations(browser) == []
    find(browser, "#open-weather")[0].click()
    wait(browser, lambda b: find(b, "[data-bot]"))
    assert serious_violations(browser) == []


async def test_messages_and_the_weather_drawer_pass_the_rules_for_screen_readers(
    tmp_path: Path,
) -> None:
    async with Sandbox() as sandbox:
        message = sandbox.send_message(
            "member", "general", "# Hi\n**see** `this` ||not this|| https://a.b/c"
        )
        sandbox.react("moderator", message["id"], "🎉")
        url = f"{sandbox.page_url}?channel={sandbox.channel('general')}"
        browser = open_browser(tmp_path / "profile")
        try:
            await asyncio.to_thread(check_messages_and_drawer, browser, url)
        finally:
            browser.quit()
