"""What a prompt leaves open is filled in at random, as often as in the training captions."""

from __future__ import annotations

from collections import Counter
from functools import cache
from random import Random

import pytest

from models.catalogue.tags.book import KnownTag, TagBook, TagGroup
from models.catalogue.tags.filling import completion, surprise
from models.catalogue.tags.glossary import NOTHING, Glossary
from models.painter.portrait import sample
from models.painter.sets import FIRST_SEED, Purpose
from models.painter.tags import tags as portrait_tags
from tests.stages.words import embedded_glossary

SEEDS = range(600)
#: Clothes have a hundred values, so fewer would differ by chance alone.
CAPTIONS, COMPLETIONS = 6000, 3000


def filled(prompt: str, seed: int = 0, **more: str) -> list[str]:
    text = completion(prompt, embedded_glossary(), seed, **more)
    return text.split(", ") if text else []


def of_group(tags: list[str], group: str) -> list[str]:
    return [tag for tag in tags if embedded_glossary().group(tag) == group]


def test_the_same_prompt_and_seed_give_the_same_tags() -> None:
    assert filled("waifu", 7) == filled("waifu", 7)
    assert len({tuple(filled("waifu", seed)) for seed in range(20)}) == 20


def test_each_open_group_is_filled_in_once() -> None:
    for seed in range(100):
        tags = filled("waifu", seed)
        for group in ("figure", "hair colour", "hair length", "eye colour", "mouth", "clothes"):
            # The colour of a china dress is given as that of a dress, so there is one tag more.
            more = group == "clothes" and "china dress" in tags
            assert len(of_group(tags, group)) == 1 + more, (seed, group)
        assert of_group(tags, "scene") or of_group(tags, "background")


def test_groups_named_in_the_prompt_are_not_filled_in() -> None:
    for seed in range(100):
        tags = filled("a girl with long blue hair, red_eyes", seed)
        for group in ("figure", "hair colour", "hair length", "eye colour"):
            assert not of_group(tags, group), (seed, group)


def test_an_added_word_changes_only_its_own_group() -> None:
    plain, more = filled("1girl", 3), filled("1girl, blue hair", 3)
    assert [tag for tag in plain if not of_group([tag], "hair colour")] == more


def test_hidden_attributes_are_not_filled_in() -> None:
    assert not any(of_group(filled("1girl, sunglasses", seed), "eye colour") for seed in SEEDS)
    assert not any(of_group(filled("starry sky", seed), "background") for seed in SEEDS)
    assert not any(of_group(filled("blue background", seed), "scene") for seed in SEEDS)


def test_filled_in_tags_fit_the_tags_of_the_prompt() -> None:
    worn = {tag for seed in SEEDS for tag in of_group(filled("1boy", seed), "clothes")}
    assert not worn & {"serafuku", "maid", "red dress"}
    assert all(of_group(filled("twintails", seed), "figure") == ["1girl"] for seed in SEEDS)
    assert all(
        of_group(filled("twintails", seed), "hair length") == ["long hair"] for seed in SEEDS
    )


def test_unwanted_tags_are_never_filled_in() -> None:
    for seed in range(100):
        assert "1boy" not in filled("smile", seed, negative="1boy")
    assert completion("smile", embedded_glossary(), 0, allows=lambda _: False) == ""


def test_a_refused_tag_is_drawn_again() -> None:
    for seed in range(100):
        text = completion("smile", embedded_glossary(), seed, allows=lambda tag: "blue" not in tag)
        assert "blue" not in text
        assert of_group(text.split(", "), "eye colour")


@cache
def captions() -> list[dict[str, str]]:
    """The values of the painter's training captions."""
    first = FIRST_SEED[Purpose.TRAIN]
    portraits = (sample(Random(seed)) for seed in range(first, first + CAPTIONS))
    return [values([tag.text for tag in portrait_tags(portrait)]) for portrait in portraits]


def values(tags: list[str]) -> dict[str, str]:
    """The first tag of each group; further ones go with it, like the petals of cherry blossoms."""
    return {embedded_glossary().group(tag): tag for tag in reversed(tags)}


@pytest.mark.parametrize("prompt", ["waifu", "1girl", "1boy"])
def test_filled_in_tags_have_the_training_frequencies(prompt: str) -> None:
    """The total variation from the captions of the painter's portraits is at most 15 %.

    Of the captions that show the group, because a prompt leaves open only what can be seen.
    """
    among = [c for c in captions() if prompt == "waifu" or c["figure"] == prompt]
    completions = [values(filled(prompt, seed)) for seed in range(COMPLETIONS)]
    open_groups = {name for name, group in embedded_glossary().book.groups.items() if group.open}
    assert len(open_groups) == 10
    for group in open_groups - ({"figure"} if prompt != "waifu" else set()):
        wanted = Counter(caption[group] for caption in among if group in caption)
        drawn = Counter(tags[group] for tags in completions if group in tags)
        apart = sum(
            abs(drawn[tag] / drawn.total() - wanted[tag] / wanted.total()) for tag in wanted | drawn
        )
        assert apart / 2 <= 0.15, group


def test_foreign_words_are_translated_into_known_tags() -> None:
    assert filled("青い髪の女の子", 1)[:2] == ["blue hair", "1girl"]


def test_a_surprise_is_a_whole_prompt_without_contradictions() -> None:
    words = embedded_glossary()
    found = [surprise(words, seed).split(", ") for seed in SEEDS]
    assert len({tuple(tags) for tags in found}) == len(SEEDS)
    for tags in found:
        assert len(tags) == len(set(tags)) > 5
        closed = {group for tag in tags for group in words.book.tags[tag].closes}
        assert not closed & {words.group(tag) for tag in tags}
    assert any("glasses" in tags for tags in found), "optional tags are filled in too"


def test_without_a_tags_file_nothing_is_filled_in() -> None:
    assert completion("waifu", NOTHING, 1) == ""
    assert surprise(NOTHING, 1) == ""


@pytest.mark.parametrize(("negative", "expected"), [("", "a"), ("a", "")])
def test_a_group_whose_only_tag_is_unwanted_stays_empty(negative: str, expected: str) -> None:
    book = TagBook(
        groups={"g": TagGroup(open=True, filling={"": {"a": 1.0}})}, tags={"a": KnownTag(group="g")}
    )
    assert completion("x", Glossary(book), 1, negative=negative) == expected


def test_an_unwanted_tags_share_goes_to_the_other_tags_in_proportion() -> None:
    shares = {"a": 0.6, "b": 0.3, "c": 0.1}
    book = TagBook(
        groups={"g": TagGroup(open=True, filling={"": shares})},
        tags=dict.fromkeys(shares, KnownTag(group="g")),
    )
    glossary = Glossary(book)
    drawn = Counter(completion("x", glossary, seed, negative="a") for seed in SEEDS)
    assert drawn.keys() == {"b", "c"}
    assert drawn["b"] / len(SEEDS) == pytest.approx(0.75, abs=0.05)


def test_a_filling_with_an_unknown_tag_is_never_drawn() -> None:
    known = {"ribbon": KnownTag(group="hair", count=1)}
    shares = {"ribbon, bow": 0.9, "ribbon": 0.1}
    book = TagBook(tags=known, groups={"hair": TagGroup(open=True, filling={"": shares})})
    assert {completion("x", Glossary(book), seed) for seed in range(9)} == {"ribbon"}
