"""The screening reads what the model will read: brackets, weights and BREAK hide no word."""

# ruff: noqa: RUF001  letters of every script are what is tested
from __future__ import annotations

import random

import pytest

from bot.domain import Admitted, RefusalReason
from bot.policy.decide import admit
from bot.policy.rulebook import SERVER
from bot.policy.screening import Screen, Term
from bot.rulebooks import load
from models.prompt import parse
from tests.stages.factories import make_ask, make_place
from tests.stages.law import make_guild, make_policy
from tests.stages.spellings import spellings

TERM = "spoiler dragon"
PLAIN = make_guild()
STRICT = make_guild(TERM)
BOOK = load()
SCREEN = Screen(BOOK, [Term(text=TERM)])


def rules(prompt: str, negative: str = "") -> set[str]:
    return {finding.rule for finding in SCREEN.findings(prompt, negative)}


def latin(concept: str) -> list[str]:
    """The English terms that a bracket can split."""
    terms = BOOK.concepts[concept].terms["en"]
    return [term for term in terms if term.isascii() and term.isalpha() and len(term) > 3]


#: The words, the server's policy, whether the place is for adults, and the refusal.
LISTS = {
    "floor": (
        latin("minors-sexualised") + latin("sexual-violence"),
        PLAIN,
        True,
        RefusalReason.FLOOR,
    ),
    "age": (latin("sexual"), PLAIN, False, RefusalReason.AGE),
    "server": ([TERM, "spoilerdragon"] * 40, STRICT, False, RefusalReason.SERVER),
}
BENIGN = [
    "(cat ears, :3)", "(best quality:1.2), [lowres]", "((masterpiece)), 1girl, [blurry]",
    "(classic:1.3) grape juice", "(cocktail dress:1.1), [night city]", "[assassin], (dagger)",
    "hatsune miku \\(vocaloid\\), smile", "a cat BREAK (a dog:1.2) BREAK grass field",
    "(glass of water:0.8) BREAK [analog clock]", "{best quality}, {{detailed sky}}",
    "1girl(smile)[hat]", "(((sextant))), sailor", "[cumulonimbus] clouds", "(peacock:1.05) tail",
    "(baby blue:1.2) bikini", "(baby blue) dress, bikini", "((100 years old) tree)", "(x:-1), sky",
    "(:3:1.2), (^_^), :D, (>w<)", "a) b] (c", "(12:30:1.1), ratio 3:4", "(hello kitty)[card]",
    "（青い空:1.2）, ［夜］", "title (card), un(canny) valley", "dr(apes), win(dow)",
]  # fmt: skip


@pytest.mark.parametrize("name", LISTS)
def test_brackets_hide_no_word(name: str) -> None:
    words, guild, adult, reason = LISTS[name]
    place = make_place(adult=adult)
    policy = make_policy(guild, place)
    dice = random.Random(13)
    passed: list[str] = []
    for word in words:
        for spelled in spellings(word, dice, 12):
            around = dice.choice(("1girl, {}, smile", "{}", "[lowres] {} BREAK sky", "(a:1.2), {}"))
            ask = make_ask(around.format(spelled), place=place)
            # Some weights read as `1.0li` in leetspeak: a refusal by the floor is as good.
            if getattr(admit(ask, policy), "reason", None) not in {reason, RefusalReason.FLOOR}:
                passed.append(spelled)
    assert not passed, f"{len(passed)}: {passed[:20]}"


@pytest.mark.parametrize("prompt", BENIGN)
def test_brackets_form_no_word_that_was_not_written(prompt: str) -> None:
    assert isinstance(admit(make_ask(prompt), make_policy()), Admitted), rules(prompt)


@pytest.mark.parametrize(
    "prompt",
    [
        "1girl(nude)", "1girl{nude}", "1girl（nude）", "no(nude:1.0)", "(1girl)(nude:1.2)girl",
        "nu（）de", "nu（:1.0）de", "（nu）（de：1.1）", "1girl[[nude]]girl",
    ],
)  # fmt: skip
def test_a_word_touching_a_bracket_is_read_alone(prompt: str) -> None:
    assert "sexual" in rules(prompt)


def test_the_model_reads_every_tested_spelling() -> None:
    """The generator's own claim: apart from signs inside it, the parser returns the word."""
    dice = random.Random(13)
    whole = 0
    for spelled in spellings("abcdef", dice, 500):
        read = "".join(piece.text for piece in parse(spelled))
        assert "".join(c for c in read if c not in "()[]\\") == "abcdef", spelled
        whole += read == "abcdef" != spelled
    assert whole > 300


def test_a_negative_weight_in_the_negative_prompt_asks_for_the_thing() -> None:
    def found(negative: str) -> set[str]:
        return rules("1girl, smile", f"lowres, {negative}, blurry")

    assert found("(nude:-1)") == {"sexual"}
    assert found("((nu:1.2)de:-1)") == {"sexual"}
    assert found("(nu:-1)(de:-1.2)") == {"sexual"}
    assert found("（nude：-1）") == {"sexual"}
    assert "minors-sexualised" in found("[(loli:-0.5)]")
    assert not found("(nude:1.2), ((nude:-1):-1), (bra:-1.0:1), nd new")
    assert rules("1girl", "(spoiler dragon:-1)") == {SERVER}


def test_a_negative_weight_in_the_prompt_is_unwanted_but_still_read() -> None:
    assert "adulthood-unwanted" in rules("1girl, nude, (mature female:-1.2)")
    assert rules("1girl, nude, (mature female:1.2)") == {"sexual"}
    assert "sexual" in rules("1girl, (nude:-1)")
