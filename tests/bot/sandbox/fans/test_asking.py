"""What the pretended members ask for."""

from __future__ import annotations

from importlib import resources

from bot.sandbox.fans.asking import _PICTURES_PER_REQUEST, PROMPTS


def test_the_page_offers_four_pictures_for_each_prompt() -> None:
    """The more prompts are held out, the more certain the gate is about a new member's model."""
    assert len(set(PROMPTS)) == len(PROMPTS)
    script = (resources.files("bot.sandbox") / "page" / "fans.js").read_text()
    assert f"pictures: {len(PROMPTS) * _PICTURES_PER_REQUEST} " in script
