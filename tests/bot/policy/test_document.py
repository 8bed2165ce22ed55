"""A policy as a file: it reads back as written, and every faulty file is refused clearly."""

from __future__ import annotations

import random
import re
import tomllib
from contextlib import suppress
from dataclasses import fields, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import ChannelId, GuildId, RoleId, RuleId, Ruling
from bot.policy.arrangements import GalleryTerms, StrikeTerms
from bot.policy.document import (
    PLACES_MAX,
    ROLES_MAX,
    TERMS_MAX,
    DocumentError,
    _Document,
    effect_of,
    effect_text,
    faults_of,
    from_toml,
    tree_of,
)
from bot.policy.document_faults import REASON_CHARS_MAX, TERM_CHARS_MAX
from bot.policy.effect import Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.screening import Term
from bot.policy.toml_text import BYTES_MAX, comment, key, listed, quoted
from bot.policy.writing import to_toml
from tests.stages.factories import GUILD
from tests.stages.policies import (
    BOOK,
    EFFECTS,
    GROWN,
    LAWFUL,
    NEVER,
    OPEN,
    OWN_RULES,
    long_terms,
    policies,
)

#: Rules that are stated only: no prompt can break them, so there is nothing to set.
STATED = replace(BOOK, rules={id_: replace(rule, when=None) for id_, rule in BOOK.rules.items()})
PLAIN = GuildPolicy(guild_id=GUILD)
FULL = GuildPolicy(
    guild_id=GUILD,
    preset="family",
    rules=Overrides(effects={OPEN: Effect(ruling=Ruling.SPOILER)}, enabled=True),
    channels={ChannelId(5): Overrides(enabled=False)},
    roles={RoleId(6): RoleTerms(exempt=frozenset({OPEN}), per_day_max=9)},
    blocked=(Term(text="spoiler dragon", reason="we are reading it"),),
    allowed=("naked mole rat",),
    only_channels=frozenset({ChannelId(7), ChannelId(8)}),
)


def read(text: str | bytes) -> GuildPolicy:
    return from_toml(text.encode() if isinstance(text, str) else text, GUILD, BOOK)


def fault(text: str | bytes) -> str:
    with pytest.raises(DocumentError) as raised:
        read(text)
    assert str(raised.value)
    assert len(str(raised.value)) < 1200
    return " | ".join(raised.value.faults)


@settings(max_examples=100, deadline=None)
@given(policies(OWN_RULES))
def test_a_policy_reads_back_as_written(policy: GuildPolicy) -> None:
    assert not list(faults_of(policy, BOOK))
    written = to_toml(policy, BOOK, {12: 'a "name"\n[channels.9]', 13: "\u202e\x7f"})
    assert read(written) == policy
    assert to_toml(read(written), BOOK) == to_toml(policy, BOOK)


def test_channels_and_roles_are_named_beside_their_ids() -> None:
    written = to_toml(FULL, BOOK, {5: "general", 6: "Artists"})
    assert "\n# general\n[channels.5]\n" in written
    assert "\n# Artists\n[roles.6]\n" in written
    assert "only_channels = [\n    7,\n    8,\n]\n" in written
    assert 'allowed = ["naked mole rat"]\n' in written
    bare = to_toml(FULL, BOOK)
    assert "# general" not in bare
    assert "#\n[channels.5]" not in bare


def test_values_are_written_as_toml() -> None:
    assert quoted('a"b\\\n') == r'"a\"b\\\n"'
    assert quoted("é\x7f") == '"é\\u007f"'
    assert [key("Real-person_2"), key("a.b"), key("")] == ["Real-person_2", '"a.b"', '""']
    assert [listed([]), listed([1]), listed(["a"])] == ["[]", "[1]", '["a"]']
    assert listed([1, 2]) == "[\n    1,\n    2,\n]"
    assert comment("a \x00b\n\nc") == "# a  b\n#\n# c\n"
    assert comment("") == ""


def test_another_servers_file_can_be_imported() -> None:
    other = from_toml(to_toml(FULL, BOOK).encode(), GuildId(99), BOOK)
    assert other == replace(FULL, guild_id=GuildId(99))


def test_the_file_names_every_key_and_unset_keys_stay_default() -> None:
    written = to_toml(PLAIN, BOOK)
    for field in fields(_Document):
        assert re.search(rf"\b{field.name}\b", written), field.name
    for rule in (LAWFUL, GROWN, OPEN):
        assert f'# {rule} = "{effect_text(BOOK.rules[rule].effect)}"   Title of {rule}\n' in written
    assert '# open = "refuse"   Title of open\n' in to_toml(FULL, BOOK), "what the preset says"
    assert str(NEVER) not in written
    assert read("version = 1") == PLAIN


def test_a_stated_only_rule_is_not_offered() -> None:
    assert "Title of" not in to_toml(PLAIN, STATED)


def test_the_commented_examples_are_a_valid_policy() -> None:
    lines = to_toml(PLAIN, BOOK).splitlines()
    shown = [
        line.removeprefix("# ").replace("suggestive", "open")
        for line in lines
        if re.match(
            r'# (\[(channels|roles)\.|enabled|suggestive = "spoiler|exempt|per_day_max = 2|")', line
        )
    ]
    policy = read("\n".join(["version = 1", *shown[:-1], "[blocked]", shown[-1]]))
    some = 123456789012345678
    assert policy.channels[ChannelId(some)] == Overrides(
        enabled=False, effects={OPEN: Effect(ruling=Ruling.SPOILER)}
    )
    assert policy.roles[RoleId(some)] == RoleTerms(exempt=frozenset({OPEN}), per_day_max=200)
    assert policy.blocked == (Term(text="spoiler dragon", reason="we are still reading it"),)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "version is missing"),
        ("version = 2", "version must be 1"),
        ("preset = 'x'", "version is missing"),
        ("version = 1\npreset = 'lax'", "preset must be one of family, standard, age-restricted"),
        ("version = 1\nprest = 'x'", "prest is not a key of a policy"),
        ("version = 1\n[server]\nenabled = 'yes'", "server.enabled must be true or false"),
        ("version = 1\n[server.rules]\nopen = 'maybe'", 'server.rules.open must be "allow"'),
        ("version = 1\n[server.rules]\nopen = 'hold, hold'", "server.rules.open must be"),
        ("version = 1\n[server.rules]\nopn = 'hold'", "server.rules: there is no rule opn; open"),
        ("version = 1\n[server.rules]\nzzz = 'hold'", "there is no rule zzz"),
        ("version = 1\n[server.rules]\nnever = 'allow'", "never is the same in every server"),
        ("version = 1\n[channels.5.rules]\nnever = 'hold'", "channels.5.rules: never is the same"),
        ("version = 1\n[categories.5.rules]\nzzz = 'hold'", "categories.5.rules: there is no rule"),
        (
            "version = 1\n[roles.5]\nexempt = ['never']",
            "roles.5.exempt: never is the same",
        ),
        ("version = 1\n[roles.5]\nexempt = [1]", "roles.5.exempt must be a list of texts"),
        ("version = 1\n[roles.5]\nwaiting_max = -1", "roles.5.waiting_max must be"),
        ("version = 1\n[roles.5]\nwaiting_max = 100001", "roles.5.waiting_max must be"),
        ("version = 1\n[channels.general]", "channels.general must be named after an id"),
        ("version = 1\n[channels.0]", "channels.0 must be named after an id"),
        ("version = 1\n[channels.05]", "channels.05 must be named after an id"),
        ("version = 1\n[categories.9223372036854775808]", "must be named after an id"),
        ("version = 1\n[roles.x]", "roles.x must be named after an id"),
        ("version = 1\nonly_channels = ['x']", "only_channels must be a list of ids"),
        ("version = 1\nreview_channel = 0", "review_channel must be the id"),
        ("version = 1\nlog_channel = 9223372036854775808", "log_channel must be the id"),
        ("version = 1\n[strikes]\nexpire_days = 0", "strikes.expire_days must be"),
        ("version = 1\n[strikes]\nexpire_days = 3651", "strikes.expire_days must be"),
        ("version = 1\n[strikes]\ntimeout_minutes = 0", "strikes.timeout_minutes must be"),
        ("version = 1\n[strikes]\ntimeout_minutes = 40321", "strikes.timeout_minutes must be"),
        ("version = 1\n[blocked]\nx = 'why'", "blocked.x must be a table"),
        ("version = 1\n[blocked]\nx = {effect = 'no'}", "blocked.x.effect must be"),
        ("version = 1\n[blocked]\n'!!' = {}", "blocked.!!: a term needs a word"),
        ('version = 1\n[blocked]\n"a\\nb" = {}', "a term is one line"),
        ("version = 1\nallowed = ['']", "a term needs a word"),
        ("version = 1\nallowed = ['a', 'a']", "allowed has a term twice"),
        ("version = 1\npaused = nan", "paused must be true or false, not nan"),
        ("version = [", "it is not valid TOML: "),
        ("version = 1\nversion = 1", "it is not valid TOML: "),
        (b"version = 1 # \xff", "it is not UTF-8 text"),
        ("version = " + "1" * 4096, "has more than 4,096 characters"),
        ("version = 1\npreset = '\x00'", "it is not valid TOML: "),
    ],
)
def test_a_fault_is_reported_with_its_path(text: str | bytes, message: str) -> None:
    assert message in fault(text)


def test_all_faults_are_listed_and_the_message_is_the_first() -> None:
    with pytest.raises(DocumentError) as raised:
        read("version = 1\npausd = 1\n[server]\nenabled = 3\n[strikes]\nlimit = 'x'")
    assert len(raised.value.faults) == 3
    assert str(raised.value).endswith("(and 2 more)")
    with pytest.raises(DocumentError) as raised:
        read("version = 1\n'@everyone **x**' = 1")
    assert "\\*\\*x" in str(raised.value), "the file's markup is escaped"
    assert "@\u200beveryone" in str(raised.value)


def test_the_message_is_short_and_counts_the_other_faults() -> None:
    assert str(DocumentError(["one"])) == "one"
    assert str(DocumentError(["one", "two"])) == "one (and 1 more)"
    assert str(DocumentError(["one"] * 3)) == "one (and 2 more)"
    assert str(DocumentError(["x" * 301])) == "x" * 299 + "…"
    assert str(DocumentError(["x" * 300])) == "x" * 300


def test_every_setting_is_in_the_document_that_is_checked() -> None:
    hold = Effect(ruling=Ruling.HOLD)
    policy = GuildPolicy(
        guild_id=GUILD,
        preset="family",
        rules=Overrides(effects={OPEN: hold}, enabled=True),
        categories={ChannelId(1): Overrides(enabled=False)},
        channels={ChannelId(2): Overrides(effects={GROWN: hold})},
        roles={
            RoleId(3): RoleTerms(
                exempt=frozenset({OPEN}), waiting_max=4, per_day_max=5, cooldown_s=6
            )
        },
        blocked=(Term(text="a", reason="b", effect=hold),),
        allowed=("c",),
        only_channels=frozenset({ChannelId(8), ChannelId(7)}),
        paused=True,
        moderator_role=RoleId(9),
        review_channel=ChannelId(10),
        log_channel=ChannelId(11),
        gallery=GalleryTerms(channel=ChannelId(17), votes=18),
        strikes=StrikeTerms(limit=12, expire_days=13, timeout_minutes=14),
        cooldown_s=15,
        per_day_max=16,
    )
    assert tree_of(policy) == {
        "version": 1,
        "preset": "family",
        "paused": True,
        "only_channels": (7, 8),
        "moderator_role": 9,
        "review_channel": 10,
        "log_channel": 11,
        "gallery_channel": 17,
        "gallery_votes": 18,
        "cooldown_s": 15,
        "per_day_max": 16,
        "allowed": ("c",),
        "strikes": {"limit": 12, "expire_days": 13, "timeout_minutes": 14},
        "server": {"enabled": True, "rules": {"open": "hold"}},
        "categories": {"1": {"enabled": False, "rules": {}}},
        "channels": {"2": {"rules": {"grown": "hold"}}},
        "roles": {"3": {"exempt": ("open",), "waiting_max": 4, "per_day_max": 5, "cooldown_s": 6}},
        "blocked": {"a": {"effect": "hold", "reason": "b"}},
    }


LONG_TERM, LONG_REASON = "x" * TERM_CHARS_MAX, "y" * REASON_CHARS_MAX


@pytest.mark.parametrize(
    ("fits", "not_fit", "message"),
    [
        ({"blocked": (Term(text=LONG_TERM),)}, {"blocked": (Term(text=LONG_TERM + "x"),)}, "80"),
        ({"allowed": (LONG_TERM,)}, {"allowed": (LONG_TERM + "x",)}, "80 characters at most"),
        (
            {"blocked": (Term(text="x", reason=LONG_REASON),)},
            {"blocked": (Term(text="x", reason=LONG_REASON + "y"),)},
            "blocked.x.reason must be one line of at most 200",
        ),
        ({}, {"blocked": (Term(text="x", reason="a\nb"),)}, "blocked.x.reason must be one line"),
        ({}, {"blocked": (Term(text="x"), Term(text="x"))}, "blocked has a term twice"),
        (
            {"blocked": long_terms(TERMS_MAX)},
            {"blocked": long_terms(TERMS_MAX + 1)},
            "blocked has 10,001 entries; the limit is 10,000",
        ),
        (
            {"allowed": tuple(map(str, range(TERMS_MAX)))},
            {"allowed": tuple(map(str, range(TERMS_MAX + 1)))},
            "allowed has 10,001 entries",
        ),
        (
            {"channels": {ChannelId(n): Overrides() for n in range(1, PLACES_MAX + 1)}},
            {"channels": {ChannelId(n): Overrides() for n in range(1, PLACES_MAX + 2)}},
            "channels has 501 entries",
        ),
        (
            {"categories": {ChannelId(n): Overrides() for n in range(1, PLACES_MAX + 1)}},
            {"categories": {ChannelId(n): Overrides() for n in range(1, PLACES_MAX + 2)}},
            "categories has 501 entries",
        ),
        (
            {"only_channels": frozenset(map(ChannelId, range(1, PLACES_MAX + 1)))},
            {"only_channels": frozenset(map(ChannelId, range(1, PLACES_MAX + 2)))},
            "only_channels has 501 entries",
        ),
        (
            {"roles": {RoleId(n): RoleTerms() for n in range(1, ROLES_MAX + 1)}},
            {"roles": {RoleId(n): RoleTerms() for n in range(1, ROLES_MAX + 2)}},
            "roles has 251 entries",
        ),
        ({}, {"cooldown_s": -1}, "cooldown_s must be"),
        ({}, {"per_day_max": -1}, "per_day_max must be"),
        ({}, {"strikes": StrikeTerms(limit=-1)}, "strikes.limit must be"),
        ({}, {"rules": Overrides(effects={RuleId("zzz"): Effect()})}, "there is no rule zzz"),
        ({}, {"rules": Overrides(effects={NEVER: Effect()})}, "never is the same in every server"),
        (
            {"blocked": long_terms(1000)},
            {"blocked": tuple(Term(text=f"{n} {'ß' * 70}", reason="ß" * 200) for n in range(4000))},
            "larger than 1,536 KiB",
        ),
    ],
)
def test_a_stored_policy_has_limits(
    fits: dict[str, object], not_fit: dict[str, object], message: str
) -> None:
    policy = replace(PLAIN, **fits)
    assert not list(faults_of(policy, BOOK))
    assert read(to_toml(policy, BOOK)) == policy, "whatever may be stored can be exported"
    assert message in " | ".join(faults_of(replace(PLAIN, **not_fit), BOOK))


HOSTILE = {
    "empty": "",
    "too large": "#" * (BYTES_MAX + 1),
    "brackets": "a = " + "[" * 4000,
    "tables": "a = " + "{b = " * 800,
    "a key of many parts": ".".join("a" * 2000) + " = 1",
    "quoted parts": ".".join(['"a"'] * 1000) + " = 1",
    "many parts after a string": 'a = ["""x"""", {b' + ".b" * 1500 + " = 1}]",
    "many parts after a literal": "a = ['''x'''', {b" + ".b" * 1500 + " = 1}]",
    "headers": "".join(f"[a{'.a' * 8}.b{n}]\n" for n in range(60_000)),
    "lines": "\n" * 200_000,
    "one line": "a = '" + "x" * 5000 + "'",
    "values": "a = [\n" + ("1," * 1000 + "\n") * 400 + "]",
    "a number": "version = " + "9" * 4000,
    "a string without end": 'a = """' + '"\\\n' * 10_000,
    "quotes": "'" * 3000 + '"' * 3000,
    "binary": bytes(range(256)) * 100,
    "utf-16": "version = 1".encode("utf-16"),
    "a date": "version = 1979-05-27T07:32:00Z",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_file_is_refused(name: str) -> None:
    fault(HOSTILE[name])


def test_a_file_that_is_too_deep_or_too_large_is_not_parsed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def parsed(_: str) -> dict[str, object]:
        raise AssertionError

    monkeypatch.setattr(tomllib, "loads", parsed)
    for name in ("brackets", "tables", "a key of many parts", "quoted parts", "headers", "lines",
                 "many parts after a string", "many parts after a literal", "one line",
                 "values", "too large"):  # fmt: skip
        fault(HOSTILE[name])


def test_a_file_with_a_byte_order_mark_and_crlf_is_read() -> None:
    written = to_toml(FULL, BOOK).replace("\n", "\r\n")
    assert read(b"\xef\xbb\xbf" + written.encode()) == FULL


def test_a_damaged_file_raises_only_a_document_error() -> None:
    """A thousand files, each with a piece cut out, doubled or replaced."""
    dice, written = random.Random(5), to_toml(FULL, BOOK)
    for _ in range(1000):
        a, b = sorted(dice.choices(range(len(written)), k=2))
        piece = dice.choice(("", written[a:b] * 2, "\x00", "[", "'", "=", "é", "\udcff", "9" * 30))
        broken = (written[:a] + piece + written[b:]).encode("utf-8", "surrogatepass")
        with suppress(DocumentError):
            assert isinstance(read(broken), GuildPolicy)


@given(EFFECTS)
def test_an_effect_reads_back_as_written(effect: Effect) -> None:
    assert effect_of(effect_text(effect)) == effect


@given(st.binary(max_size=200))
def test_random_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(DocumentError):
        read(data)
