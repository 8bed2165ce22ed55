"""Feature sets that are part of another: the judge's output for one group of attributes."""

from __future__ import annotations

import numpy as np
import torch

from models.measuring.adherence import GROUPS
from models.measuring.features import sections, with_sections
from models.measuring.judge.heads import HEADS
from models.measuring.judge.network import split


def test_a_section_is_the_judges_output_for_its_group() -> None:
    count = sum(len(values) for values in HEADS.values())
    said = torch.arange(2 * count).reshape(2, count)
    found = with_sections({"judge": said.numpy().astype(float)})
    for group, (heads, _) in GROUPS.items():
        wanted = torch.cat([split(said)[head] for head in heads], 1)
        assert np.array_equal(found[f"judge: {group}"], wanted.numpy())


def test_every_set_stays_whole_beside_its_sections() -> None:
    rows = {name: np.ones((3, 200)) for name in ("judge", "colour")}
    found = with_sections(rows)
    assert found["judge"] is rows["judge"]
    assert set(found) == {"judge", "colour", *sections()}
