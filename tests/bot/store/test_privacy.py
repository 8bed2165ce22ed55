from __future__ import annotations

import asyncio
import io
import json
import random
import tracemalloc
import zipfile
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from bot.ballot import Tally, VoteEmoji
from bot.domain import GuildId, Job, MessageId, RuleId, UserId
from bot.store import privacy as room
from bot.store.consent import Consent
from bot.store.consequences import Judgement
from bot.store.curation import Curation
from bot.store.decisions import Outcome
from bot.store.guilds import Guilds
from bot.store.members import Exclusion, Strike
from bot.store.queue import Jobs
from bot.store.tellings import Telling, TellingId, insert_telling
from tests.stages.duelling import take_part_in_duels
from tests.stages.factories import (
    CHANNEL,
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_admitted,
    make_ask,
    make_png,
    make_released,
    make_send,
)
from tests.stages.factories import make_reaction as react
from tests.stages.law import make_guild, save_policy
from tests.stages.stores import WORKER, Stores, open_stores
from tests.stages.trying_out import take_part_in_trials
from tests.stages.writing import store_words_everywhere

WORD = "xylophone"


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def tables(stores: Stores) -> set[str]:
    rows = await stores.db.fetch_all("SELECT name FROM sqlite_master WHERE type = 'table'")
    return {row["name"] for row in rows}


async def traces(stores: Stores, *words: str) -> list[tuple[str, str, object]]:
    """Every table cell that contains one of the words."""
    return [
        (table, column, value)
        for table in await tables(stores)
        for row in await stores.rows(table)
        for column, value in row.items()
        if any(word in str(value) for word in words)
    ]


def holding_files(directory: Path, mark: bytes) -> list[Path]:
    """The files that contain these bytes, including the database's own."""
    files = (path for path in directory.rglob("*") if path.is_file())
    return [file for file in files if mark in file.read_bytes()]


def pngs(directory: Path) -> int:
    return len(list(directory.rglob("*.png")))


async def live(stores: Stores) -> None:
    """USER uses every feature, beside OTHER."""
    consent, guilds = Consent(stores.db), Guilds(stores.db)
    first = await stores.deliver(message=1, prompt=f"{WORD} player")
    theirs = await stores.deliver(message=2, user=OTHER, prompt="their own")
    await stores.draw(prompt=f"{WORD} again")
    await live_among_moderators(stores, theirs)
    await take_part_in_duels(stores, theirs)
    await take_part_in_trials(stores)
    reactions = ((1, OTHER, "👍"), (1, USER, "👎"), (1, 77, "👎"), (2, USER, "👍"))
    for message, voter, emoji in reactions:
        await stores.votes.record(react(message, voter, emoji))
    await stores.votes.record(react(2, USER, "👎", added=False))
    await stores.enqueue(make_admitted(make_ask(f"{WORD} to come", count=3)))
    await stores.claim()
    mine = (await stores.views.history(USER, GUILD, 1))[0]
    await stores.enqueue(make_admitted(make_ask("varied", user=OTHER, parent=mine.id)))
    await consent.accept(USER, "a" * 64, "card", 5)
    await store_words_everywhere(stores, WORD, first)
    await save_policy(guilds, make_guild("spiders"), USER, 6)
    await stores.sends.begin(make_send(mine.id))
    await Curation(stores.db).caption(first.id, f"{WORD} described", 7)
    await stores.privacy.request_erasure(USER, 6)
    await guilds.set_vote_emoji(GuildId(5), VoteEmoji(up="🌸", down="🪨"), USER, 7)
    assert await stores.votes.tally(theirs.id) == Tally(up=1)


async def live_among_moderators(stores: Stores, theirs: Job) -> None:
    """USER is judged and excluded, reports OTHER's picture, and decides about it."""
    held, _ = await stores.hold(prompt=f"{WORD} held")
    await stores.members.record_strike(
        GUILD,
        USER,
        Strike(rule=RuleId("gore"), about=held.id, at_ms=6, expires_ms=9_000_000),
        limit=1,
        timeout_ms=60_000,
        reason="Too many strikes.",
    )
    await stores.reviews.file_report(theirs.id, USER, "It is ugly.", 6, since_id=SINCE)
    (case,) = [c for c in await stores.reviews.open_cases(GUILD, 9) if c.job_id == theirs.id]
    ban = Exclusion(
        user_id=UserId(78), guild_id=GUILD, until_ms=None, reason="Enough.", actor_id=USER, at_ms=6
    )
    await stores.members.exclude(ban)
    dismissal = Judgement(outcome=Outcome.DISMISS, actor_id=USER, at_ms=7)
    assert await stores.reviews.decide(case.id, dismissal)
    word = Telling(
        id=TellingId("told"), guild_id=GUILD, channel_id=CHANNEL, user_id=USER,
        text=f"<@{USER}>", created_ms=8,
    )  # fmt: skip
    async with stores.db.write() as tx:
        await insert_telling(tx, word)


async def test_every_table_has_an_entry_in_holdings(stores: Stores) -> None:
    assert await tables(stores) == set(room.HOLDINGS), "say in HOLDINGS what a new table holds"


async def test_every_column_that_names_a_person_is_accounted_for(stores: Stores) -> None:
    people = {"user_id", "voter_id", "actor_id", "reporter_id"}
    for table, holding in room.HOLDINGS.items():
        columns = await stores.db.fetch_all(
            "SELECT name FROM pragma_table_info(:table)", {"table": table}
        )
        personal = people & {row["name"] for row in columns}
        assert not personal or (holding and holding.erase) or table == "jobs", table
        theirs = holding.of_user if holding else ""
        hidden = holding.hidden_columns if holding else ()
        assert all((name in theirs) != (name in hidden) for name in personal), table


async def test_the_sample_life_touches_every_table_with_people(stores: Stores) -> None:
    await live(stores)
    shown = await stores.privacy.summarise(USER)
    assert set(shown.counts) == {table for table, held in room.HOLDINGS.items() if held}
    assert shown.shares_prompts


async def test_nothing_of_a_forgotten_user_is_left_anywhere(stores: Stores, tmp_path: Path) -> None:
    await live(stores)
    marks = (WORD.encode(), USER.to_bytes(8, "big"))
    assert await traces(stores, str(USER), WORD)
    assert all(holding_files(tmp_path, mark) for mark in marks), "or this proves nothing"
    await stores.privacy.forget(USER)
    assert await traces(stores, str(USER), WORD) == []
    assert (await stores.privacy.summarise(USER)).counts == {}
    assert await stores.privacy.clean()
    assert not any(holding_files(tmp_path, mark) for mark in marks)


async def test_others_keep_what_is_theirs(stores: Stores) -> None:
    await live(stores)
    before = (await stores.privacy.summarise(OTHER)).counts
    await stores.privacy.forget(USER)
    after = (await stores.privacy.summarise(OTHER)).counts
    lost = {table for table in before if before[table] != after.get(table, 0)}
    # OTHER's vote on the forgotten picture is a number now; everything else stays.
    # A duel with the forgotten picture is gone.
    assert lost == {"votes", "vote_events", "standing_reactions", "duels"}
    (varied,) = [row for row in await stores.rows("jobs") if "varied" in str(row["draw"])]
    parents = {row["id"]: row["parent_job_id"] for row in await stores.rows("requests")}
    assert parents[varied["request_id"]] is None


async def test_forgetting_reports_what_is_left_to_do(stores: Stores) -> None:
    await live(stores)
    unfinished = await stores.views.unfinished_jobs(USER, GUILD)
    alive = [job.id for job in unfinished if job.state in ("queued", "running")]
    forgotten = await stores.privacy.forget(USER)
    doomed = await stores.doomed.messages(10)
    assert 1 in [message.message_id for message in doomed]
    assert sorted(forgotten.job_ids) == sorted(alive)
    assert len(alive) == 5, "what a trial draws for them too"
    assert forgotten.counts["pictures"] == 3


async def test_votes_of_the_forgotten_stay_as_numbers(stores: Stores) -> None:
    mine = await stores.deliver(message=1)
    theirs = await stores.deliver(message=2, user=OTHER)
    for message, voter, emoji in ((1, 50, "👍"), (1, 51, "👍"), (1, 52, "👎"), (1, USER, "👍")):
        await stores.votes.record(react(message, voter, emoji))
    for message, voter, emoji in ((2, USER, "👎"), (2, 50, "👍")):
        await stores.votes.record(react(message, voter, emoji))
    await stores.privacy.forget(USER)
    assert await stores.votes.tally(theirs.id) == Tally(up=1, down=1)
    assert await stores.votes.tally(mine.id) == Tally(up=2, down=1)
    assert await stores.votes.standing_reactions(MessageId(1)) == []
    assert not await stores.votes.record(react(1, 60)), "the post of a forgotten picture"


async def test_reconciling_does_not_record_a_forgotten_voter_again(stores: Stores) -> None:
    theirs = await stores.deliver(message=2, user=OTHER)
    await stores.votes.record(react(2, USER))
    await stores.privacy.forget(USER)
    # Their reaction still stands on Discord, and an outage made us miss another's.
    on_discord = {UserId(USER), UserId(50)}
    assert await stores.votes.reconcile(MessageId(2), "👍", on_discord, 9_500) == (1, 0)
    assert await stores.votes.tally(theirs.id) == Tally(up=2)
    assert await traces(stores, str(USER)) == []


async def test_a_forgotten_voter_who_acts_again_counts_once(stores: Stores) -> None:
    theirs = await stores.deliver(message=2, user=OTHER)
    for _ in range(3):
        await stores.votes.record(react(2, USER))
        await stores.privacy.forget(USER)
        assert await stores.votes.tally(theirs.id) == Tally(up=1)
    await stores.votes.record(react(2, USER, "👎"))
    assert await stores.votes.tally(theirs.id) == Tally(down=1)
    await stores.privacy.forget(USER)
    assert await stores.votes.tally(theirs.id) == Tally(down=1)
    await stores.votes.record(react(2, USER, "👎", added=False))
    assert await stores.votes.tally(theirs.id) == Tally()
    assert await stores.rows("nameless_marks") == []


async def test_forgetting_is_one_transaction(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await live(stores)
    before = {table: await stores.rows(table) for table in await tables(stores)}
    broken = dict(room.HOLDINGS) | {
        "audit_log": room.Holding(of_user="actor_id = :user", erase=("DELETE FROM nowhere",))
    }
    with monkeypatch.context() as patched:
        patched.setattr(room, "HOLDINGS", broken)
        with pytest.raises(Exception, match="nowhere"):
            await stores.privacy.forget(USER)
    assert {table: await stores.rows(table) for table in await tables(stores)} == before
    picture = (await stores.views.history(USER, GUILD, 1))[0]
    found = await stores.gallery.get(picture.id)
    assert found is not None
    assert await stores.gallery.read(found)


async def test_files_left_by_a_crash_are_removed_at_the_next_start(
    stores: Stores, tmp_path: Path
) -> None:
    await live(stores)

    await stores.privacy.forget(USER)
    assert pngs(tmp_path) == 5
    assert await stores.gallery.sweep() == 3
    assert pngs(tmp_path) == 2


async def test_a_forgotten_members_running_job_keeps_no_picture(
    stores: Stores, tmp_path: Path
) -> None:
    await stores.enqueue()
    job = await stores.claim()
    assert job is not None
    await stores.privacy.forget(USER)
    kept = await stores.gallery.keep(
        make_released(job), make_png(job), card_id="tiny-1", owner="worker-1", now_ms=9_001
    )
    assert kept is None
    assert pngs(tmp_path) == 0


async def test_forgetting_while_others_work_disturbs_nobody(stores: Stores) -> None:
    for message in range(1, 6):
        await stores.deliver(message=message, seed=message)
    theirs = await stores.deliver(message=9, user=OTHER)
    voters = range(100, 160)
    results = await asyncio.gather(
        stores.privacy.forget(USER),
        *(stores.votes.record(react(9, voter)) for voter in voters),
        *(Jobs(stores.db).claim("w", 1, 9) for _ in range(5)),
        stores.privacy.forget(USER),
    )
    assert not [result for result in results if isinstance(result, BaseException)]
    assert await stores.votes.tally(theirs.id) == Tally(up=len(voters))


async def export(stores: Stores, limit_bytes: int | None = None) -> tuple[bytes, int]:
    async with stores.privacy.export(USER, limit_bytes=limit_bytes) as made:
        assert made is not None
        return made.file.read(), made.left_out


def opened(data: bytes) -> tuple[dict[str, Any], dict[str, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = [name for name in archive.namelist() if name.startswith("pictures/")]
        everything = json.loads(archive.read("everything.json"))
        return everything, {name: archive.read(name) for name in names}


async def test_an_export_holds_every_row_and_picture(stores: Stores) -> None:
    await live(stores)
    counts = (await stores.privacy.summarise(USER)).counts
    everything, pictures = opened((await export(stores))[0])
    assert {table: len(rows) for table, rows in everything.items() if rows} == counts
    drawn = await stores.views.history(USER, GUILD, 9)
    # The held picture is a row of theirs, but only moderators may see it.
    assert [row["state"] for row in everything["jobs"]].count("held") == 1
    assert pictures == {f"pictures/{job.id}.png": make_png(job) for job in drawn}
    assert str(OTHER) not in json.dumps(everything)
    assert str(77) not in {str(row["voter_id"]) for row in everything["votes"]}


async def test_an_export_fits_its_limit_and_names_what_does_not(stores: Stores) -> None:
    jobs = [await stores.deliver(message=i, seed=i, now_ms=1_000 + i) for i in range(1, 9)]
    limit = len((await export(stores))[0]) - 2_000
    data, missing = await export(stores, limit)
    everything, pictures = opened(data)
    assert len(data) <= limit
    kept = [job for job in jobs if f"pictures/{job.id}.png" in pictures]
    assert 3 <= len(kept) < 8
    assert kept == jobs[-len(kept) :], "the newest"
    left_out = {job.id for job in jobs} - {job.id for job in kept}
    assert set(everything["left_out"]) == left_out
    assert missing == len(left_out)
    smaller, none = opened((await export(stores, 1))[0])
    assert not none
    assert len(smaller["left_out"]) == 8


async def test_an_export_names_a_picture_whose_file_is_lost(stores: Stores) -> None:
    job, picture = await stores.draw()
    stores.gallery.path(picture).unlink()
    everything, pictures = opened((await export(stores))[0])
    assert pictures == {}
    assert everything["left_out"] == [job.id]


async def test_the_pictures_of_an_export_pass_through_memory_one_by_one(stores: Stores) -> None:
    size_bytes, count = 500_000, 60
    for seed in range(count):
        await stores.enqueue(make_admitted(make_ask("large", seed=seed)))
        job = await stores.claim()
        assert job is not None
        data = random.Random(seed).randbytes(size_bytes)
        await stores.gallery.keep(
            make_released(job), data, card_id="tiny-1", owner=WORKER, now_ms=9
        )
    tracemalloc.start()
    try:
        async with stores.privacy.export(USER) as made:
            _, peak_bytes = tracemalloc.get_traced_memory()
            assert made is not None
            assert made.file.seek(0, io.SEEK_END) > count * size_bytes
    finally:
        tracemalloc.stop()
    # Python frees a few of them a little later.
    assert peak_bytes < 12 * size_bytes


async def test_an_exports_file_is_closed_however_it_ends(stores: Stores) -> None:
    await stores.deliver(message=1)
    async with stores.privacy.export(USER) as made, stores.privacy.export(USER) as second:
        assert made is not None
        assert second is None, "one at a time"
        async with stores.privacy.export(OTHER) as theirs:
            assert theirs is not None, "for each member"
    assert made.file.closed
    broken = stores.privacy.export(USER)
    assert (opened_too := await broken.__aenter__()) is not None
    assert not await broken.__aexit__(KeyError, KeyError(), None), "the error is not swallowed"
    assert opened_too.file.closed
    assert (await export(stores))[0], "and the next can be made"


async def test_a_failed_export_does_not_block_the_next(
    stores: Stores, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stores.deliver(message=1)
    with monkeypatch.context() as patched:
        patched.setattr(zipfile.ZipFile, "writestr", raising(OSError("no space left")))
        with pytest.raises(OSError, match="no space"):
            await export(stores)
    assert (await export(stores))[1] == 0


def raising(problem: Exception) -> Callable[..., None]:
    def fail(*_: Any) -> None:
        raise problem

    return fail
