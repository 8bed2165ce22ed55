"""A real browser on the page: a member gets a picture of the real model, a moderator decides."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.keys import Keys

from bot.sandbox.wire.server import Sandbox
from tests.stages.browsing import (
    click,
    find,
    missing_programs,
    open_browser,
    picture_width,
    type_command,
    wait,
)
from tests.stages.stage import stage

#: Drops a file on the message box.
DROP = """
    const data = new DataTransfer();
    data.items.add(new File(["[rules]"], "a.toml"));
    document.querySelector("#write").dispatchEvent(
        new DragEvent("drop", {dataTransfer: data, bubbles: true, cancelable: true}));
    return true;
"""
PROMPT = "/waifu prompt: 1girl, blue hair, glasses, smile"
GRID_PROMPT = "/waifu prompt: cat girl, hat count: 4 seed: 7"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(missing_programs() is not None, reason=missing_programs() or ""),
]


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Chrome]:
    driver = open_browser(tmp_path / "profile")
    yield driver
    driver.quit()


def press_button(browser: Chrome, action: str) -> None:
    wait(browser, lambda b: find(b, f"[data-custom-id^='wd:{action}:']"))[-1].click()


def draw_and_vote(browser: Chrome, url: str, screenshot: Path) -> None:
    browser.get(url)
    wait(browser, lambda b: find(b, "[data-persona]"))
    type_command(browser, PROMPT)
    press_button(browser, "accept")
    wait(browser, picture_width)
    wait(browser, lambda b: len(find(b, "[data-reaction]")) >= 2)
    reaction = find(browser, "[data-reaction]")[0]
    before = reaction.text
    reaction.click()
    wait(browser, lambda b: find(b, "[data-reaction]")[0].text != before)
    browser.save_screenshot(str(screenshot))
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


async def test_a_command_typed_on_the_page_becomes_a_picture_and_a_vote(
    browser: Chrome, tmp_path: Path
) -> None:
    settings = {"ENGINE": "slots", "MODEL": "embedded"}
    async with stage(tmp_path, settings) as here:
        url = here.sandbox.page_url
        await asyncio.to_thread(draw_and_vote, browser, url, tmp_path / "page.png")
        (post,) = here.picture_posts()
        attachment = post["attachments"][0]
        assert min(attachment["width"], attachment["height"]) >= 512
        # The page's first persona owns the request, so the vote is a self-vote and counts apart.
        await here.until(lambda: _has_one_vote(here.rows), 20)


def page_shows(text: str) -> Callable[[Chrome], bool]:
    return lambda browser: text in browser.execute_script("return document.body.innerText")


def opens_message_menu(browser: Chrome) -> bool:
    """Open the menu of the message with four pictures; the page may redraw it in between."""
    try:
        content = find(browser, "[data-message-id]:has(.gallery.n4) .content")[0]
        ActionChains(browser).context_click(content).perform()
    except StaleElementReferenceException:
        return False
    return bool(find(browser, ".popover .menu-list"))


def pick_vary_and_edit(browser: Chrome, url: str) -> None:
    """Ask, pick, vary and edit, each with the page's own controls."""
    browser.get(url)
    wait(browser, lambda b: find(b, "[data-persona]"))
    type_command(browser, GRID_PROMPT)
    press_button(browser, "accept")
    wait(browser, lambda b: find(b, "[data-custom-id^='wd:pick4:']"))
    assert len(find(browser, ".gallery.n4 .attachment")) == 4, "one post"
    wait(browser, opens_message_menu)
    # `text` would be empty while the menu fades in.
    buttons = find(browser, ".popover .menu-list button")
    entries = [str(button.get_attribute("textContent")) for button in buttons]
    assert sorted(entries[:-1]) == ["Draw like this", "Report picture", "Settings"]
    browser.switch_to.active_element.send_keys(Keys.ESCAPE)
    wait(browser, lambda b: not find(b, ".popover"))
    click(browser, "[data-custom-id^='wd:pick2:']")
    wait(browser, page_shows("Picture 2 is your pick"))
    choose_option(browser, "wd:which:", "2")
    click(browser, "[data-custom-id^='wd:strong:']", -1)
    reroll = "[data-custom-id^='wd:vary:']"
    before = len(find(browser, reroll))
    wait(browser, lambda b: len(find(b, reroll)) > before)
    click(browser, "[data-custom-id^='wd:edit:']", -1)
    prompt = wait(browser, lambda b: find(b, "dialog [data-custom-id='prompt']"))[0]
    assert prompt.get_attribute("value") == "cat girl, hat", "nothing is typed twice"
    prompt.send_keys(", scarf")
    find(browser, "dialog button[type='submit']")[0].click()
    wait(browser, page_shows("cat girl, hat, scarf"))
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


async def test_the_page_can_ask_pick_vary_and_edit(browser: Chrome, tmp_path: Path) -> None:
    async with stage(tmp_path) as here:
        await asyncio.to_thread(pick_vary_and_edit, browser, here.sandbox.page_url)

        async def all_jobs_ended() -> bool:
            return len(here.rows("SELECT 1 FROM jobs WHERE ended_ms IS NOT NULL")) == 6

        await here.until(all_jobs_ended, 60)
        prompts = here.rows("SELECT json_extract(draw, '$.prompt') FROM jobs ORDER BY rowid")
        assert prompts == [("cat girl, hat",)] * 5 + [("cat girl, hat, scarf",)]
        assert here.rows("SELECT 1 FROM choices"), "the pick is in the ledger"


def choose_option(browser: Chrome, id_prefix: str, value: str) -> None:
    """Open the menu whose id begins with `id_prefix`, and choose an option."""
    click(browser, f"[data-custom-id^='{id_prefix}']", -1)
    click(browser, f".option[data-value='{value}']")


def block_words(browser: Chrome, url: str, terms: str) -> None:
    browser.get(url)
    type_command(browser, "/policy panel")
    choose_option(browser, "wp:open:0", "blocked")
    click(browser, "[data-custom-id='wp:form:0:add:blocked']")
    wait(browser, lambda b: find(b, "dialog textarea"))[0].send_keys(terms)
    find(browser, "dialog button[type='submit']")[0].click()
    # Read by the page's own script: an element may be redrawn before its text is read.
    wait(browser, lambda b: "Saved" in b.execute_script("return document.body.innerText"))
    assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


@pytest.mark.parametrize("width_px", [1280, 390])
async def test_a_moderator_blocks_words_on_the_panel(tmp_path: Path, width_px: int) -> None:
    async with stage(tmp_path) as here:
        url = f"{here.sandbox.page_url}?persona={here.sandbox.persona('moderator')}"
        driver = open_browser(tmp_path / "profile", width_px=width_px)
        try:
            await asyncio.to_thread(block_words, driver, url, "spoiler dragon = not yet")
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


async def _has_one_vote(rows: Callable[[str], list[tuple[object, ...]]]) -> bool:
    return len(rows("SELECT value FROM votes")) == 1


def use_message_and_drawer(browser: Chrome, url: str, message_id: str) -> None:
    """Use a message and the drawer without a bot behind the page."""
    browser.get(url)
    wait(browser, lambda b: find(b, f"[data-message-id='{message_id}']"))
    buttons = f"[data-message-id='{message_id}'] > .actions button"
    assert [button.get_attribute("tabindex") for button in find(browser, buttons)][:3] == [
        "0", "-1", "-1",
    ]  # fmt: skip
    assert [e.text for e in find(browser, f"{buttons}.quick")] == ["", ""], (
        "hidden until it is used"
    )
    quick = [e.get_attribute("aria-label") for e in find(browser, f"{buttons}.quick")]
    assert quick == ["React with 🎉", "React with 😭"], "the emoji of the vote"
    find(browser, buttons)[0].send_keys(Keys.ARROW_RIGHT)
    assert browser.switch_to.active_element.get_attribute("aria-label") == "React with 😭"

    content = find(browser, f"[data-message-id='{message_id}'] .content")[0]
    ActionChains(browser).context_click(content).perform()
    wait(browser, lambda b: [p for p in find(b, ".popover") if "Copy message ID" in p.text])

    find(browser, "#open-weather")[0].click()
    enabled = {
        button.get_attribute("data-bot"): button.is_enabled()
        for button in wait(browser, lambda b: find(b, "[data-bot]"))
    }
    assert enabled == {"restart": False, "kill": False, "start": True, "stop": False}
    assert "the bot has none" in find(browser, "#weather-gateway")[0].text
    browser.execute_script(DROP)
    assert "Type a command that takes a file first" in find(browser, ".problem")[0].text


async def test_a_message_is_one_tab_stop_and_impossible_actions_are_disabled(
    browser: Chrome,
) -> None:
    async with Sandbox() as sandbox:
        message = sandbox.send_message("member", "general", "hello")
        for emoji in ("🎉", "😭"):
            sandbox.react("moderator", message["id"], emoji)
        url = f"{sandbox.page_url}?channel={sandbox.channel('general')}"
        await asyncio.to_thread(use_message_and_drawer, browser, url, str(message["id"]))


async def test_a_dropped_file_goes_into_the_command_that_takes_one(
    browser: Chrome, tmp_path: Path
) -> None:
    async with stage(tmp_path) as here:
        url = f"{here.sandbox.page_url}?persona={here.sandbox.persona('moderator')}"
        await asyncio.to_thread(drop_rules, browser, url)


def drop_rules(browser: Chrome, url: str) -> None:
    browser.get(url)
    wait(browser, lambda b: find(b, "[data-persona]"))
    wait(browser, lambda b: find(b, "#composer"))[0].send_keys("/policy import ")
    # Retry the drop: the page learns the bot's commands a moment after it is drawn.
    wait(browser, lambda b: b.execute_script(DROP) and "a.toml" in _composer_text(b))


def _composer_text(browser: Chrome) -> str:
    return str(find(browser, "#composer")[0].get_attribute("value"))
