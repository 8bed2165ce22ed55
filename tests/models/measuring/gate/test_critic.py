"""The critic learns what held-out votes have in common; training votes say where to look."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from random import Random

import numpy as np
import pytest
from PIL import Image

from models.data.evidence import Evidence, Preference
from models.measuring.gate.critic import _spread, critic_of
from models.measuring.gate.examine import Critic
from models.measuring.gate.shuffling import chance_of_score
from models.painter.drawing import draw, raster
from models.painter.portrait import sample

#: The names of pictures encode their content: whose prompt, how light, how warm.
Names = tuple[str, str]
Keys = dict[str, str]


@cache
def picture(name: str) -> Image.Image:
    """A plain picture with a darker corner that moves; every second one is portrait."""
    prompt, light, warm = map(int, name.split())
    made = Image.new("RGB", (160, 160 if prompt % 2 else 200), (light + warm, light, light - warm))
    made.paste((light // 2, light // 3, light // 4), (0, 0, 20 + prompt, 30))
    return made


def votes(first: int, prompts: int, *, warm: bool = False) -> tuple[Evidence, Keys]:
    """Two pictures per prompt, the lighter or the warmer one preferred."""
    pairs, keys = [], {}
    for i in range(first, first + prompts):
        better, worse = (
            f"{i} {(120 if warm else 150) + i % 7} {30 if warm else 5 + i % 3}",
            f"{i} {(120 if warm else 90) + i % 5} {-30 if warm else 5 + i % 4}",
        )
        keys |= {better: str(i), worse: str(i)}
        pairs.append(Preference(better=better, worse=worse, weight=0.5))
    return Evidence(pairs=tuple(pairs), liked={}), keys


def critic(trained: tuple[Evidence, Keys], held_out: tuple[Evidence, Keys]) -> Critic | None:
    return critic_of(trained[0], held_out[0], trained[1] | held_out[1], picture)


def liked(found: Critic | None, *twins: Names) -> list[float]:
    assert found is not None
    before, after = zip(*twins, strict=True)
    return list(found.gains([picture(n) for n in before], [picture(n) for n in after])[:, 0])


def test_the_critic_likes_new_pictures_as_held_out_voters_would() -> None:
    found = critic(votes(0, 16), votes(100, 12))
    lighter, darker, same = liked(
        found, ("1 100 5", "1 140 5"), ("2 140 5", "2 100 5"), ("3 90 5", "3 90 5")
    )
    assert (lighter > 0, darker < 0, same) == (True, True, 0)


@cache
def portrait(name: str) -> Image.Image:
    """A painted portrait from a seed, with a mouth."""
    who, seed, mouth = name.split(" ", 2)
    somebody = replace(sample(Random(int(who))), framing="square", boy=False, mouth=mouth)
    return raster(draw(somebody, int(seed)), 128)


def smiles(first: int, prompts: int) -> tuple[Evidence, Keys]:
    """Two portraits per prompt, the smiling one preferred."""
    pairs, keys = [], {}
    for i in range(first, first + prompts):
        better, worse = f"{i} 1 smile", f"{i} 2 frown"
        keys |= {better: str(i), worse: str(i)}
        pairs.append(Preference(better=better, worse=worse, weight=0.5))
    return Evidence(pairs=tuple(pairs), liked={}), keys


def test_a_taste_for_smiles_does_not_favour_other_differences() -> None:
    """Only what the judge says of faces is used: in all that it says other things would count."""
    learned, unseen = smiles(0, 12), smiles(100, 12)
    found = critic_of(learned[0], unseen[0], learned[1] | unseen[1], portrait)
    assert found is not None
    frowns = [portrait("300 1 frown")]
    smiling, somebody_else = (
        found.gains(frowns, [portrait(name)])[0, 0] for name in ("300 1 smile", "302 1 frown")
    )
    assert smiling > 10 * abs(somebody_else)


def test_training_votes_do_not_decide_what_is_liked() -> None:
    """They say where to look; the held-out votes say which way."""
    learned, (unseen, keys) = votes(0, 16), votes(100, 12)
    swapped = [Preference(better=p.worse, worse=p.better, weight=p.weight) for p in unseen.pairs]
    found = critic(learned, (Evidence(pairs=tuple(swapped), liked={}), keys))
    assert liked(found, ("1 100 5", "1 140 5"))[0] < 0
    assert found is not None
    assert found.taste_by_chance < 0.01


def test_a_real_taste_stands_out_from_shuffled_votes() -> None:
    found = critic(votes(0, 16, warm=True), votes(100, 12, warm=True))
    assert found is not None
    assert found.taste_by_chance < 0.01
    gains = found.gains([picture("1 100 -20")] * 3, [picture("1 100 20")] * 3)
    assert chance_of_score(gains.mean(0)) < 0.01


@pytest.mark.parametrize(("trained", "unseen"), [(11, 16), (16, 11)])
def test_too_few_votes_make_no_critic(trained: int, unseen: int) -> None:
    assert critic(votes(0, trained), votes(100, unseen)) is None


def test_votes_on_one_prompt_make_no_critic() -> None:
    (unseen, keys) = votes(100, 16)
    assert critic(votes(0, 16), (unseen, dict.fromkeys(keys, "one"))) is None


def test_a_feature_constant_in_every_judged_picture_counts_for_nothing() -> None:
    """However far it moves in new pictures: nobody voted on it."""
    spread = _spread(np.array([[1.0, 0.0, 1e-9], [-1.0, 0.0, -1e-9]]))
    assert list(np.array([2.0, 5.0, 5.0]) / spread) == [2.0, 0.0, 0.0]
