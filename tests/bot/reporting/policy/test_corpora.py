"""The corpora are as large, varied and well marked as they claim; faulty ones are reported."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from bot.reporting.policy.command import CORPORA
from bot.reporting.policy.corpora import Channel, CorpusError, Preset, read

HOUSE = Path(__file__).parents[4]
FOUND = read(HOUSE / CORPORA)


def test_there_are_enough_harmless_prompts_in_enough_languages() -> None:
    by_language = Counter(specimen.language for specimen in FOUND.benign)
    assert sum(by_language.values()) >= 600
    assert sum(count >= 60 for count in by_language.values()) >= 5
    assert len(by_language) >= 9


def test_there_are_enough_forbidden_prompts_of_every_rule() -> None:
    by_rule = Counter(specimen.rule for specimen in FOUND.refused)
    assert sum(by_rule.values()) >= 400
    assert min(by_rule.values()) >= 10, by_rule


def test_there_are_enough_names() -> None:
    by_kind = Counter(name.real for name in FOUND.names)
    assert by_kind[True] >= 150
    assert by_kind[False] >= 200


def test_the_docs_say_how_many_there_are() -> None:
    page = (HOUSE / "docs" / "policy.md").read_text()
    real = sum(name.real for name in FOUND.names)
    assert f"| {len(FOUND.benign):,} |" in page
    assert f"| {len(FOUND.refused):,} |" in page
    assert f"| {real} and {len(FOUND.names) - real} |" in page


def test_no_entry_occurs_twice() -> None:
    # A prompt may be listed for two presets.
    entries = Counter((specimen.told, specimen.preset) for specimen in FOUND.benign + FOUND.refused)
    entries.update((name.text, "") for name in FOUND.names)
    assert [text for text, count in entries.items() if count > 1] == []


def test_forbidden_prompts_mark_their_keys_and_harmless_ones_have_none() -> None:
    assert not [s.told for s in FOUND.benign if s.prompt.keys or s.negative.keys]
    unmarked = [s for s in FOUND.refused if not s.prompt.keys]
    assert {s.source for s in unmarked} == {"refused/minors-sexual.toml: wanted-by-the-negative"}
    keys = [key for s in FOUND.refused for key in s.prompt.keys + s.negative.keys]
    assert not [key for key in keys if key != key.strip() or not key]


def test_only_floor_prompts_are_asked_in_age_restricted_channels() -> None:
    """Nothing but the floor refuses a prompt there."""
    from bot.reporting.policy.measuring import FLOOR

    wrong = {
        s.source for s in FOUND.refused if (s.channel is Channel.ORDINARY) == (s.rule in FLOOR)
    }
    assert wrong == set()


def test_no_real_name_stands_beside_an_adult_word() -> None:
    """Names and adult words are combined when the report is made, and nowhere in the files."""
    names = {name.text.lower() for name in FOUND.names if name.real}
    specimens = [s for s in FOUND.refused if s.channel is Channel.AGE_RESTRICTED]
    assert not [s.told for s in specimens if any(name in s.told.lower() for name in names)]


def write(folder: Path, text: str, benign: str = '"a cat"') -> Path:
    for name in ("benign", "refused", "people"):
        (folder / name).mkdir()
    (folder / "benign" / "a.toml").write_text(
        f'provenance = "x"\n[groups.a]\nabout = "x"\nprompts = [{benign}]\n'
    )
    (folder / "refused" / "a.toml").write_text(text)
    (folder / "people" / "a.toml").write_text(
        'provenance = "x"\nreal = true\n[groups.a]\nabout = "x"\nnames = ["Ada Lovelace"]\n'
    )
    return folder


REFUSED = 'provenance = "x"\nrule = "gore"\nplace = "age-restricted"\n[groups.a]\nabout = "x"\n'


def test_a_group_inherits_from_its_file_and_may_override_it(tmp_path: Path) -> None:
    text = (
        f'{REFUSED}prompts = ["1girl, `guro`, sky Negative prompt: a `b`"]\n'
        '[groups.b]\nabout = "x"\nrule = "shock"\nplace = "ordinary"\npreset = "family"\n'
        'prompts = ["`x`"]\n'
    )
    first, second = read(write(tmp_path, text)).refused
    assert (first.rule, first.channel, first.preset) == (
        "gore",
        Channel.AGE_RESTRICTED,
        Preset.STANDARD,
    )
    assert (first.prompt.text, first.negative.text) == ("1girl, guro, sky", "a b")
    assert (first.prompt.keys, first.negative.keys) == (("guro",), ("b",))
    assert first.told == "1girl, guro, sky Negative prompt: a b"
    assert (second.rule, second.channel, second.preset) == (
        "shock",
        Channel.ORDINARY,
        Preset.FAMILY,
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("provenance = ", "refused/a.toml: "),
        ('provenance = "x"\ngroups = {}\nplaec = "x"', "plaec"),
        (REFUSED.replace("age-restricted", "nowhere") + 'prompts = ["a"]', "nowhere"),
        (REFUSED.replace('rule = "gore"\n', "") + 'prompts = ["a"]', "groups.a needs a rule"),
        (REFUSED + 'prompts = ["1girl, `guro"]', "a backtick is missing"),
        (REFUSED + "prompts = [3]", "groups.a.prompts"),
    ],
)
def test_a_faulty_file_is_reported_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(CorpusError, match=r"refused/a\.toml") as fault:
        read(write(tmp_path, text))
    assert message in str(fault.value)


def test_missing_corpora_are_reported_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CorpusError, match="--corpora"):
        read(tmp_path)
