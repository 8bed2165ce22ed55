"""The rulebook: every rule passes its own tests, and no faulty file gets past the start."""

from __future__ import annotations

from functools import cache

import pytest

from bot.domain import RuleId
from bot.policy.rulebook import RulebookError, decode_rulebook
from bot.policy.screening import Screen
from bot.policy.spelling import expand_braces
from bot.rulebooks import load, package_files

NEGATIVE = " Negative prompt: "
TRIALS = [
    (rule.id, text, found)
    for rule in load().rules.values()
    for texts, found in ((rule.tests.finds, True), (rule.tests.passes, False))
    for text in texts
]


@cache
def screen() -> Screen:
    return Screen(load())


@pytest.mark.parametrize(("rule", "text", "found"), TRIALS)
def test_every_rule_passes_the_tests_in_its_own_file(
    rule: RuleId, text: str, *, found: bool
) -> None:
    prompt, _, negative = text.partition(NEGATIVE)
    findings = screen().findings(prompt, negative)
    assert (rule in {finding.rule for finding in findings}) is found, findings


FAULTS = {
    "rules/sexual.toml": [
        (b"title", b"tittle", "rules/sexual.toml: title is missing"),
        (b'when = "explicit', b'when = "explicid', "names the concept explicid"),
        (b"or unwanted", b"or or unwanted", "`or` where a concept"),
        (b'"adults"', b'"grown-ups"', "effect.audience must be one of everybody, adults"),
        (b"[tests]", b"[tests", "rules/sexual.toml is not valid TOML"),
        (b"Sexual", b"\xff", "is not UTF-8"),
    ],
    "rules/minors-sexual.toml": [
        (b"floor = true", b"floor = true\ndeniable = true", "neither the floor nor the licence")
    ],
    "rules/gore.toml": [(b'title = "Gore"', b'title = "Gore"\nclause = "z"', "clause z is none")],
    "concepts/gore.toml": [
        (b"source", b"includes = ['gore']\nsource", "includes gore, which includes it"),
        (b"source", b"includes = ['blood']\nsource", "includes blood, which has no file"),
        (b"[terms]", b"[terms]\nxx = 3\n", "terms.xx must be a list"),
    ],
    "combinations.toml": [
        (b'"sexual or', b'"sexual or or', "combinations.toml: explicit"),
        (b"sexual or", b"sexuel or", "names the concept sexuel"),
    ],
    "concepts/undressed.toml": [(b"<worn>", b"<wron>", "the slot 'wron'")],
    "presets.toml": [
        (b"sexual =", b"sexuell =", "family.sexuell is no rule"),
        (
            b"[family]",
            b"[family]\nminors-sexual = { ruling = 'allow' }",
            "is no rule that a preset",
        ),
    ],
    "licences.toml": [(b'"law",', b'"lore",', "names lore, which has no file")],
}


@pytest.mark.parametrize(
    ("path", "old", "new", "message"),
    [(path, *fault) for path, faults in FAULTS.items() for fault in faults],
)
def test_a_fault_is_named_with_its_file(path: str, old: bytes, new: bytes, message: str) -> None:
    files = package_files()
    assert old in files[path]
    files[path] = files[path].replace(old, new, 1)
    with pytest.raises(RulebookError, match=None) as fault:
        decode_rulebook(files)
    assert path in str(fault.value)
    assert message in str(fault.value)


@pytest.mark.parametrize(
    "path",
    ["rules/unreadable.toml", "concepts/characters.toml", "presets.toml", "lexicon/ordinary.txt"],
)
def test_a_missing_file_is_named(path: str) -> None:
    files = package_files()
    del files[path]
    with pytest.raises(RulebookError, match=path):
        decode_rulebook(files)


def test_braces_expand_to_every_form() -> None:
    assert list(expand_braces("a b")) == ["a b"]
    assert list(expand_braces("nak{ed,edly} {x,y}")) == [
        "naked x",
        "naked y",
        "nakedly x",
        "nakedly y",
    ]
    assert list(expand_braces("nackt{,e}, ja")) == ["nackt, ja", "nackte, ja"]
