"""Any text is read without an exception, and no text around it lifts the floor."""

from __future__ import annotations

from functools import cache

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.policy.rulebook import SERVER
from bot.policy.screening import Screen, Term
from bot.rulebooks import load

PIECES = st.one_of(
    st.sampled_from([
        "(", ")", "[", "]", "{", "}", "<", ">", "|", ":", ",", "_", "-", ".", "\\", "BREAK",
        "break", "0.5", ":1.2)", ":-1)", "[a|b]", "{a|b}", "[a:b:0.5]", "1girl", "12", "years",
        "old", "nude", "child", "loli", "Emma", "Watson", "裸", "少女", "ロリ", "소녀",
        "\u0433\u043e\u043b\u0430\u044f", "\x01", "\u200b", "\u0336", "<|x|>", "l0li", "1", "!",
    ]),
    st.text(max_size=6),
)  # fmt: skip
PROMPTS = st.lists(PIECES, max_size=40).map(" ".join) | st.lists(PIECES, max_size=40).map("".join)


@cache
def screen() -> Screen:
    return Screen(load(), [Term(text="dragon"), Term(text="竜")], ["dragon fruit"])


@given(prompt=PROMPTS, negative=PROMPTS)
@settings(max_examples=300, deadline=None)
def test_any_text_can_be_screened(prompt: str, negative: str) -> None:
    found = screen().findings(prompt, negative)
    rules = load().rules
    assert all(finding.rule in rules or finding.rule == SERVER for finding in found)
    assert len({(finding.rule, finding.words) for finding in found}) == len(found)
    assert all(len(finding.words) <= 4 for finding in found)


@given(before=PROMPTS, after=PROMPTS)
@settings(max_examples=150, deadline=None)
def test_no_surrounding_text_hides_a_forbidden_word(before: str, after: str) -> None:
    """Between commas it is a word, whichever brackets are open."""
    found = screen().findings(f"{before}, lolicon, {after}")
    floor = {rule.id for rule in load().rules.values() if rule.floor}
    assert floor & {finding.rule for finding in found}


@given(prompt=PROMPTS)
@settings(max_examples=100, deadline=None)
def test_screening_again_finds_the_same(prompt: str) -> None:
    again = screen().findings(prompt)
    assert (
        screen().findings(prompt)
        == again
        == Screen(load(), [Term(text="dragon"), Term(text="竜")], ["dragon fruit"]).findings(prompt)
    )
