"""Caption dropout: one rule for single captions and for whole batches."""

from __future__ import annotations

from random import Random

import pytest
import torch

from models.data.dropout import CAPTION_DROPOUT, NO_WORDS, is_dropped
from models.data.tagging import Caption, CaptionPolicy


@pytest.mark.parametrize("share", [0.0, 0.1, 1.0])
def test_a_batch_of_draws_is_dropped_like_single_draws(share: float) -> None:
    lots = torch.rand(500, generator=torch.Generator().manual_seed(0))
    assert is_dropped(lots, share).tolist() == [is_dropped(lot, share) for lot in lots.tolist()]
    assert is_dropped(lots, share).float().mean() == pytest.approx(share, abs=0.04)


def test_share_zero_drops_no_caption_and_share_one_drops_all() -> None:
    assert not is_dropped(0.0, 0.0)
    assert is_dropped(1 - 2**-53, 1.0)


def test_the_caption_policy_drops_by_this_rule() -> None:
    for seed in range(200):
        text = CaptionPolicy().apply(Caption(sentence="a girl"), Random(seed))
        assert text == (
            NO_WORDS if is_dropped(Random(seed).random(), CAPTION_DROPOUT) else "a girl"
        )
