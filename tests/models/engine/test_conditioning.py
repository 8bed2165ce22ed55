"""Prompts become embeddings: chunks, weights, clip skip, and a cache that changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from models.engine.conditioning import Conditioner, TextPart, chunked
from models.engine.families import FAMILIES
from models.engine.loader import load
from models.prompt import parse
from tests.stages.factories import make_draw
from tests.stages.tiny_models import tiny_folder

__all__ = ["tiny_folder"]

COMMA = ord(",")


@pytest.fixture(scope="module")
def pair(tiny_folder: Path) -> tuple[Any, Any]:
    parts = load(str(tiny_folder), device="cpu")
    return parts.tokenizer, parts.text_encoder


@pytest.fixture
def conditioner(pair: tuple[Any, Any]) -> Iterator[Conditioner]:
    with torch.inference_mode():
        yield Conditioner(*pair)


def letters(text: str) -> list[int]:
    return [ord(letter) for letter in text if letter != " "]


def sizes(prompt: str, room: int = 75) -> list[int]:
    return [len(chunk.tokens) for chunk in chunked(parse(prompt), letters, room, COMMA)]


def test_an_empty_prompt_is_one_empty_chunk() -> None:
    assert sizes("") == [0]


def test_a_prompt_is_cut_into_chunks_of_75() -> None:
    assert sizes("x" * 75) == [75]
    assert sizes("x" * 160) == [75, 75, 10]


def test_a_tag_moves_whole_to_the_next_chunk_if_its_comma_is_near() -> None:
    assert sizes("x" * 69 + "," + "y" * 10) == [70, 10]
    assert sizes("x" * 20 + "," + "y" * 60) == [75, 6]
    assert sizes("x" * 75 + "," + "y") == [75, 2]


def test_break_starts_a_chunk() -> None:
    assert sizes("ab BREAK cde") == [2, 3]


def test_weights_follow_their_tokens_into_the_next_chunk() -> None:
    first, second = chunked(parse("x" * 70 + ",(y:1.5)" + "(z:0.5)" * 6), letters, 75, COMMA)
    assert set(first.weights) == {1.0}
    assert second.weights == [1.5, *[0.5] * 6]
    assert [chr(token) for token in second.tokens] == list("yzzzzzz")


def test_a_plain_prompt_matches_the_encoders_own_output(
    conditioner: Conditioner, pair: tuple[Any, Any]
) -> None:
    tokenizer, encoder = pair
    batch = tokenizer("blue hair", padding="max_length", max_length=77, return_tensors="pt")
    expected = encoder(input_ids=batch["input_ids"]).last_hidden_state[0]
    torch.testing.assert_close(conditioner.encode("blue hair").tokens, expected)


@pytest.mark.parametrize("skip", [2, 3])
def test_clip_skip_puts_an_earlier_layer_through_the_final_norm(
    pair: tuple[Any, Any], skip: int
) -> None:
    tokenizer, encoder = pair
    with torch.inference_mode():
        batch = tokenizer("hair", padding="max_length", max_length=77, return_tensors="pt")
        states = encoder(input_ids=batch["input_ids"], output_hidden_states=True).hidden_states
        expected = encoder.final_layer_norm(states[-skip])[0]
        torch.testing.assert_close(
            Conditioner(*pair, clip_skip=skip).encode("hair").tokens, expected
        )
        cards = Conditioner(*pair)
        for _ in range(2):
            assert not torch.allclose(cards.encode("hair").tokens, expected)
            torch.testing.assert_close(cards.encode("hair", skip).tokens, expected)


def test_both_prompts_and_their_padding_use_the_same_clip_skip(
    pair: tuple[Any, Any],
) -> None:
    asked, set_up = Conditioner(*pair), Conditioner(*pair, clip_skip=2)
    words = ("blue hair, " * 12, "bad")
    for one, other in zip(asked.pair(*words, 2), set_up.pair(*words), strict=True):
        assert torch.equal(one.tokens, other.tokens)


def test_emphasis_scales_its_own_tokens_most(conditioner: Conditioner) -> None:
    plain, strong = conditioner.encode("ab c d").tokens, conditioner.encode("ab (c:2) d").tokens
    ratio = (strong / plain).median(dim=1).values
    assert int(ratio.argmax()) == 3  # begin, a, b, c
    assert float(ratio[3] / ratio[1]) == pytest.approx(2, rel=1e-4)


def test_emphasis_keeps_the_mean_unless_it_is_near_zero(pair: tuple[Any, Any]) -> None:
    tokenizer, encoder = pair
    bias = encoder.final_layer_norm.bias
    with torch.inference_mode():
        before = bias.clone()
        bias += 1.0
        shifted = Conditioner(tokenizer, encoder)
        plain, strong = shifted.encode("ab c").tokens, shifted.encode("ab (c:1.5)").tokens
        bias.copy_(before)
        plainly = Conditioner(tokenizer, encoder)
        untouched = plainly.encode("ab (c:1.5)").tokens[1] / plainly.encode("ab c").tokens[1]
    assert float(strong.mean()) == pytest.approx(float(plain.mean()), rel=1e-4)
    # With a mean near 0 nothing is rescaled, rather than by a ratio of two small numbers.
    torch.testing.assert_close(untouched, torch.ones_like(untouched))


def test_a_long_prompt_is_the_concatenation_of_its_chunks(conditioner: Conditioner) -> None:
    both = conditioner.encode("cat BREAK dog").tokens
    torch.testing.assert_close(both[:77], conditioner.encode("cat").tokens)
    torch.testing.assert_close(both[77:], conditioner.encode("dog").tokens)


def test_the_shorter_prompt_is_padded_with_the_empty_prompt(conditioner: Conditioner) -> None:
    positive, negative = conditioner.pair("cat BREAK dog", "bad")
    assert positive.tokens.shape == negative.tokens.shape == (154, 16)
    torch.testing.assert_close(negative.tokens[77:], conditioner.encode("").tokens)


def test_a_prompt_is_encoded_once(pair: tuple[Any, Any]) -> None:
    calls: list[int] = []
    hook = pair[1].register_forward_hook(lambda *_: calls.append(1))
    with torch.inference_mode():
        conditioner = Conditioner(*pair, cache_size=2)
        calls.clear()
        for prompt in ("a", "shared", "b", "shared", "c", "shared"):
            conditioner.encode(prompt)
        assert len(calls) == 4
        conditioner.encode("a")  # long gone from a cache of two
    hook.remove()
    assert len(calls) == 5


def test_special_tokens_in_a_prompt_are_ignored(conditioner: Conditioner) -> None:
    torch.testing.assert_close(
        conditioner.encode("cat <|endoftext|> dog").tokens, conditioner.encode("cat   dog").tokens
    )


@torch.inference_mode()
def test_a_completion_is_read_as_if_it_followed_the_prompt(pair: tuple[Any, Any]) -> None:
    tokenizer, encoder = pair
    condition = FAMILIES["sd1"].condition([TextPart(tokenizer=tokenizer, encoder=encoder)], 1)
    read = [
        condition(draw, (64, 64))[0].tokens
        for draw in (
            replace(make_draw("1girl, hat,"), completion="smile"),
            make_draw("1girl, hat, smile"),
            make_draw("1girl, hat"),
        )
    ]
    assert torch.equal(read[0], read[1])
    assert not torch.equal(read[0], read[2])
