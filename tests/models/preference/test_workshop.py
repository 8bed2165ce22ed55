"""What a reward model looks at: every set of features, and sections of what the judge says."""

from __future__ import annotations

import torch

from models.measuring.features import feature_function_of, feature_functions, sections
from models.preference.workshop import _with_sections


def test_features_are_the_same_for_fitting_and_following_a_reward() -> None:
    look = feature_functions()
    pixels = torch.rand((2, 3, 128, 128), generator=torch.Generator().manual_seed(0))
    files = ("a", "b")
    seen = _with_sections(
        {name: dict(zip(files, see(pixels).numpy(), strict=True)) for name, see in look.items()}
    )
    assert set(seen) == {*look, *sections()}
    for name, vectors in seen.items():
        again = feature_function_of(look, name)(pixels)
        assert torch.equal(again, torch.stack([torch.tensor(vectors[file]) for file in files]))


def test_without_the_judge_there_are_no_judge_sections() -> None:
    assert set(_with_sections({"colour": {}})) == {"colour"}
