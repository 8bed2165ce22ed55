"""What the pretended members ask for."""

from __future__ import annotations

from importlib import resources

from bot.sandbox.fans.asking import _AT_ONCE, PROMPTS


def test_each_prompt_gets_four_of_the_pictures_that_the_page_offers() -> None:
    """The more prompts are held out, the surer the gate is of a newcomer's model."""
    assert len(set(PROMPTS)) == len(PROMPTS)
    script = (resources.files("bot.sandbox") / "page" / "fans.js").read_text()
    assert f"pictures: {len(PROMPTS) * _AT_ONCE} " in script
