from __future__ import annotations

from pathlib import Path

import pytest

from bot.domain import SettingsError
from bot.settings import (
    DEFAULTS,
    DISCORD_API,
    DISCORD_GATEWAY,
    broken_lines,
    load,
    strangers,
    token_fault,
)

ROOT = Path(__file__).parents[2]
VARIABLES = list(DEFAULTS)


def test_defaults_need_no_environment() -> None:
    settings = load({}, dotenv=None)
    assert settings.model == "embedded"
    assert settings.threads is None
    assert settings.database_path == Path("data/bot.sqlite3")


def test_the_environment_wins_over_the_file(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("MODEL=from-file\nCAP_USER=3\n")
    settings = load({"MODEL": "from-environment"}, dotenv)
    assert (settings.model, settings.cap_user) == ("from-environment", 3)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CAP_USER", "many"),
        ("CAP_USER", "0"),
        ("LEASE_S", "-5"),
        ("LOG_LEVEL", "loud"),
        ("SANDBOX_PORT", "70000"),
        ("DEV_GUILD_ID", "my server"),
        ("DISCORD_API_BASE", "discord.com"),
        ("THREADS", "³"),
    ],
)
def test_every_wrong_value_is_reported_with_its_variable(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=variable):
        load({variable: value}, dotenv=None)


@pytest.mark.parametrize("variable", VARIABLES)
@pytest.mark.parametrize("document", [".env.example", "docs/settings.md"])
def test_every_setting_is_documented(variable: str, document: str) -> None:
    assert variable in (ROOT / document).read_text()


def test_the_example_is_a_valid_file_that_changes_nothing() -> None:
    assert load({}, ROOT / ".env.example") == load({}, dotenv=None)


def test_the_example_names_exactly_the_settings_that_are_read() -> None:
    lines = (ROOT / ".env.example").read_text().splitlines()
    named = {line.split("=")[0] for line in lines if "=" in line and not line.startswith("#")}
    assert named == set(VARIABLES)


def test_the_table_names_every_setting_with_its_real_default() -> None:
    rows = [
        [cell.strip().strip("`") for cell in line.strip("|").split("|")]
        for line in (ROOT / "docs" / "settings.md").read_text().splitlines()
        if line.startswith("| `")
    ]
    told = {variable: default for variable, default, _ in rows}
    in_words = {"none", "best there is", "all cores but one", "by model and device", "Discord's"}
    assert set(told) == set(VARIABLES)
    for variable, default in DEFAULTS.items():
        said = told[variable]
        if said in in_words:
            assert not default or default in {DISCORD_API, DISCORD_GATEWAY}
        else:
            assert said == default, variable


def test_a_misspelt_setting_is_found_with_the_one_that_was_meant(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("DISCORD_TOKN=abc\nmodel=x\nPAGER=less\nCAP_USER=3\n")
    assert strangers(dotenv) == {"DISCORD_TOKN": "DISCORD_TOKEN", "model": "MODEL", "PAGER": None}


def test_a_line_that_sets_nothing_is_found_and_the_others_are_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text(
        '# a comment\n\ngarbage line\nCAP_USER=3\n\nMODEL\nLEASE_S="7\nexport THREADS=2\n'
    )
    assert broken_lines(dotenv) == [3, 6, 7]
    settings = load({}, dotenv)
    assert (settings.cap_user, settings.threads) == (3, 2)
    assert not caplog.records, "python-dotenv would warn at each reading, and name no file"


@pytest.mark.parametrize("token", ["", "abc", "a.b.c", "aaaaaaaa.bbbbbbbb"])
def test_a_token_of_the_wrong_shape_is_reported(token: str) -> None:
    assert "DISCORD_TOKEN" in (token_fault(token) or "")


def test_a_token_is_never_repeated_in_an_error() -> None:
    assert "s3cret" not in (token_fault("s3cret") or "")


def test_a_token_of_the_right_shape_passes() -> None:
    assert token_fault("MTIzNDU2Nzg5MDEyMzQ1Njc4.Gabcde.abcdefghijklmnopqrstuvwxyz0123") is None


@pytest.mark.parametrize(
    ("variable", "value", "wanted"),
    [
        ("CAP_USER", "many", "a whole number from 1 to 10000"),
        ("CAP_USER", "0", "a whole number from 1 to 10000"),
        ("CAP_USER", "2.5", "a whole number from 1 to 10000"),
        ("CAP_USER", "8.0", "a whole number from 1 to 10000"),
        ("CAP_USER", "1e1", "a whole number from 1 to 10000"),
        ("CAP_USER", "true", "a whole number from 1 to 10000"),
        ("CAP_USER", "9" * 60, "a whole number from 1 to 10000"),
        ("PREVIEW_EVERY", "-1", "a whole number from 0 to 100"),
        ("THREADS", "null", "a whole number from 1 to 256"),
        ("THREADS", "³", "a whole number from 1 to 256"),
        ("DEV_GUILD_ID", "my server", f"a whole number from 1 to {2**63 - 1}"),
        ("LOG_LEVEL", "loud", "one of DEBUG, INFO, WARNING, ERROR"),
        ("LOG_LEVEL", "info", "one of DEBUG, INFO, WARNING, ERROR"),
        ("DISCORD_API_BASE", "discord.com", "an address that begins with https or http://"),
        ("DISCORD_GATEWAY_URL", "https://x", "an address that begins with wss or ws://"),
        ("DATA_DIR", "~nobody-of-that-name/x", "a path on this machine"),
        ("DISCORD_OPENAPI", "~nobody-of-that-name/x", "a path on this machine"),
    ],
)
def test_a_wrong_value_is_reported_with_the_allowed_values(
    variable: str, value: str, wanted: str, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(f"{variable}={value}")
    with pytest.raises(SettingsError) as caught:
        load({}, dotenv=tmp_path / ".env")
    told = f"{variable} must be {wanted}, not {value!r}. Mend it in .env."
    assert str(caught.value) == told


def test_all_wrong_values_are_reported_at_once_with_their_origin(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("CAP_USER=many\nLEASE_S=60\nLOG_LEVEL=INFO")
    with pytest.raises(SettingsError) as caught:
        load({"LOG_LEVEL": "loud"}, dotenv=tmp_path / ".env")
    user, level = sorted(str(caught.value).splitlines())
    assert user.startswith("CAP_USER must be")
    assert user.endswith("Mend it in .env.")
    assert level.startswith("LOG_LEVEL must be")
    assert level.endswith("It is set in the environment, which wins over .env.")


def test_values_are_read_with_their_types() -> None:
    texts = {
        "DEV_GUILD_ID": str(2**62),
        "DATA_DIR": "~/bot",
        "THREADS": " 4 ",
        "CAP_USER": "  ",
        "DISCORD_API_BASE": "http://127.0.0.1:1/api//",
        "MODEL": "123",
        "DEVICE": "null",
        "DISCORD_OPENAPI": "x.json",
    }
    settings = load(texts, dotenv=None)
    assert settings.dev_guild_id == 2**62
    assert settings.data_dir == Path.home() / "bot"
    assert (settings.threads, settings.batch_rows, settings.cap_user) == (4, None, 8)
    assert settings.discord_api_base == "http://127.0.0.1:1/api"
    assert settings.discord_gateway_url == DISCORD_GATEWAY
    assert (settings.model, settings.device) == ("123", "null")
    assert settings.discord_openapi == Path("x.json")
    assert load({}, dotenv=None).discord_openapi is None
