"""The critic learns what held-out votes have in common, and nothing from too few."""

from __future__ import annotations

from PIL import Image

from models.data.evidence import Evidence, Preference
from models.measuring.gate.critic import critic_of


def picture(light: int, place: int) -> Image.Image:
    """A grey picture with a darker corner that moves about."""
    made = Image.new("RGB", (160, 160 if place % 2 else 200), (light, light, light))
    made.paste((light // 2, light // 3, light // 4), (0, 0, 20 + place, 30))
    return made


def votes(prompts: int) -> tuple[Evidence, dict[str, str], dict[str, Image.Image]]:
    """Of each prompt two pictures, the lighter one liked more."""
    pairs, keys, pictures = [], {}, {}
    for i in range(prompts):
        for name, light in ((f"{i} light", 150 + i), (f"{i} dark", 90 + i)):
            pictures[name], keys[name] = picture(light, i), str(i)
        pairs.append(Preference(better=f"{i} light", worse=f"{i} dark", weight=0.5))
    return Evidence(pairs=tuple(pairs), liked={}), keys, pictures


def test_new_pictures_are_graded_as_the_voters_would() -> None:
    critic = critic_of(*votes(16))
    assert critic is not None
    light, dark, lighter = critic([picture(140, 31), picture(100, 32), picture(170, 33)])
    assert dark < light < lighter


def test_too_few_votes_make_no_critic() -> None:
    assert critic_of(*votes(11)) is None


def test_votes_on_one_prompt_make_no_critic() -> None:
    evidence, keys, pictures = votes(16)
    assert critic_of(evidence, dict.fromkeys(keys, "one"), pictures) is None
