"""A server's policy is one document with versions: nobody overwrites what they have not seen."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import AsyncGenerator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.domain import ChannelId, DatabaseError, GuildId, RoleId, RuleId, Ruling, UserId
from bot.policy.arrangements import GalleryTerms, StrikeTerms
from bot.policy.effect import Audience, Effect
from bot.policy.layers import GuildPolicy, Overrides, RoleTerms
from bot.policy.screening import Term
from bot.store import guilds as room
from bot.store.audit_rows import AuditEntry
from bot.store.guilds import Guilds, PolicyVersion, Superseded
from bot.store.policy_rows import body_of, policy_of
from tests.stages.factories import CHANNEL, GUILD, OTHER, USER
from tests.stages.stores import Stores, open_stores

HOLD = Effect(ruling=Ruling.HOLD, audience=Audience.ADULTS, alert=True, strike=True)
#: A document with something other than the default in every field.
FULL = GuildPolicy(
    guild_id=GUILD,
    preset="family",
    rules=Overrides(effects={RuleId("gore"): HOLD}, enabled=False),
    categories={ChannelId(3): Overrides(enabled=True)},
    channels={ChannelId(CHANNEL): Overrides(effects={RuleId("brands"): Effect()}, enabled=False)},
    roles={
        RoleId(5): RoleTerms(
            exempt=frozenset({RuleId("gore")}), waiting_max=9, per_day_max=90, cooldown_s=1
        )
    },
    blocked=(Term(text="spiders", reason="please no", effect=HOLD), Term(text="蜘蛛")),
    allowed=("naked mole rat",),
    only_channels=frozenset({ChannelId(6), ChannelId(7)}),
    paused=True,
    moderator_role=RoleId(8),
    review_channel=ChannelId(9),
    log_channel=ChannelId(10),
    gallery=GalleryTerms(channel=ChannelId(11), votes=12),
    strikes=StrikeTerms(limit=1, expire_days=2, timeout_minutes=3),
    cooldown_s=30,
    per_day_max=50,
)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def save(
    stores: Stores, based_on: int, *, actor: int = USER, **changes: Any
) -> PolicyVersion | Superseded:
    """A change to the current policy."""
    policy = replace(await stores.guilds.policy(GUILD), **changes)
    return await stores.guilds.save(
        policy, based_on, UserId(actor), based_on + 1, summary=f"{actor} {[*changes]}"
    )


def test_a_document_is_read_as_it_was_written() -> None:
    plain = GuildPolicy(guild_id=GUILD)
    names = {field.name for field in fields(FULL) if field.init} - {"guild_id"}
    same = [name for name in names if getattr(FULL, name) == getattr(plain, name)]
    assert same == [], "otherwise this proves nothing about these"
    assert policy_of(GUILD, body_of(FULL)) == FULL
    assert policy_of(GuildId(4), body_of(FULL)) == replace(FULL, guild_id=GuildId(4))


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{",
        "[]",
        "null",
        '{"paused": "yes"}',
        '{"blcked": []}',
        '{"blocked": [{"text": "a", "kind": "of tomorrow"}]}',
        '{"channels": {"7": {"effects": {}, "quiet": true}}}',
        '{"channels": {"general": {}}}',
        '{"rules": {"effects": {"gore": {"ruling": 9}}}}',
        '{"rules": {"effects": {"gore": {"ruling": 3, "ban": true}}}}',
    ],
)
async def test_an_unreadable_policy_document_lets_nothing_pass(stores: Stores, body: str) -> None:
    await save(stores, 0, paused=True)
    await stores.db.write_one("UPDATE policies SET body = :body", {"body": body})
    guilds = Guilds(stores.db)
    with pytest.raises(DatabaseError, match="cannot be read, so nothing is drawn there"):
        await guilds.policy(GUILD)
    mended = await guilds.save(FULL, 1, USER, 2, summary="a new one")
    assert mended == PolicyVersion(number=2, policy=FULL), "it can be replaced"
    assert await guilds.policy(GUILD) == FULL


async def test_a_server_without_a_document_has_the_defaults_as_version_zero(
    stores: Stores,
) -> None:
    defaults = PolicyVersion(number=0, policy=GuildPolicy(guild_id=GUILD))
    assert await stores.guilds.current(GUILD) == defaults
    assert await stores.guilds.version(GUILD, 0) == defaults
    assert await stores.guilds.version(GUILD, 1) is None


async def test_a_change_makes_the_next_version_and_a_log_line(stores: Stores) -> None:
    assert await stores.guilds.save(FULL, 0, USER, 5, summary="All of it.") == PolicyVersion(
        number=1, policy=FULL
    )
    assert await stores.guilds.current(GUILD) == PolicyVersion(number=1, policy=FULL)
    assert await Guilds(stores.db).policy(GUILD) == FULL
    (line,) = await stores.guilds.audit_log(GUILD, 9)
    assert (line.actor_id, line.action, line.detail) == (USER, "policy", "All of it.")
    assert (line.guild_id, line.version, line.at_ms) == (GUILD, 1, 5)


async def test_a_change_to_an_old_version_is_refused_and_shows_the_new_one(
    stores: Stores,
) -> None:
    await save(stores, 0, paused=True)
    first = await save(stores, 1, cooldown_s=5)
    refused = await save(stores, 1, actor=OTHER, paused=False)
    assert isinstance(refused, Superseded)
    assert refused.current == first
    assert [(line.version, line.actor_id) for line in refused.since] == [(2, USER)]
    assert await stores.guilds.current(GUILD) == first
    assert len(await stores.guilds.audit_log(GUILD, 9)) == 2, (
        "a change that was not made has no line"
    )
    ahead = await save(stores, 7, paused=False)
    assert isinstance(ahead, Superseded)


async def test_the_slower_of_two_moderators_sees_the_others_change(
    stores: Stores,
) -> None:
    for based_on in range(12):
        both = await asyncio.gather(
            save(stores, based_on, cooldown_s=100 + based_on),
            save(stores, based_on, actor=OTHER, per_day_max=200 + based_on),
        )
        (won,) = [result for result in both if isinstance(result, PolicyVersion)]
        (lost,) = [result for result in both if isinstance(result, Superseded)]
        assert lost.current == won
        assert await stores.guilds.current(GUILD) == won
        assert won.number == based_on + 1


async def test_an_undo_is_a_change_back_to_the_earlier_version(stores: Stores) -> None:
    await save(stores, 0, cooldown_s=5)
    await save(stores, 1, paused=True)
    before = await stores.guilds.version(GUILD, 1)
    assert before is not None
    undone = await stores.guilds.save(
        before.policy, 2, OTHER, 9, summary="No pause.", action="undo"
    )
    assert undone == PolicyVersion(number=3, policy=before.policy)
    newest, *_ = await stores.guilds.history(GUILD, 9)
    assert (newest.action, newest.actor_id, newest.version) == ("undo", OTHER, 3)


async def test_old_documents_are_dropped_and_their_log_lines_stay(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room, "VERSIONS_MAX", 3)
    other = GuildId(GUILD + 1)
    await stores.guilds.save(GuildPolicy(guild_id=other), 0, USER, 1, summary="another server's")
    for based_on in range(6):
        await save(stores, based_on, cooldown_s=based_on)
    kept = [n for n in range(1, 8) if await stores.guilds.version(GUILD, n)]
    assert kept == [4, 5, 6]
    assert [line.version for line in await stores.guilds.history(GUILD, 9)] == [6, 5, 4, 3, 2, 1]
    assert [line.version for line in await stores.guilds.history(GUILD, 2)] == [6, 5]
    assert await stores.guilds.version(other, 1) is not None


async def test_the_log_can_be_read_page_by_page(stores: Stores) -> None:
    for based_on in range(5):
        await save(stores, based_on, cooldown_s=based_on)
    await stores.guilds.log_event(
        AuditEntry(guild_id=GUILD, actor_id=None, action="alert", detail="gore", at_ms=7)
    )
    first = await stores.guilds.audit_log(GUILD, 4)
    second = await stores.guilds.audit_log(GUILD, 4, before_id=first[-1].id)
    assert [line.version for line in first + second] == [None, 5, 4, 3, 2, 1]
    assert [line.version for line in await stores.guilds.history(GUILD, 1)] == [5]


async def test_lines_are_owed_to_the_log_channel_once_it_is_chosen(stores: Stores) -> None:
    await save(stores, 0, cooldown_s=1)
    assert await stores.guilds.unposted_entries(9) == {}
    await save(stores, 1, log_channel=ChannelId(5))
    await save(stores, 2, cooldown_s=2)
    owed = await stores.guilds.unposted_entries(9)
    assert {channel: [line.version for line in lines] for channel, lines in owed.items()} == {
        5: [2, 3]
    }
    assert await stores.guilds.unposted_entries(9, closed=[ChannelId(5)]) == {}
    await stores.guilds.record_posted(owed[ChannelId(5)][:1])
    await save(stores, 3, log_channel=ChannelId(6))
    owed = await stores.guilds.unposted_entries(9)
    assert {channel: [line.version for line in lines] for channel, lines in owed.items()} == {
        6: [3, 4]
    }
    await save(stores, 4, log_channel=None)
    owed = await stores.guilds.unposted_entries(9)
    assert {channel: [line.version for line in lines] for channel, lines in owed.items()} == {
        6: [5]
    }, "the old channel is told that it was taken away"
    await save(stores, 5, cooldown_s=3)
    assert len(await stores.guilds.unposted_entries(9)) == 1


async def test_a_version_can_be_written_only_once(stores: Stores) -> None:
    await save(stores, 0, cooldown_s=1)
    with pytest.raises(sqlite3.IntegrityError, match="UNIQUE"):
        await stores.db.write_one("INSERT INTO policies SELECT * FROM policies")


async def test_a_version_and_its_line_are_one_transaction(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(room, "insert_audit_entry", broken)
    with pytest.raises(ZeroDivisionError):
        await save(stores, 0, cooldown_s=1)
    assert await stores.rows("policies") == []
    assert (await stores.guilds.current(GUILD)).number == 0


async def test_a_forgotten_moderators_change_stays_without_the_name(
    stores: Stores,
) -> None:
    await save(stores, 0, cooldown_s=1)
    await stores.privacy.forget(USER)
    (line,) = await stores.guilds.history(GUILD, 9)
    assert (line.actor_id, line.version) == (None, 1)
    assert (await stores.guilds.policy(GUILD)).cooldown_s == 1
