"""No query of a request, a button or a loop scans a whole table."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Awaitable, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Choice, DuelId, PartyId
from bot.domain import ChannelId, JobId, MessageId, Rating, RequestId, RuleId, UserId
from bot.store.audit_rows import AuditEntry
from bot.store.caps import Caps
from bot.store.case_rows import Case
from bot.store.decisions import Outcome
from bot.store.favourites import Favourites
from bot.store.gallery import PostDebt
from bot.store.members import Strike
from bot.store.views import Search
from tests.stages.factories import (
    GUILD,
    OTHER,
    SINCE,
    USER,
    make_admitted,
    make_draw,
    make_duel,
    make_message,
)
from tests.stages.moderators import MODERATOR, make_judgement
from tests.stages.plans import table_scans
from tests.stages.stores import Stores, open_stores

CAPS = Caps(per_user=99, per_guild=99, per_day=99, cooldown_ms=1)
STRIKE = Strike(rule=RuleId("gore"), about="a", at_ms=5, expires_ms=9)


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


def job(case: Case) -> JobId:
    assert case.job_id is not None
    return case.job_id


#: The calls that members and loops cause, by name.
CALLS: dict[str, Callable[[Stores, Case], Awaitable[object]]] = {
    "enqueue": lambda s, _: s.queue.enqueue(make_admitted(), CAPS, 9, since_id=SINCE),
    "usage": lambda s, _: s.members.usage(GUILD, USER, 5),
    "exclusion": lambda s, _: s.members.exclusion(GUILD, USER, 5),
    "strike": lambda s, _: s.members.record_strike(
        GUILD, USER, STRIKE, limit=1, timeout_ms=5, reason=""
    ),
    "strikes": lambda s, _: s.members.strikes(GUILD, USER, 5),
    "clear strikes": lambda s, _: s.members.clear_strikes(GUILD, USER, MODERATOR, 5),
    "lift": lambda s, _: s.members.lift_exclusion(GUILD, USER, MODERATOR, 5),
    "excluded": lambda s, _: s.members.exclusions(GUILD, 5, 9),
    "purge": lambda s, _: s.members.purge(GUILD, USER, MODERATOR, "", 5),
    "prune members": lambda s, _: s.members.prune(5),
    "mine": lambda s, _: s.views.unfinished_jobs(USER, GUILD),
    "of_guild": lambda s, _: s.views.guild_jobs(GUILD),
    "counts": lambda s, _: s.views.count_states(GUILD),
    "history": lambda s, _: s.views.history(USER, GUILD, 9),
    "favourites": lambda s, _: s.views.history(USER, GUILD, 9, search=Search(favourites=True)),
    "alike": lambda s, _: s.views.identical_jobs(GUILD, make_draw()),
    "star": lambda s, c: Favourites(s.db).add(USER, job(c), 5),
    "ended requests": lambda s, _: s.views.ended_requests(),
    "owed posts": lambda s, _: s.outbox.owed_posts(5),
    "get": lambda s, c: s.gallery.get(job(c)),
    "top": lambda s, _: s.votes.top(GUILD, 0, 9, 9, ratings=()),
    "unspoilered": lambda s, _: s.gallery.posts_with_debt(PostDebt.AMENDMENT, 9),
    "comparable": lambda s, _: s.duels.comparable_pictures(GUILD, ratings=(Rating.GENERAL,)),
    "open duel": lambda s, c: s.duels.open(make_duel(job(c), "other")),
    "begin duel": lambda s, _: s.duels.begin_posting(DuelId("d"), 5),
    "posted duel": lambda s, c: s.duels.record_message(make_duel(job(c), "other"), MessageId(5), 5),
    "unposted duels": lambda s, _: s.duels.unposted_duels(9),
    "untold duels": lambda s, _: s.duels.unshown_results(9),
    "close duel": lambda s, _: s.duels.close(DuelId("d"), 5),
    "choose": lambda s, _: s.duels.vote(DuelId("d"), USER, Choice.LEFT, 5),
    "standing": lambda s, _: s.duels.tally(DuelId("d")),
    "chosen": lambda s, _: s.duels.chosen_pairs(GUILD, USER),
    "asked": lambda s, _: s.duels.shown_pair_counts(GUILD),
    "decided": lambda s, _: s.duels.decided_pairs(GUILD, 5),
    "parties": lambda s, _: s.parties.running_parties(),
    "duels of a party": lambda s, _: s.parties.duels(PartyId("p")),
    "step": lambda s, _: s.parties.step(PartyId("p"), None, 5),
    "trust": lambda s, _: s.trust.voters(GUILD),
    "message deleted": lambda s, _: s.gallery.record_deleted_messages([MessageId(5)], 5),
    "delete": lambda s, c: s.gallery.delete(job(c), 5),
    "report": lambda s, c: s.reviews.file_report(
        job(c),
        UserId(OTHER),
        "",
        5,
        since_id=1,
    ),
    "appeal": lambda s, _: s.reviews.file_appeal(
        RequestId("none"), USER, findings=(), why="", now_ms=5, since_id=1, max_open=1
    ),
    "case": lambda s, c: s.reviews.get(c.id),
    "open cases": lambda s, _: s.reviews.open_cases(GUILD, 9),
    "approve": lambda s, c: s.reviews.decide(c.id, make_judgement(Outcome.APPROVE)),
    "spoiler": lambda s, c: s.reviews.decide(c.id, make_judgement(Outcome.SPOILER)),
    "remove": lambda s, c: s.reviews.decide(c.id, make_judgement(Outcome.REMOVE_AND_TIME_OUT)),
    "expire": lambda s, _: s.reviews.expire(9_999, "", 10_000),
    "prune cases": lambda s, _: s.reviews.prune(5),
    "waits": lambda s, _: s.reviews.review_times(0, 9),
    "owed cases": lambda s, _: s.case_posts.owed_cases(9),
    "begin case": lambda s, c: s.case_posts.begin_posting(c, 5),
    "posted case": lambda s, c: s.case_posts.record_message(c, make_message(5)),
    "case message gone": lambda s, _: s.case_posts.record_deleted_message(MessageId(5)),
    "review channel gone": lambda s, _: s.case_posts.record_deleted_channel(GUILD, ChannelId(5)),
    "policy": lambda s, _: s.guilds.policy(GUILD),
    "history of policy": lambda s, _: s.guilds.history(GUILD, 9),
    "audit": lambda s, _: s.guilds.audit_log(GUILD, 9, before_id=5),
    "untold": lambda s, _: s.guilds.unposted_entries(9),
    "note": lambda s, _: s.guilds.log_event(
        AuditEntry(guild_id=GUILD, actor_id=None, action="alert", detail="", at_ms=5)
    ),
    "why": lambda s, c: s.decisions.decisions_about(GUILD, job(c)),
    "prune decisions": lambda s, _: s.decisions.prune(5),
}


@pytest.mark.parametrize("call", CALLS)
async def test_no_call_scans_a_whole_table(stores: Stores, call: str) -> None:
    _, case = await stores.hold()
    assert await table_scans(stores, lambda: CALLS[call](stores, case)) == []


async def test_a_table_scan_is_detected(stores: Stores) -> None:
    sql = "SELECT * FROM jobs WHERE error = 'x'"
    assert await table_scans(stores, lambda: stores.db.fetch_all(sql)) == ["SCAN jobs"]


async def test_a_scan_of_a_whole_index_is_detected(stores: Stores) -> None:
    sql = "SELECT * FROM jobs INDEXED BY jobs_asked WHERE created_ms > 5"
    (step,) = await table_scans(stores, lambda: stores.db.fetch_all(sql))
    assert step.startswith("SCAN jobs USING INDEX")
