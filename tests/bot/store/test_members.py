"""Strikes, exclusions and purges of members, and what is left of them when they are forgotten."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import GuildId, JobState, RuleId, UserId
from bot.store import members as room
from bot.store.members import EVERYWHERE, Exclusion, Members, Strike, StrikeResult
from tests.stages.factories import GUILD, OTHER, USER
from tests.stages.moderators import MODERATOR, TEXT
from tests.stages.stores import Stores, open_stores

THERE = GuildId(GUILD + 1)
LIVES_MS, TIMEOUT_MS = 1_000, 60_000


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def strike(
    stores: Stores, about: str, at_ms: int = 100, *, guild: GuildId = GUILD, limit: int = 3
) -> StrikeResult | None:
    return await stores.members.record_strike(
        guild,
        USER,
        Strike(rule=RuleId("gore"), about=about, at_ms=at_ms, expires_ms=at_ms + LIVES_MS),
        limit=limit,
        timeout_ms=TIMEOUT_MS,
        reason="Too many strikes.",
    )


def exclusion(until_ms: int | None, *, guild: GuildId = GUILD, reason: str = "Rude.") -> Exclusion:
    return Exclusion(
        user_id=USER, guild_id=guild, until_ms=until_ms, reason=reason, actor_id=MODERATOR, at_ms=5
    )


async def excluded(stores: Stores, now_ms: int, guild: GuildId = GUILD) -> Exclusion | None:
    return await stores.members.exclusion(guild, USER, now_ms)


async def test_strikes_count_until_they_expire(stores: Stores) -> None:
    assert await strike(stores, "a", 100) == StrikeResult(live_strikes=1, exclusion=None)
    assert await strike(stores, "b", 600) == StrikeResult(live_strikes=2, exclusion=None)
    assert [one.about for one in await stores.members.strikes(GUILD, USER, 1_099)] == ["a", "b"]
    assert [one.about for one in await stores.members.strikes(GUILD, USER, 1_100)] == ["b"]
    assert await strike(stores, "c", 1_100) == StrikeResult(live_strikes=2, exclusion=None)
    assert await stores.members.strikes(THERE, USER, 1_099) == []
    assert await stores.members.strikes(GUILD, UserId(OTHER), 1_099) == []


async def test_one_offence_is_one_strike(stores: Stores) -> None:
    assert await strike(stores, "a")
    assert await strike(stores, "a", 200, limit=1) is None
    assert await excluded(stores, 201) is None
    assert await strike(stores, "a", guild=THERE) == StrikeResult(live_strikes=1, exclusion=None)


async def test_the_strike_that_reaches_the_limit_times_the_member_out(stores: Stores) -> None:
    assert await strike(stores, "a", limit=2)
    struck = await strike(stores, "b", 200, limit=2)
    assert struck is not None
    assert struck.live_strikes == 2
    assert struck.exclusion is not None
    assert (struck.exclusion.until_ms, struck.exclusion.actor_id) == (200 + TIMEOUT_MS, None)
    assert await excluded(stores, 200 + TIMEOUT_MS - 1) == struck.exclusion
    assert await excluded(stores, 200 + TIMEOUT_MS) is None
    (line,) = await stores.guilds.audit_log(GUILD, 9)
    assert (line.action, line.user_id, line.actor_id) == ("struck out", USER, None)
    assert line.detail == "1 min: Too many strikes."


async def test_a_strike_limit_of_zero_is_never_reached(stores: Stores) -> None:
    for about in "abcdef":
        struck = await strike(stores, about, limit=0)
        assert struck is not None
        assert struck.exclusion is None


async def test_concurrent_strikes_reach_the_limit_together(stores: Stores) -> None:
    results = await asyncio.gather(*(strike(stores, about, limit=3) for about in "abc"))
    assert sorted(struck.live_strikes for struck in results if struck) == [1, 2, 3]
    assert sum(bool(struck and struck.exclusion) for struck in results) == 1


async def test_a_moderator_can_forgive_strikes(stores: Stores) -> None:
    await strike(stores, "a")
    await strike(stores, "b")
    assert await stores.members.clear_strikes(GUILD, USER, MODERATOR, 300) == 2
    assert await stores.members.strikes(GUILD, USER, 300) == []
    assert await stores.members.clear_strikes(GUILD, USER, MODERATOR, 301) == 0
    (line,) = await stores.guilds.audit_log(GUILD, 9)
    assert (line.action, line.detail, line.user_id) == ("clear strikes", "2", USER)


async def test_a_time_out_ends_by_itself_and_a_ban_does_not(stores: Stores) -> None:
    await stores.members.exclude(exclusion(50))
    assert await excluded(stores, 49) == exclusion(50)
    assert await excluded(stores, 50) is None
    await stores.members.exclude(exclusion(None))
    assert await excluded(stores, 1 << 50) == exclusion(None)
    assert await excluded(stores, 49, THERE) is None
    assert await stores.members.exclusion(GUILD, UserId(OTHER), 49) is None


async def test_the_log_says_what_was_lifted(stores: Stores) -> None:
    for until_ms, told in ((50_000, "time-out until <t:50:f>: rude"), (None, "ban: rude")):
        await stores.members.exclude(exclusion(until_ms, reason="rude"))
        assert await stores.members.lift_exclusion(GUILD, USER, MODERATOR, 9)
        line, *_ = await stores.guilds.audit_log(GUILD, 9)
        assert (line.action, line.detail) == ("lift", told)
    assert not await stores.members.lift_exclusion(GUILD, USER, MODERATOR, 10)


async def test_a_ban_everywhere_holds_in_every_server(stores: Stores) -> None:
    await stores.members.exclude(exclusion(None, guild=EVERYWHERE))
    for guild in (GUILD, THERE):
        found = await excluded(stores, 9, guild)
        assert found is not None
        assert found.guild_id == EVERYWHERE


async def test_the_exclusion_that_lasts_longest_is_reported(stores: Stores) -> None:
    await stores.members.exclude(exclusion(50, reason="short"))
    await stores.members.exclude(exclusion(90, guild=EVERYWHERE, reason="long"))
    found = await excluded(stores, 9)
    assert found is not None
    assert found.reason == "long"
    await stores.members.exclude(exclusion(None, reason="ban"))
    found = await excluded(stores, 9)
    assert found is not None
    assert found.reason == "ban"


async def test_strikes_never_shorten_a_moderators_exclusion(stores: Stores) -> None:
    await stores.members.exclude(exclusion(None))
    struck = await strike(stores, "a", limit=1)
    assert struck is not None
    assert await excluded(stores, 1 << 50) == exclusion(None)
    await stores.members.exclude(exclusion(300))
    assert await excluded(stores, 299) == exclusion(300), "a moderator may be milder"
    await strike(stores, "b", limit=1)
    longer = await excluded(stores, 299)
    assert longer is not None
    assert longer.until_ms == 100 + TIMEOUT_MS
    await stores.members.exclude(exclusion(1 << 40))
    await strike(stores, "c", limit=1)
    assert await excluded(stores, 299) == exclusion(1 << 40)
    forever = replace(exclusion(None), actor_id=None)
    async with stores.db.write() as tx:
        await room.insert_exclusion(tx, forever)
    assert await excluded(stores, 299) == forever, "what lasts longer takes its place"


async def test_lifting_an_exclusion_ends_it_in_one_server_only(stores: Stores) -> None:
    await stores.members.exclude(exclusion(None))
    await stores.members.exclude(exclusion(None, guild=THERE))
    assert await stores.members.lift_exclusion(GUILD, USER, MODERATOR, 7)
    assert not await stores.members.lift_exclusion(GUILD, USER, MODERATOR, 8)
    assert await excluded(stores, 9) is None
    assert await excluded(stores, 9, THERE) is not None
    assert [line.action for line in await stores.guilds.audit_log(GUILD, 9)] == ["lift", "ban"]


async def test_excluded_members_can_be_listed(stores: Stores) -> None:
    await stores.members.exclude(exclusion(50))
    assert await stores.members.exclusions(GUILD, 49, 9) == [exclusion(50)]
    assert await stores.members.exclusions(GUILD, 50, 9) == []
    assert await stores.members.exclusions(THERE, 49, 9) == []


async def test_expired_strikes_and_exclusions_are_pruned(stores: Stores) -> None:
    await strike(stores, "a", 100)
    await strike(stores, "b", 200)
    await stores.members.exclude(exclusion(1_100))
    await stores.members.exclude(exclusion(None, guild=THERE))
    await stores.members.prune(1_100)
    assert [row["about"] for row in await stores.rows("strikes")] == ["b"]
    assert [row["guild_id"] for row in await stores.rows("exclusions")] == [THERE]


async def test_a_forgotten_member_who_comes_back_is_still_excluded(stores: Stores) -> None:
    await stores.members.exclude(exclusion(None))
    await stores.members.exclude(exclusion(90, guild=THERE))
    await stores.privacy.forget(USER)
    assert await stores.rows("exclusions") == []
    assert str(USER) not in str(await stores.rows("nameless_exclusions"))
    members = Members(stores.db, stores.gallery)
    found = await members.exclusion(GUILD, USER, 9)
    assert found == Exclusion(
        user_id=USER, guild_id=GUILD, until_ms=None, reason="", actor_id=None, at_ms=0
    )
    assert await members.exclusion(THERE, USER, 89) is not None
    assert await members.exclusion(THERE, USER, 90) is None
    assert await members.exclusion(GUILD, UserId(OTHER), 9) is None
    await stores.members.exclude(exclusion(50))
    await stores.privacy.forget(USER)
    assert await excluded(stores, 1 << 50) is not None, "the longer one stays"
    assert await stores.members.lift_exclusion(GUILD, USER, MODERATOR, 9)
    assert await excluded(stores, 9) is None
    await stores.members.prune(90)
    assert await stores.rows("nameless_exclusions") == []


async def test_a_forgotten_member_has_no_strikes_and_no_name_in_the_log(stores: Stores) -> None:
    await strike(stores, "a", limit=1)
    await stores.members.clear_strikes(GUILD, USER, MODERATOR, 300)
    await stores.privacy.forget(USER)
    assert await stores.members.strikes(GUILD, USER, 300) == []
    assert {line.user_id for line in await stores.guilds.audit_log(GUILD, 9)} == {None}


async def test_a_forgotten_moderators_bans_stay(stores: Stores) -> None:
    await stores.members.exclude(exclusion(None))
    await stores.privacy.forget(MODERATOR)
    found = await excluded(stores, 9)
    assert found is not None
    assert found.actor_id is None


async def test_a_purge_removes_a_members_pictures_in_one_server(stores: Stores) -> None:
    posted = await stores.deliver(message=1)
    drawn, _ = await stores.draw()
    held, case = await stores.hold()
    elsewhere = await stores.deliver(message=2, guild=THERE)
    others = await stores.deliver(message=3, user=OTHER)
    removed = await stores.members.purge(GUILD, USER, MODERATOR, TEXT, 9_000)
    assert set(removed) == {posted.id, drawn.id, held.id}
    assert [gone.message_id for gone in await stores.doomed.messages(9)] == [1]
    for job in (posted, drawn, held):
        assert await stores.gallery.get_for_review(job.id) is None
    assert await stores.state(posted) == JobState.DELIVERED
    for job in (drawn, held):
        ended = await stores.views.get(job.id)
        assert ended is not None
        assert (ended.state, ended.error) == (JobState.WITHHELD, TEXT)
    lapsed = await stores.reviews.get(case.id)
    assert lapsed is not None
    assert lapsed.decision is not None
    for job in (elsewhere, others):
        picture = await stores.gallery.get(job.id)
        assert picture is not None
        assert await stores.gallery.read(picture)
    assert await stores.members.purge(GUILD, USER, MODERATOR, TEXT, 9_001) == []


async def test_a_purge_also_covers_pictures_deleted_a_moment_before(stores: Stores) -> None:
    job, elsewhere = await stores.deliver(message=1), await stores.deliver(message=2, guild=THERE)
    pictures = [await stores.gallery.get(one.id) for one in (job, elsewhere)]
    for one in (job, elsewhere):
        await stores.gallery.delete(one.id, 8_999)
    assert await stores.members.purge(GUILD, USER, MODERATOR, TEXT, 9_000) == []
    back = [p and await stores.gallery.bring_back(p, b"its bytes") for p in pictures]
    assert back == [None, 0]


async def test_exclusions_are_looked_up_by_primary_key(stores: Stores) -> None:
    values = {"user": 1, "guild": 2, "everywhere": 0, "mark": b"m", "now": 3, "since": 4}
    plan = await stores.db.fetch_all(f"EXPLAIN QUERY PLAN {room._EXCLUDED}", values)
    steps = [str(row["detail"]) for row in plan]
    assert sum("USING PRIMARY KEY" in step for step in steps) == 2, steps


@pytest.mark.parametrize("table", ["exclusions", "nameless_exclusions"])
async def test_expired_exclusions_are_found_through_an_index(stores: Stores, table: str) -> None:
    plan = await stores.db.fetch_all(
        f"EXPLAIN QUERY PLAN DELETE FROM {table} WHERE until_ms <= 5"  # noqa: S608
    )
    assert f"INDEX {table}_ending" in str(plan[0]["detail"])
