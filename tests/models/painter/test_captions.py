"""Captions: true, complete where it counts, and within what the text encoder reads."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from pathlib import Path
from random import Random

import pytest

from models.painter.captions import (
    CHEERFUL,
    GIRLS,
    PRAISE,
    SYNONYMS,
    TEMPLATES,
    UNKNOWN,
    caption,
    caption_words,
    full_caption,
    prompt,
    synonym,
)
from models.painter.portrait import Portrait, sample
from models.painter.tags import tags, vocabulary
from models.pretraining import vocabulary as tokens

#: The words of sentences besides tags.
GLUE = {"a", "an", "and", "with", "wearing", "wears", "in", "on", "who", "has", "of", "draw"}
GLUE |= {"anime", "portrait", "cute", "alone", "clothes", "face"}


def said_for(text: str) -> list[str]:
    """All ways in which captions express a tag."""
    return [text, *SYNONYMS.get(text, ())]


def plain(text: str) -> str:
    """A caption without punctuation."""
    return " ".join(text.replace("_", " ").replace(",", " ").split())


def is_true(text: str, p: Portrait) -> bool:
    """Whether the caption consists only of true tags, praise, other words and glue."""
    known = {plain(way) for tag in tags(p) for way in said_for(tag.text)}
    known |= {*PRAISE, *UNKNOWN, *GLUE, "boy" if p.boy else "girl"}
    spoken = plain(text).split()

    @cache
    def falls(at: int) -> bool:
        return at == len(spoken) or any(
            " ".join(spoken[at:end]) in known and falls(end)
            for end in range(at + 1, min(at + 6, len(spoken)) + 1)
        )

    return falls(0)


def test_a_caption_never_states_anything_untrue() -> None:
    for s in range(800):
        p, rng = sample(Random(s)), Random(s)
        for text in (prompt(p), full_caption(p), *(caption(p, rng) for _ in range(3))):
            assert is_true(text, p), text


def test_a_false_word_would_be_noticed() -> None:
    p = sample(Random(0))
    other = next(q for s in range(1, 50) if (q := sample(Random(s))).hair_colour != p.hair_colour)
    assert is_true(full_caption(p), p)
    assert not is_true(full_caption(other), p)
    assert not is_true(f"{full_caption(p)}, {other.hair_colour} hair", p)


def test_uncommon_attributes_are_nearly_always_stated() -> None:
    stated: Counter[bool] = Counter()
    common: Counter[bool] = Counter()
    for s in range(2500):
        p = sample(Random(s))
        text = f" {plain(caption(p, Random(s)))} "
        groups: dict[tuple[str, bool], list[str]] = {}
        for tag in tags(p):
            if tag.group not in ("solo", "figure"):
                groups.setdefault((tag.group, tag.common), []).extend(said_for(tag.text))
        for (_, everybody), ways in groups.items():
            (common if everybody else stated)[any(f" {plain(way)} " in text for way in ways)] += 1
    assert stated[True] / stated.total() > 0.95
    assert 0.6 < common[True] / common.total() < 0.9


def test_a_prompt_has_one_tag_for_each_group() -> None:
    for s in range(300):
        p = sample(Random(s))
        said = prompt(p).split(", ")
        groups = {tag.group: tag.text for tag in reversed(tags(p)) if tag.group != "solo"}
        assert sorted(said) == sorted(set(groups.values()))


def test_captions_repeat_with_the_same_random_state_and_vary_otherwise() -> None:
    p = sample(Random(1))
    assert caption(p, Random(5)) == caption(p, Random(5))
    assert len({caption(p, Random(s)) for s in range(40)}) > 30


def test_captions_come_as_tags_sentences_and_underscores() -> None:
    texts = [caption(sample(Random(s)), Random(s)) for s in range(600)]
    sentences = sum(any(lead in text for lead in (" who has ", " with ")) for text in texts)
    assert 0.05 < sentences / 600 < 0.25
    assert any("_" in text for text in texts)
    assert any("," not in text for text in texts)
    assert any(word in text.split(", ") for text in texts for word in PRAISE)


def test_synonyms_belong_to_tags_and_are_not_tags_themselves() -> None:
    known = set(vocabulary())
    assert set(SYNONYMS) <= known
    ways = [way for others in SYNONYMS.values() for way in others]
    assert len(set(ways)) == len(ways)
    assert not set(ways) & known


def test_words_lists_every_word_of_every_caption() -> None:
    known = set(caption_words())
    for s in range(600):
        p = sample(Random(s))
        for text in (caption(p, Random(s)), full_caption(p)):
            spoken = text.replace("_", " ").split()
            assert {word.strip(",") for word in spoken} <= {word.strip(",") for word in known}
    assert all(len(template.split("{has}")) == 2 for template in TEMPLATES)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("tokenizer")
    tokens.write(out)
    return out


def test_prompts_fit_into_what_the_text_encoder_reads(folder: Path) -> None:
    tokenizer = tokens.load(folder)
    prompts = [prompt(sample(Random(s))) for s in range(3000)]
    lengths = [len(ids) for ids in tokenizer(prompts).input_ids]
    assert 40 < max(lengths) <= tokens.LENGTH


def test_a_synonym_never_contradicts_the_portrait() -> None:
    plain_girl = replace(sample(Random(0)), boy=False, brows="plain", tears=False)
    boy, crying = replace(plain_girl, boy=True), replace(plain_girl, tears=True)
    said = {
        who: {
            synonym(tag, Random(i), p)
            for tag in ("cat ears", "smile", "open mouth", "closed mouth")
            for i in range(300)
        }
        for who, p in (("girl", plain_girl), ("boy", boy), ("crying", crying))
    }
    assert not any("best girl" in caption(boy, Random(i)) for i in range(300))
    assert any("best girl" in caption(plain_girl, Random(i)) for i in range(300))
    assert {"cat girl", "happy", "neutral expression"} <= said["girl"]
    assert not said["boy"] & {*GIRLS}
    assert not said["crying"] & {*CHEERFUL}
    assert "smiling" in said["crying"]
