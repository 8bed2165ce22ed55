from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import VoteEmoji
from bot.domain import ChannelId, GuildId, RefusalReason
from bot.policy.layers import GuildPolicy, Overrides
from bot.policy.screening import Term
from bot.store.db import Database, Params, Row
from bot.store.guilds import Guilds
from tests.stages.factories import CHANNEL, GUILD, OTHER, USER


@pytest_asyncio.fixture
async def db(tmp_path: Path) -> AsyncGenerator[Database]:
    database = await Database.open(tmp_path / "bot.sqlite3")
    yield database
    await database.close()


@pytest.fixture
def guilds(db: Database) -> Guilds:
    return Guilds(db)


async def test_a_new_server_forbids_nothing_more(guilds: Guilds) -> None:
    assert await guilds.policy(GUILD) == GuildPolicy(guild_id=GUILD)
    assert await guilds.vote_emoji(GUILD) == VoteEmoji()


async def test_every_change_is_in_the_next_policy(guilds: Guilds, db: Database) -> None:
    await guilds.policy(GUILD)
    assert await guilds.block(GUILD, "spiders", "please no", USER, 1)
    assert (await guilds.policy(GUILD)).blocked == (Term(text="spiders", reason="please no"),)
    await guilds.switch_channel(GUILD, CHANNEL, False, USER, 2)
    assert (await guilds.policy(GUILD)).channels == {CHANNEL: Overrides(enabled=False)}
    await guilds.switch_channel(GUILD, CHANNEL, True, USER, 3)
    assert await guilds.unblock(GUILD, "spiders", USER, 4)
    assert await guilds.policy(GUILD) == GuildPolicy(guild_id=GUILD)
    assert await Guilds(db).policy(GUILD) == GuildPolicy(guild_id=GUILD)


async def test_servers_do_not_share_their_choices(guilds: Guilds) -> None:
    other = GuildId(5)
    await guilds.block(GUILD, "spiders", "", USER, 1)
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="🌸", down="🪨"), USER, 2)
    assert (await guilds.policy(other)).blocked == ()
    assert await guilds.vote_emoji(other) == VoteEmoji()
    assert await guilds.audit(other, 9) == []


async def test_what_changes_nothing_is_not_in_the_audit_log(guilds: Guilds) -> None:
    assert await guilds.block(GUILD, "spiders", "first", USER, 1)
    assert not await guilds.block(GUILD, "spiders", "second", OTHER, 2)
    assert not await guilds.unblock(GUILD, "bees", OTHER, 3)
    assert (await guilds.policy(GUILD)).blocked[0].reason == "first"
    assert [entry.actor_id for entry in await guilds.audit(GUILD, 9)] == [USER]


async def test_the_audit_log_tells_who_did_what_newest_first(guilds: Guilds) -> None:
    await guilds.block(GUILD, "spiders", "please no", USER, 1)
    await guilds.unblock(GUILD, "spiders", OTHER, 2)
    await guilds.switch_channel(GUILD, ChannelId(7), False, USER, 3)
    await guilds.set_vote_emoji(GUILD, VoteEmoji(up="🌸", down="🪨"), OTHER, 4)
    entries = [(e.actor_id, e.action, e.detail, e.at_ms) for e in await guilds.audit(GUILD, 9)]
    assert entries == [
        (OTHER, "emoji", "🌸 🪨", 4),
        (USER, "channel", "7 off", 3),
        (OTHER, "unblock", "spiders", 2),
        (USER, "block", "spiders (please no)", 1),
    ]
    assert len(await guilds.audit(GUILD, 2)) == 2


@pytest.mark.parametrize(("up", "down"), [("👍", "👍"), ("👍", "👍🏽"), ("❤", "❤️"), ("a:1", "b:1")])
async def test_up_and_down_must_differ_in_meaning(guilds: Guilds, up: str, down: str) -> None:
    refused = await guilds.set_vote_emoji(GUILD, VoteEmoji(up=up, down=down), USER, 1)
    assert refused is not None
    assert refused.reason is RefusalReason.INPUT
    assert await guilds.vote_emoji(GUILD) == VoteEmoji()


async def test_a_policy_read_before_a_change_is_not_remembered_after_it(
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
    await guilds.block(GUILD, "spiders", "", USER, 1)
    go_on.set()
    await early
    assert [term.text for term in (await guilds.policy(GUILD)).blocked] == ["spiders"]


async def test_a_change_cancelled_at_its_end_is_seen_all_the_same(
    guilds: Guilds,
) -> None:
    for delay in range(40):
        await guilds.policy(GUILD)
        task = asyncio.create_task(guilds.block(GUILD, f"term {delay}", "", USER, 1))
        await asyncio.sleep(delay * 0.0001)
        task.cancel()
        await asyncio.wait([task])
        fresh = await Guilds(guilds._db).policy(GUILD)
        assert await guilds.policy(GUILD) == fresh
