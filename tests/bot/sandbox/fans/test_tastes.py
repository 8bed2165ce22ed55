"""What the pretended members like, and how often two of them agree."""

from __future__ import annotations

from io import BytesIO
from random import Random

import pytest
from PIL import Image

from bot.sandbox.fans.tastes import FanTaste, Opinions, liking

Colour = tuple[int, int, int]


def striped_picture(*colours: Colour) -> bytes:
    """Stripes of these colours as a PNG file."""
    picture = Image.new("RGB", (32 * len(colours), 32))
    for index, colour in enumerate(colours):
        picture.paste(colour, (32 * index, 0, 32 * index + 32, 32))
    out = BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(
    ("taste", "better", "worse"),
    [
        (FanTaste.WARM, striped_picture((250, 160, 60)), striped_picture((60, 160, 250))),
        (FanTaste.WARM, striped_picture((250, 240, 230)), striped_picture((60, 50, 40))),
        (
            FanTaste.COLOURS,
            striped_picture((250, 0, 0), (0, 200, 0), (0, 0, 250)),
            striped_picture((250, 0, 0)),
        ),
        (
            FanTaste.COLOURS,
            striped_picture((200, 120, 40)),
            striped_picture((120, 120, 120), (40, 40, 40)),
        ),
    ],
)
def test_a_taste_prefers_what_its_name_says(taste: FanTaste, better: bytes, worse: bytes) -> None:
    assert liking(taste, better) > liking(taste, worse)


def make_opinions(taste: FanTaste, rng: Random) -> Opinions:
    """Forty pictures of normally distributed warmth, met by members of one taste."""
    opinions = Opinions(taste, rng)
    for key in range(40):
        blue = min(255, max(0, round(128 + 40 * Random(key).gauss(0, 1))))
        opinions.add_picture(key, striped_picture((128, 128, blue)))
    return opinions


def test_two_members_agree_about_seventy_percent_of_the_time() -> None:
    opinions = make_opinions(FanTaste.WARM, Random(1))
    same = [opinions.likes(name) == opinions.likes(name) for name in range(40) for _ in range(100)]
    assert 0.66 < sum(same) / len(same) < 0.74


def test_a_member_who_tosses_a_coin_agrees_with_nobody() -> None:
    opinions = make_opinions(FanTaste.CHANCE, Random(1))
    same = [opinions.likes(name) == opinions.likes(name) for name in range(40) for _ in range(100)]
    assert 0.47 < sum(same) / len(same) < 0.53


def test_the_warmer_of_two_usually_wins_and_equal_ones_sometimes_tie() -> None:
    opinions = make_opinions(FanTaste.WARM, Random(1))
    opinions.add_picture("warm", striped_picture((230, 128, 60)))
    opinions.add_picture("cold", striped_picture((60, 128, 230)))
    verdicts = [opinions.better("cold", "warm") for _ in range(400)]
    assert verdicts.count(1) > 350
    ties = [opinions.better("warm", "warm") for _ in range(400)]
    assert 0 < ties.count(None) < 100
    assert abs(ties.count(0) - ties.count(1)) < 80


def test_a_file_that_is_no_picture_is_not_met() -> None:
    opinions = Opinions(FanTaste.WARM, Random(1))
    with pytest.raises(OSError, match="cannot identify"):
        opinions.add_picture("x", b"nothing")
    assert not opinions.has_seen("x")
