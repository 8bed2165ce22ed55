from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import VoteEmoji
from bot.domain import GuildId, RefusalReason
from bot.languages import language
from bot.policy.layers import GuildPolicy
from bot.store.db import Database, Params, Row
from bot.store.guilds import Guilds
from bot.words.speaking import speaking
from tests.stages.databases import open_database
from tests.stages.factories import CHANNEL, GUILD, OTHER, USER
from tests.stages.law import make_guild, save_policy


@pytest_asyncio.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    database = await open_database(tmp_path / "bot.sqlite3")
    yield database
    await database.close()


@pytest.fixture
def guilds(db: Database) -> Guilds:
    return Guilds(db)


async def test_a_new_server_has_the_default_policy_and_emoji(guilds: Guilds) -> None:
    assert await guilds.policy(GUILD) == GuildPolicy(guild_id=GUILD)
    assert await guilds.vote_emoji(GUILD) == VoteEmoji()


async def test_every_change_is_in_the_next_policy(guilds: Guilds, db: Database) -> None:
    await guilds.policy(GUILD)
    for changed in (make_guild("spiders", disabled=CHANNEL), make_guild("spiders"), make_guild()):
        await save_policy(guilds, changed)
        assert await guilds.policy(GUILD) == changed
        assert await Guilds(db).policy(GUILD) == changed


async def test_servers_do_not_share_their_choices(guilds: Guilds) -> None:
    other = GuildId(5)
    await save_policy(guilds, make_guild("spiders"))
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="🌸", down="🪨"), USER, 2)
    assert (await guilds.policy(other)).blocked == ()
    assert await guilds.vote_emoji(other) == VoteEmoji()
    assert await guilds.audit_log(other, 9) == []


async def test_the_audit_log_tells_who_did_what_newest_first(guilds: Guilds) -> None:
    await save_policy(guilds, make_guild("spiders"), USER, 1)
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="🌸", down="🪨"), OTHER, 2)
    entries = [(e.actor_id, e.action, e.detail, e.at_ms) for e in await guilds.audit_log(GUILD, 9)]
    assert entries == [
        (OTHER, "emoji", "👍 👎 → 🌸 🪨", 2),
        (USER, "policy", "as the test wants it", 1),
    ]
    assert len(await guilds.audit_log(GUILD, 1)) == 1


@pytest.mark.parametrize(("up", "down"), [("👍", "👍"), ("👍", "👍🏽"), ("❤", "❤️"), ("a:1", "b:1")])
async def test_up_and_down_must_differ_in_meaning(guilds: Guilds, up: str, down: str) -> None:
    with speaking(language("de")):
        refused = await guilds.set_vote_emoji(GUILD, VoteEmoji(up=up, down=down), USER, 1)
    assert refused is not None
    assert refused.reason is RefusalReason.INPUT
    assert "zwei verschiedene Emojis" in refused.text, "in the language of the member who chooses"
    assert await guilds.vote_emoji(GUILD) == VoteEmoji()


async def test_a_policy_read_before_a_change_is_not_cached_after_it(
    guilds: Guilds, db: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    fetch_all = db.fetch_all
    reading, go_on = asyncio.Event(), asyncio.Event()

    async def slow(sql: str, params: Params) -> list[Row]:
        rows = await fetch_all(sql, params)
        reading.set()
        await go_on.wait()
        return rows

    monkeypatch.setattr(db, "fetch_all", slow)
    early = asyncio.create_task(guilds.policy(GUILD))
    await reading.wait()
    await guilds.save(make_guild("spiders"), 0, USER, 1, summary="spiders")
    go_on.set()
    await early
    assert [term.text for term in (await guilds.policy(GUILD)).blocked] == ["spiders"]


async def test_a_change_cancelled_while_committing_is_still_seen(
    guilds: Guilds,
) -> None:
    for delay in range(40):
        await guilds.policy(GUILD)
        task = asyncio.create_task(save_policy(guilds, make_guild(f"term {delay}")))
        await asyncio.sleep(delay * 0.0001)
        task.cancel()
        await asyncio.wait([task])
        fresh = await Guilds(guilds._db).policy(GUILD)
        assert await guilds.policy(GUILD) == fresh
