"""`python -m tests.animation [FILE]`: make the README's animation, the whole bot in a few seconds.

A local Discord, the real bot with the real model, and chromium: somebody asks for four pictures,
picks the best and varies it; the bot is killed while drawing, starts again and posts the rest.
Everything in it really happens; only the waiting is cut.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from tests.stages.browsing import click, find, missing_programs, open_browser, wait
from tests.stages.stage import Stage, stage

PROMPT = "/waifu prompt: cat girl, pink hair, twintails, cherry blossoms count: 4 seed: 400"
PICK, LARGEST_BYTES = 4, 1_500_000
WIDTH_PX, HEIGHT_PX = 1000, 800
#: Characters typed between two frames.
_STROKE = 9
#: Enough for the page's fade-ins to finish.
_SETTLE_S = 0.7
#: A busy machine takes long to load the model.
_START_S = 600
_CAPTION = """
    const old = document.querySelector("#caption");
    const box = old ?? document.body.appendChild(document.createElement("div"));
    box.id = "caption";
    box.textContent = arguments[0];
    box.style.cssText = `position: fixed; top: 8px; left: 50%; transform: translateX(-50%);
        z-index: 99; padding: 9px 20px; border-radius: 99px; background: #f5f4fb; color: #17161e;
        font-weight: 650; font-size: 17px; box-shadow: 0 6px 24px rgb(0 0 0 / 50%)`;
"""
_LOADING = "return [...document.querySelectorAll('.attachment img')].some(i => !i.complete)"
_STILL = {"features": [{"name": "prefers-reduced-motion", "value": "reduce"}]}


class Film:
    """Frames of the page, each with its duration."""

    def __init__(self, browser: Chrome) -> None:
        self.browser = browser
        self.frames: list[Image.Image] = []
        self.durations_ms: list[int] = []

    def capture(self, ms: int, caption: str) -> None:
        """Capture the current page."""
        self.browser.execute_script(_CAPTION, caption)
        with Image.open(io.BytesIO(self.browser.get_screenshot_as_png())) as picture:
            self.frames.append(picture.convert("RGB"))
        self.durations_ms.append(ms)

    def capture_at_rest(self, ms: int, caption: str) -> None:
        """Capture the page once it has come to rest."""
        time.sleep(_SETTLE_S)
        self.capture(ms, caption)

    def capture_until(
        self, is_done: Callable[[Chrome], bool], ms: int, caption: str, most: int
    ) -> None:
        """Capture frames until `is_done`; keep the first and the latest, at most `most`."""
        first = len(self.frames)
        while not is_done(self.browser):
            if not self.browser.execute_script(_LOADING):
                self.capture(ms, caption)
            if len(self.frames) - first > most:
                del self.frames[first + 1], self.durations_ms[first + 1]

    def write(self, path: Path) -> None:
        """Write an animated WebP that repeats for ever."""
        first, *more = self.frames
        first.save(
            path, save_all=True, append_images=more, duration=self.durations_ms, loop=0,
            quality=72, method=6, minimize_size=True,
        )  # fmt: skip


def _has_pictures(count: int) -> Callable[[Chrome], bool]:
    """A condition: `count` finished pictures are on the page, and loaded."""
    script = (
        "return [...document.querySelectorAll('.attachment img')]"
        ".filter(i => i.complete && i.naturalWidth >= 500).length"
    )
    return lambda browser: int(browser.execute_script(script)) >= count


def _contains(words: str) -> Callable[[Chrome], bool]:
    return lambda browser: words in browser.execute_script("return document.body.innerText")


def _bot_is(state: str) -> Callable[[Chrome], bool]:
    return lambda browser: bool(find(browser, f"#bot-state[data-state='{state}']"))


def _ask(film: Film) -> None:
    composer = wait(film.browser, lambda b: b.find_element(By.ID, "composer"))
    composer.click()
    for at in range(0, len(PROMPT), _STROKE):
        composer.send_keys(PROMPT[at : at + _STROKE])
        film.capture(150, "Ask for four pictures")
    composer.send_keys(Keys.ESCAPE, Keys.ENTER)
    film.capture_until(_has_pictures(4), 350, "They are drawn in front of you", 6)


def _choose(film: Film) -> None:
    film.capture_at_rest(1500, "One post, four pictures")
    click(film.browser, "[data-persona][data-role='moderator']")
    wait(film.browser, _has_pictures(4))
    click(film.browser, f"[data-custom-id^='wd:pick{PICK}:']")
    wait(film.browser, _contains("is your pick"))
    film.capture_at_rest(1500, "Somebody else picks the best: that is a vote")


def _vary(film: Film) -> None:
    click(film.browser, "[data-custom-id^='wd:which:']", -1)
    film.capture_at_rest(700, "Do something with one of them")
    click(film.browser, ".option", PICK - 1)
    wait(film.browser, lambda b: find(b, "[data-custom-id^='wd:strong:']"))
    film.capture_at_rest(900, "Vary it, subtly or strongly")
    click(film.browser, "[data-custom-id^='wd:strong:']", -1)
    wait(film.browser, _contains("1 picture"))


def _kill(film: Film) -> None:
    click(film.browser, "#open-weather")
    click(film.browser, "[data-bot='kill']")
    wait(film.browser, _bot_is("offline"))
    film.capture_at_rest(1600, "Kill the bot while it draws")
    click(film.browser, "[data-bot='start']")
    wait(film.browser, _bot_is("online"), _START_S)
    film.capture_at_rest(1200, "Start it again")
    film.capture_until(_has_pictures(5), 400, "It goes on where it was", 3)
    click(film.browser, "#weather button[aria-label='Close']")
    film.capture_at_rest(2600, "Nothing is lost, nothing comes twice")


def _make_film(url: str, scratch: Path, path: Path) -> None:
    browser = open_browser(scratch / "profile", width_px=WIDTH_PX, height_px=HEIGHT_PX)
    try:
        # Elements that fade in would be captured half-way.
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", _STILL)
        browser.get(url)
        film = Film(browser)
        for step in (_ask, _choose, _vary, _kill):
            step(film)
        film.write(path)
    finally:
        browser.quit()


async def _run(path: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="waifu-animation-") as scratch:
        async with stage(Path(scratch), {"ENGINE": "slots", "MODEL": "embedded"}) as here:
            await _set_up(here)
            url = f"{here.sandbox.page_url}?channel={here.sandbox.channel('art')}"
            await asyncio.to_thread(_make_film, url, Path(scratch), path)


async def _set_up(here: Stage) -> None:
    here.sandbox.bot_control = here.bot
    for who in ("newcomer", "moderator"):
        await here.accept_only(who)


def main() -> int:
    """Return exit code 0 once the file is there and small enough."""
    parser = argparse.ArgumentParser(prog="python -m tests.animation", description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=Path("docs/pictures/demo.webp"))
    path: Path = parser.parse_args().file
    if (absent := missing_programs()) is not None:
        print(absent, file=sys.stderr)
        return 2
    asyncio.run(_run(path))
    size = path.stat().st_size
    print(f"{path}: {size:,} bytes")
    return int(size > LARGEST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
