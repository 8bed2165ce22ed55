"""A policy file with faults: all are reported, and stated-only rules cannot be set."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.languages import language
from bot.policy.document import DocumentError, from_toml
from bot.words import documents as words
from bot.words.speaking import speaking
from tests.stages.factories import GUILD
from tests.stages.policies import BOOK

#: Rules that are stated only: no prompt can break them, so there is nothing to set.
STATED = replace(BOOK, rules={id_: replace(rule, when=None) for id_, rule in BOOK.rules.items()})


@pytest.mark.parametrize("at", ["server.rules", "channels.5.rules", "categories.5.rules"])
def test_a_stated_only_rule_cannot_be_set(at: str) -> None:
    exempt = "[roles.5]\nexempt = ['open']"
    for path, text in ((at, f"[{at}]\nopen = 'hold'"), ("roles.5.exempt", exempt)):
        with pytest.raises(DocumentError) as raised:
            from_toml(f"version = 1\n{text}".encode(), GUILD, STATED)
        assert raised.value.faults == (
            f"{path}: open is a promise that no prompt can show, so it can't be set",
        )
        assert from_toml(f"version = 1\n{text}".encode(), GUILD, BOOK)


def test_all_faults_of_a_file_are_reported_at_once() -> None:
    file = b"""version = 1
channels = 7
preset = "famly"
allowed = ["!"]
[server.rules]
never = "allow"
open = "maybe"
[categories.4.rules]
opne = "hold"
[roles.5]
exempt = ["zzz", 3]
[roles.mods]
[blocked]
"" = {}
"""
    with pytest.raises(DocumentError) as raised:
        from_toml(file, GUILD, BOOK)
    faults = " | ".join(raised.value.faults)
    for fault in (
        "channels must be", "server.rules.open must be", "server.rules: never is the same",
        "categories.4.rules: there is no rule opne; open is nearest",
        "roles.5.exempt must be", "roles.5.exempt: there is no rule zzz",
        "preset must be one of", "roles.mods must be named after an id",
        "allowed.!: a term needs a word that can be found", "blocked.: a term needs a word",
    ):  # fmt: skip
        assert fault in faults


@pytest.mark.parametrize("at", ["server.rules", "channels.5.rules", "categories.5.rules"])
def test_an_unknown_rule_is_reported_beside_other_faults(at: str) -> None:
    file = f"version = 1\npaused = 7\n[{at}]\nopne = 'hold'\nserver = 'hold'"
    with pytest.raises(DocumentError) as raised:
        from_toml(file.encode(), GUILD, BOOK)
    assert raised.value.faults[1:] == (f"{at}: there is no rule opne; open is nearest",)


def test_every_table_not_named_after_an_id_is_reported() -> None:
    with pytest.raises(DocumentError) as raised:
        from_toml(b"version = 1\npreset = 'famly'\n[channels.a]\n[roles.b]", GUILD, BOOK)
    assert raised.value.faults[:2] == (
        "channels.a must be named after an id: a whole number",
        "roles.b must be named after an id: a whole number",
    )
    assert raised.value.faults[2].startswith("preset must be one of")


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[rules]\nopen = 'hold'", "rules is not a key of a policy; the nearest is server.rules"),
        ("limit = 3", "limit is not a key of a policy; the nearest is strikes.limit"),
        ("prest = 'family'", "prest is not a key of a policy; the nearest is preset"),
        (
            "[channels.5.rule]\nopen = 'hold'",
            "channels.5.rule is not a key of a policy; the nearest is channels.5.rules",
        ),
        ("[strikes]\nrules = 3", "strikes.rules is not a key of a policy"),
        ("zzz = 3", "zzz is not a key of a policy"),
    ],
)
def test_a_misplaced_key_is_reported_with_the_nearest_key(text: str, fault: str) -> None:
    with pytest.raises(DocumentError) as error:
        from_toml(f"version = 1\n{text}".encode(), GUILD, BOOK)
    assert error.value.faults == (fault,)


def test_faults_are_reported_in_the_current_language() -> None:
    file = b"version = 1\nallowed = ['!', '!']\n[server.rules]\nopne = 'hold'\n[roles.mods]"
    with speaking(language("de")):
        with pytest.raises(DocumentError) as raised:
            from_toml(file, GUILD, BOOK)
        wordless = words.WORDLESS_TERM(list="allowed", term="!")
    assert wordless.startswith("allowed.!: Ein Begriff braucht")
    assert raised.value.faults == (
        "roles.mods muss nach einer ID benannt sein: einer ganzen Zahl",
        "server.rules: Die Regel opne gibt es nicht; am nächsten kommt open",
        "allowed enthält einen Begriff doppelt",
        wordless,
        wordless,
    )
