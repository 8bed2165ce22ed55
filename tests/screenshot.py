"""`python -m tests.screenshot [DIR]`: makes the pictures in README, docs and `/help`.

A local Discord, the real bot with the real model, and chromium: people talk, one asks for a
picture, others vote, a moderator opens the panel. Run it again whenever the page, the panel or the
model has changed; without a font that has emoji (Debian: fonts-noto-color-emoji) the buttons show
boxes.
"""

from __future__ import annotations

import argparse
import asyncio
import io
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from PIL import Image

from bot.words import helping
from models.catalogue.examples import write_examples
from models.catalogue.registry import EMBEDDED, card_of
from tests.stages.browsing import (
    find,
    missing_programs,
    open_browser,
    picture_width,
    type_command,
    type_text,
    wait,
)
from tests.stages.stage import Stage, button, stage

#: The same request draws the same picture, so the README's changes only with the model.
PROMPT = "1girl, blue hair, long hair, glasses, smile"
SEED = 7
#: Several pictures of one request form one post.
GRID_PROMPT, GRID_COUNT, GRID_SEED = "cat girl, glasses, smile", 4, 40
#: File name, width and height in CSS pixels, device pixels for each, and the message box's text.
VIEWS = (
    ("page.png", 1280, 860, 1.4, ""),
    ("page-narrow.png", 390, 844, 2.0, "/waifu prompt: 1girl, pink hair, cat ears"),
)
#: The same for the moderators' panel, with its open page instead of the text.
PANELS = (
    ("panel.png", 1280, 900, 1.2, "rules"),
    ("panel-narrow.png", 390, 844, 1.8, ""),
)
#: Seeds of the help's examples.
EXAMPLE_SEEDS = (302, 403, 201)
FANS = ("Sora", "Mika", "Ren", "Aoi")
LARGEST_BYTES = 400_000
#: Enough for the page's fade-ins to finish.
_SETTLE_S = 1.5


async def _talk(here: Stage, seed: int) -> None:
    """Hold a conversation with a picture, its votes, and four pictures to choose from."""
    sandbox = here.sandbox
    sandbox.send_message(
        "moderator", here.channel_name, "The bot is back! Who draws the first picture?"
    )
    sandbox.send_message("member", here.channel_name, "me, with glasses please 🤓")
    terms = await here.draw(PROMPT, seed=seed)
    await sandbox.click("member", terms["id"], button(terms, "accept")).answer()
    (post,) = await here.wait_for_pictures(1, limit_s=300)

    async def has_vote_reactions() -> bool:
        return len(sandbox.reactions(post["id"])) == 2

    await here.until(has_vote_reactions, 60)
    sandbox.react("moderator", post["id"], "👍")
    for fan in FANS:
        sandbox.react(sandbox.add_person(fan), post["id"], "👍")
    sandbox.react("newcomer", post["id"], "💙")
    sandbox.send_message("member", here.channel_name, "now cats! 🐱")
    await here.draw(GRID_PROMPT, count=GRID_COUNT, seed=GRID_SEED)
    await here.wait_for_pictures(1 + GRID_COUNT, limit_s=300)


async def _draw_examples(here: Stage) -> None:
    """Draw the picture in `/help`."""
    posts_before = len(here.picture_posts())
    for prompt, seed in zip(helping.EXAMPLES, EXAMPLE_SEEDS, strict=True):
        await here.draw(prompt, seed=seed)

    async def example_posts() -> list[dict[str, Any]]:
        posts = here.picture_posts()[posts_before:]
        return posts if len(posts) == len(EXAMPLE_SEEDS) else []

    posts = await here.until(example_posts, 300)
    by_prompt = {
        prompt: post for post in posts for prompt in helping.EXAMPLES if prompt in post["content"]
    }
    files = [by_prompt[prompt]["attachments"][0] for prompt in helping.EXAMPLES]
    pictures = [Image.open(io.BytesIO(here.sandbox.attachment(file))) for file in files]
    write_examples(pictures, card_of(EMBEDDED).id)


def _take_pages(url: str, directory: Path, scratch: Path) -> None:
    for name, width_px, height_px, scale, text in VIEWS:
        browser = open_browser(scratch / name, width_px=width_px, height_px=height_px, scale=scale)
        try:
            browser.get(url)
            wait(browser, picture_width)
            wait(browser, lambda b: len(find(b, "[data-reaction]")) >= 3)
            if text:
                type_text(browser, text)
            time.sleep(_SETTLE_S)
            browser.save_screenshot(str(directory / name))
        finally:
            browser.quit()
        _compress(directory / name)


def _take_panels(url: str, directory: Path, scratch: Path) -> None:
    for name, width_px, height_px, scale, page in PANELS:
        browser = open_browser(scratch / name, width_px=width_px, height_px=height_px, scale=scale)
        try:
            browser.get(url)
            type_command(browser, "/policy panel")
            wait(browser, lambda b: find(b, "[data-custom-id^='wp:open:']"))
            if page:
                find(browser, "[data-custom-id^='wp:open:']")[0].click()
                find(browser, f".option[data-value='{page}']")[0].click()
            time.sleep(_SETTLE_S)
            browser.save_screenshot(str(directory / name))
        finally:
            browser.quit()
        _compress(directory / name)


def _compress(path: Path) -> None:
    """Compress the file as far as PNG allows; with a palette if it is still too large."""
    with Image.open(path) as picture:
        pixels = picture.convert("RGB")
    pixels.save(path, optimize=True)
    if path.stat().st_size > LARGEST_BYTES:
        # Pillow dithers only towards a given palette.
        palette = pixels.quantize(256)
        dithered = pixels.quantize(palette=palette, dither=Image.Dither.FLOYDSTEINBERG)
        dithered.save(path, optimize=True)


async def _run(directory: Path, seed: int) -> None:
    with tempfile.TemporaryDirectory(prefix="waifu-screenshot-") as scratch:
        async with stage(Path(scratch), {"ENGINE": "slots", "MODEL": "embedded"}) as here:
            await _talk(here, seed)
            # A moderator, who asked for nothing, sees no private messages.
            url = f"{here.sandbox.page_url}?persona={here.sandbox.persona('moderator')}"
            await asyncio.to_thread(_take_pages, url, directory, Path(scratch))
            await asyncio.to_thread(_take_panels, url, directory, Path(scratch))
            await _draw_examples(here)


def main() -> int:
    """Return exit code 0 once the pictures are there."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshot", description=__doc__)
    parser.add_argument("directory", nargs="?", type=Path, default=Path("docs/pictures"))
    parser.add_argument("--seed", type=int, default=SEED, help="of the picture that is drawn")
    arguments = parser.parse_args()
    if (absent := missing_programs()) is not None:
        print(absent, file=sys.stderr)
        return 2
    arguments.directory.mkdir(parents=True, exist_ok=True)
    asyncio.run(_run(arguments.directory, arguments.seed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
