"""Every character in its plain form, and nothing else changed."""

# ruff: noqa: RUF001  letters that look alike are what is tested
from __future__ import annotations

import sys

import pytest

from bot.policy.folding import JOINT, Letters, composed
from bot.rulebooks import load

LETTERS = Letters(load().lexicon.letters)


def folded(text: str) -> str:
    return composed(text).translate(LETTERS)


@pytest.mark.parametrize("code", range(128))
def test_ascii_text_folds_like_its_single_characters(code: int) -> None:
    """ASCII text is folded at once, by a table of its own."""
    char = chr(code)
    assert LETTERS.fold_composed(f"a{char}B") == f"a{LETTERS[code]}b" == folded(f"a{char}B")


@pytest.mark.parametrize(
    ("shown", "plain"),
    [
        ("NuDe", "nude"),
        ("ＮＵＤＥ", "nude"),
        ("𝓃𝓊𝒹𝑒", "nude"),
        ("ⓝⓤⓓⓔ", "nude"),
        ("🅝🅤🅓🅔", "nude"),
        ("🅽🆄🅳🅴", "nude"),
        ("🇳🇺🇩🇪", "nude"),
        ("⒩⒰⒟⒠", "nude"),
        ("nüdé", "nude"),
        ("n\u0336u\u0336d\u0336e\u0336", "nude"),
        ("nu\u20dd\u0308de", "nude"),
        ("nuԁе", "nude"),
        ("ոսde", "nude"),
        ("ɴᴜᴅᴇ", "nude"),
        ("nʊdɛ", "nude"),
        ("n\u200bu\u00add\u2060e\ufeff", "nude"),
        ("n\u115fu\u3164d\ufe0fe", "nude"),
        ("n\u2800u\u3000d\te", "n u d e"),
        ("straße Ærø œuf", "strasse aero oeuf"),
        ("１٢३๔５", "12345"),
        ("⒈ ㊿", "1 50"),
        ("голая", "rolaya"),
        ("лоли", "loli"),
        ("ﾛﾘ", "ロリ"),
        ("か\u3099", "が"),
        ("ロリータ", "ロリータ"),
        ("\u1102\u116e\u1103\u1173", "누드"),
        ("เปลือย", "เปลือย"),
        ("裸", "裸"),
        ("a-b_c.(d:1)", "a-b_c.(d:1)"),
        ("🌸!", "🌸!"),
        (f"a{JOINT}b", f"a{JOINT}b"),
    ],
)
def test_a_text_folds_to_its_plain_form(shown: str, plain: str) -> None:
    assert folded(shown) == plain


def test_folding_is_idempotent() -> None:
    for code in range(0x20, 0x3000):
        once = folded(chr(code))
        assert folded(once) == once, hex(code)


def test_every_code_point_has_a_plain_form() -> None:
    letters = Letters(load().lexicon.letters)
    assert all(isinstance(letters[code], str) for code in range(0, sys.maxunicode, 7))
    assert not letters[0xD800]
