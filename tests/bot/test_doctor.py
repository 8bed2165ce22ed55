"""`python -m bot doctor` on the local Discord: who the bot is, and what each server lets it do."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from bot.sandbox.wire.server import Sandbox

ROOT = Path(__file__).parents[2]


async def examine(
    sandbox: Sandbox, directory: Path, token: str, **settings: str
) -> tuple[int | None, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "doctor",
        cwd=directory,
        env={
            "PYTHONPATH": str(ROOT),
            "ENGINE": "tests.stages.fake_engine",
            "DISCORD_TOKEN": token,
            "DISCORD_API_BASE": sandbox.rest_url,
            "DISCORD_GATEWAY_URL": sandbox.gateway_url,
            **settings,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    return process.returncode, out.decode()


async def test_the_doctor_checks_the_permissions_in_every_server(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        code, said = await examine(sandbox, tmp_path, sandbox.token)
        assert (code, "All is well." in said) == (0, True), said
        assert "logged in as" in said
        sandbox.set_bot_permissions("view_channel", "send_messages")
        code, said = await examine(sandbox, tmp_path, sandbox.token)
        assert code == 1
        assert "Give its role:" in said
        assert "attach files in #general" in said


async def test_a_refused_token_is_one_line_of_advice(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        code, said = await examine(sandbox, tmp_path, "aaaaaaaaaa.bbbbbbbb.cccccccccc")
    assert code == 1
    assert "DISCORD_TOKEN was refused by Discord" in said
    assert "Traceback" not in said


async def test_a_file_that_a_setting_names_and_that_is_missing_is_reported(tmp_path: Path) -> None:
    words = tmp_path / "tags.csv"
    words.write_text("1girl,0,10,\n")
    async with Sandbox() as sandbox:
        code, said = await examine(
            sandbox, tmp_path, sandbox.token,
            TAGS_FILE="none.json", UPSCALER_FILE="none.pth", WD_TAGGER="/none",
        )  # fmt: skip
        assert (code, "3 to fix." in said) == (1, True), said
        for setting in ("TAGS_FILE", "UPSCALER_FILE", "WD_TAGGER"):
            assert f"{setting} names nothing that I can use" in said
            assert f"Fix that, or take {setting} out of .env." in said
        code, said = await examine(
            sandbox, tmp_path, sandbox.token,
            TAGS_FILE=str(words), UPSCALER_FILE=str(words), WD_TAGGER="owner/name",
        )  # fmt: skip
        assert (code, "All is well." in said) == (0, True), said
