"""Captions: how a tag is written, and what the policy makes of a caption."""

from __future__ import annotations

from random import Random

import pytest

from models.data.tagging import (
    BooruRating,
    Caption,
    CaptionPolicy,
    Order,
    Parentheses,
    is_emoticon,
    quality_tag,
)

#: Nothing is random unless a test says so.
PLAIN = CaptionPolicy(caption_dropout=0)
TAGS = ("1girl", "blue_hair", "glasses", "smile", "solo", "hat", "bow", "scarf")


def said(policy: CaptionPolicy, caption: Caption, seed: int = 0) -> list[str]:
    return policy.apply(caption, Random(seed)).split(", ")


@pytest.mark.parametrize(
    "tag", [":3", "^_^", "o_o", ">_<", "(o)_(o)", "<|>_<|>", "6_9", ":)", "@_@"]
)
def test_an_emoticon_keeps_its_underscore_and_its_parentheses(tag: str) -> None:
    strip = CaptionPolicy(parentheses=Parentheses.STRIP)
    assert is_emoticon(tag)
    assert PLAIN.clean(tag) == strip.clean(tag) == tag


@pytest.mark.parametrize(
    ("tag", "clean"),
    [
        ("blue_hair", "blue hair"),
        ("  long_hair ", "long hair"),
        ("saber_(fate)", "saber (fate)"),
        (r"saber_\(fate\)", "saber (fate)"),
        ("saber (fate)", "saber (fate)"),
        ("rating:general", "rating:general"),
    ],
)
def test_underscores_become_spaces(tag: str, clean: str) -> None:
    assert PLAIN.clean(tag) == clean


def test_underscores_can_be_kept() -> None:
    assert CaptionPolicy(replace_underscores=False).clean("blue_hair") == "blue_hair"


@pytest.mark.parametrize(
    ("tag", "escaped", "stripped"),
    [
        ("saber_(fate)", r"saber \(fate\)", "saber"),
        ("fate_(series)", r"fate \(series\)", "fate"),
        ("artoria_(lancer)_(fate)", r"artoria \(lancer\) \(fate\)", "artoria"),
        ("a_name_(of_(two))", r"a name \(of \(two\)\)", "a name"),
        ("(only)", r"\(only\)", "(only)"),
        (":)", r":\)", ":)"),
    ],
)
def test_parentheses_are_kept_escaped_or_stripped(tag: str, escaped: str, stripped: str) -> None:
    assert CaptionPolicy(parentheses=Parentheses.ESCAPE).clean(tag) == escaped
    assert CaptionPolicy(parentheses=Parentheses.STRIP).clean(tag) == stripped


def test_an_escaped_tag_in_a_prompt_reads_back_as_the_tag() -> None:
    from models.prompt import parse

    escaped = CaptionPolicy(parentheses=Parentheses.ESCAPE).clean("saber_(fate)")
    assert [(piece.text, piece.weight) for piece in parse(escaped)] == [("saber (fate)", 1.0)]


def test_a_repeated_tag_appears_once_in_its_first_place() -> None:
    caption = Caption(tags=("blue_hair", "hat", "blue hair", "hat", "1girl"))
    assert said(PLAIN, caption) == ["blue hair", "hat", "1girl"]
    assert PLAIN.tags(caption) == ["blue hair", "hat", "1girl"]
    # A repeated tag does not count towards the first few either.
    shuffled = CaptionPolicy(caption_dropout=0, order=Order.SHUFFLE, tag_dropout=1, keep_first=3)
    assert said(shuffled, caption) == ["blue hair", "hat", "1girl"]


def test_housekeeping_tags_are_left_out_and_the_list_can_be_changed() -> None:
    caption = Caption(tags=("1girl", "translation_request", "bad_pixiv_id", "commentary", "hat"))
    assert said(PLAIN, caption) == ["1girl", "hat"]
    everything = CaptionPolicy(caption_dropout=0, leave_out=())
    assert len(said(everything, caption)) == 5
    assert said(CaptionPolicy(caption_dropout=0, leave_out=("h?t",)), caption)[-1] == "commentary"


def test_the_default_order_is_the_sources_and_never_random() -> None:
    expected = [tag.replace("_", " ") for tag in TAGS]
    assert all(said(PLAIN, Caption(tags=TAGS), seed) == expected for seed in range(20))


def test_shuffling_moves_all_but_the_first_few_and_loses_none() -> None:
    policy = CaptionPolicy(caption_dropout=0, order=Order.SHUFFLE, keep_first=2)
    orders = [said(policy, Caption(tags=TAGS), seed) for seed in range(50)]
    assert all(order[:2] == ["1girl", "blue hair"] for order in orders)
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    assert {order[2] for order in orders} == set(orders[0][2:])


def test_the_same_random_state_gives_the_same_caption() -> None:
    policy = CaptionPolicy(order=Order.SHUFFLE, tag_dropout=0.3, caption_dropout=0.3)
    captions = [policy.apply(Caption(tags=TAGS), Random(seed)) for seed in range(30)]
    assert captions == [policy.apply(Caption(tags=TAGS), Random(seed)) for seed in range(30)]
    assert len(set(captions)) > 15


def test_tags_are_dropped_at_the_set_rate_but_the_first_never() -> None:
    policy = CaptionPolicy(caption_dropout=0, tag_dropout=0.25, keep_first=1)
    rng = Random(0)
    times = 2000
    left = [policy.apply(Caption(tags=TAGS), rng).split(", ") for _ in range(times)]
    assert all(tags[0] == "1girl" for tags in left)
    for tag in ("blue hair", "scarf"):
        assert sum(tag in tags for tags in left) / times == pytest.approx(0.75, abs=0.03)


def test_whole_captions_are_dropped_at_the_set_rate() -> None:
    rng = Random(0)
    policy = CaptionPolicy()
    empty = sum(policy.apply(Caption(tags=TAGS), rng) == "" for _ in range(4000))
    assert empty / 4000 == pytest.approx(0.1, abs=0.015)
    assert CaptionPolicy(caption_dropout=1).apply(Caption(sentence="a girl"), rng) == ""


def test_a_sentence_is_left_as_it_is() -> None:
    policy = CaptionPolicy(caption_dropout=0, order=Order.SHUFFLE, tag_dropout=1, quality_tags=True)
    caption = Caption(sentence="a girl with blue_hair (smiling)", score=9)
    assert policy.apply(caption, Random(0)) == "a girl with blue_hair (smiling)"
    assert caption.text == "a girl with blue_hair (smiling)"


@pytest.mark.parametrize(
    ("score", "tag"),
    [
        (10, "masterpiece"), (7.5, "masterpiece"), (7.49, "best quality"), (6.5, "best quality"),
        (6.0, "high quality"), (5.9, "medium quality"), (4.5, "medium quality"),
        (3.0, "low quality"), (2.9, "worst quality"), (1, "worst quality"),
    ],
)  # fmt: skip
def test_an_aesthetic_score_maps_to_its_quality_tag(score: float, tag: str) -> None:
    assert quality_tag(Caption(score=score)) == tag


@pytest.mark.parametrize(
    ("votes", "tag"),
    [
        (900, "masterpiece"), (150, "masterpiece"), (149, "best quality"), (100, "best quality"),
        (50, "high quality"), (10, "medium quality"), (0, "low quality"), (-1, "worst quality"),
    ],
)  # fmt: skip
def test_votes_map_to_a_quality_tag_without_an_aesthetic_score(votes: int, tag: str) -> None:
    assert quality_tag(Caption(votes=votes)) == tag
    assert quality_tag(Caption(votes=votes, score=7)) == "best quality"
    assert quality_tag(Caption()) is None


def test_quality_comes_first_rating_last_and_both_are_off_by_default() -> None:
    caption = Caption(tags=TAGS, rating=BooruRating.SENSITIVE, votes=200)
    policy = CaptionPolicy(
        caption_dropout=0, order=Order.SHUFFLE, tag_dropout=1, quality_tags=True, rating_tags=True
    )
    assert said(policy, caption) == ["masterpiece", "rating:sensitive"]
    unknown = said(policy, Caption(tags=TAGS))
    assert unknown == [""]
    assert not {"masterpiece", "rating:sensitive"} & set(said(PLAIN, caption))


@pytest.mark.parametrize(
    "wrong", [{"tag_dropout": 1.5}, {"caption_dropout": -0.1}, {"keep_first": -1}]
)
def test_invalid_values_are_refused_by_name(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        CaptionPolicy(**wrong)  # type: ignore[arg-type]
