"""What moderators decided about a picture holds for the same picture drawn again."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.ballot import Choice
from bot.domain import GuildId, Job, JobState, Picture, RequestKind, Ruling, UserId
from bot.store.consequences import Judgement
from bot.store.decisions import Outcome
from tests.stages.factories import (
    GUILD,
    OTHER,
    SINCE,
    make_admitted,
    make_ask,
    make_duel,
    make_png,
    make_post,
    make_released,
    make_send,
)
from tests.stages.moderators import MODERATOR, TEXT
from tests.stages.stores import WORKER, Stores, open_stores

CARD = "tiny-1"


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def judged(stores: Stores, outcome: Outcome, prompt: str = "1girl, blue hair") -> Job:
    """A picture that was posted, reported and decided about."""
    job = await stores.deliver(message=1, prompt=prompt)
    await stores.reviews.file_report(job.id, MODERATOR, "no", 4_000, since_id=SINCE)
    await settle(stores, outcome)
    return job


async def settle(stores: Stores, outcome: Outcome) -> None:
    """Decide the only open case."""
    (case,) = await stores.reviews.open_cases(GUILD, 9)
    await stores.reviews.decide(
        case.id, Judgement(outcome=outcome, actor_id=MODERATOR, at_ms=5_000, removal_text=TEXT)
    )


async def ruled(
    stores: Stores, job: Job, guild: int = GUILD, card_id: str = CARD, **changes: object
) -> Ruling | None:
    draw = replace(job.draw, **changes)  # type: ignore[arg-type]  its own fields
    return await stores.reviews.precedent(GuildId(guild), [draw], card_id)


@pytest.mark.parametrize(
    ("outcome", "ruling"),
    [
        (Outcome.REMOVE, Ruling.REFUSE),
        (Outcome.SPOILER, Ruling.SPOILER),
        (Outcome.DISMISS, None),
    ],
)
async def test_a_decision_is_remembered_for_the_same_picture(
    stores: Stores, outcome: Outcome, ruling: Ruling | None
) -> None:
    job = await judged(stores, outcome)
    assert await ruled(stores, job) is ruling


async def test_spelling_and_settings_do_not_make_it_another_picture(stores: Stores) -> None:
    job = await judged(stores, Outcome.REMOVE)
    for prompt in ("1GIRL,   blue hair", "1girl,blue hair", " 1girl , blue\thair "):
        assert await ruled(stores, job, prompt=prompt) is Ruling.REFUSE, prompt
    assert await ruled(stores, job, steps=5, guidance=7.5) is Ruling.REFUSE
    assert await ruled(stores, job, model=CARD) is Ruling.REFUSE
    assert await ruled(stores, job, prompt="1girl", completion="blue hair") is Ruling.REFUSE


async def test_a_precedent_does_not_cover_other_pictures_servers_or_models(stores: Stores) -> None:
    job = await judged(stores, Outcome.REMOVE)
    assert await ruled(stores, job, prompt="1girl, red hair") is None
    assert await ruled(stores, job, completion="hat") is None
    assert await ruled(stores, job, negative="") is None
    assert await ruled(stores, job, seed=8) is None
    assert await ruled(stores, job, model="tiny-2") is None
    assert await ruled(stores, job, card_id="tiny-2") is None
    assert await ruled(stores, job, guild=GUILD + 1) is None


async def test_the_strictest_of_several_precedents_counts(stores: Stores) -> None:
    job = await judged(stores, Outcome.REMOVE)
    draws = [job.draw.nth(index) for index in (3, 2, 1, 0)]
    assert await stores.reviews.precedent(GUILD, draws, CARD) is Ruling.REFUSE
    assert await stores.reviews.precedent(GUILD, draws[:3], CARD) is None


async def test_a_precedent_outlives_a_forgotten_member_but_keeps_no_words(stores: Stores) -> None:
    job = await judged(stores, Outcome.REMOVE, prompt="1girl, kept secret")
    await stores.privacy.forget(job.user_id)
    assert await ruled(stores, job) is Ruling.REFUSE
    assert "secret" not in repr(await stores.rows("precedents"))


async def test_a_purge_sets_a_precedent_and_a_members_deletion_does_not(stores: Stores) -> None:
    own = await stores.deliver(message=1, seed=1)
    await stores.gallery.delete(own.id, 4_000)
    assert await ruled(stores, own) is None
    purged = await stores.deliver(message=2, seed=2)
    await stores.members.purge(GUILD, purged.user_id, MODERATOR, TEXT, 5_000)
    assert await ruled(stores, purged) is Ruling.REFUSE
    assert await ruled(stores, own) is None, "it was gone before"


async def kept_after(stores: Stores, outcome: Outcome) -> tuple[Job, bool]:
    """The same picture, asked for before the decision and drawn after it; whether it is kept."""
    await judged(stores, outcome, prompt="1girl")
    await stores.enqueue(make_admitted(make_ask("1girl")))
    job = await stores.claim()
    assert job is not None
    kept = await stores.gallery.keep(
        make_released(job), make_png(job), card_id=CARD, owner=WORKER, now_ms=6_000
    )
    return job, kept is not None


async def test_a_picture_asked_for_before_a_removal_is_withheld_after_it(stores: Stores) -> None:
    job, kept = await kept_after(stores, Outcome.REMOVE)
    assert not kept
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert ended.state is JobState.WITHHELD
    assert "The moderators removed this very picture" in (ended.error or "")
    decisions = await stores.decisions.decisions_about(GUILD, job.id)
    assert [one.outcome for one in decisions] == [Outcome.ALLOW, Outcome.WITHHOLD]
    assert await stores.rows("doomed_files") == []


async def test_a_picture_asked_for_before_a_spoiler_is_kept_behind_one(stores: Stores) -> None:
    job, kept = await kept_after(stores, Outcome.SPOILER)
    assert kept
    picture = await stores.gallery.get(job.id)
    assert picture is not None
    assert picture.spoiler


async def test_a_removal_does_not_end_another_workers_job(stores: Stores) -> None:
    await judged(stores, Outcome.REMOVE, prompt="1girl")
    await stores.enqueue(make_admitted(make_ask("1girl")))
    job = await stores.claim()
    assert job is not None
    kept = await stores.gallery.keep(
        make_released(job), make_png(job), card_id=CARD, owner="another", now_ms=6_000
    )
    assert kept is None
    assert await stores.state(job) == JobState.RUNNING


@pytest.mark.parametrize("outcome", [Outcome.REMOVE, Outcome.SPOILER])
async def test_a_decision_during_an_enlargement_covers_the_larger_picture(
    stores: Stores, outcome: Outcome
) -> None:
    source = await judged(stores, outcome, prompt="1girl")
    ask = make_ask("1girl")
    larger = replace(ask.draw, source=source.id, enlarged=True, width_px=64, height_px=64)
    await stores.enqueue(make_admitted(replace(ask, draw=larger)))
    job = await stores.claim()
    assert job is not None
    kept = await stores.gallery.keep(
        make_released(job), make_png(job), card_id=CARD, owner=WORKER, now_ms=6_000
    )
    assert kept is None if outcome is Outcome.REMOVE else kept.spoiler


async def test_a_variation_of_a_picture_that_gets_a_spoiler_gets_one_too(
    stores: Stores,
) -> None:
    source, plain = await judged(stores, Outcome.SPOILER), await stores.deliver(message=2, seed=9)
    for one, covered in ((source, True), (plain, False)):
        ask = make_ask("1girl", seed=10)
        varied = replace(ask.draw, source=one.id, strength=0.5)
        await stores.enqueue(make_admitted(replace(ask, draw=varied)))
        job = await stores.claim()
        assert job is not None
        kept = await stores.gallery.keep(
            make_released(job), make_png(job), card_id=CARD, owner=WORKER, now_ms=6_000
        )
        assert kept is not None
        assert kept.spoiler is covered


async def test_a_decision_also_covers_an_enlargement_made_before_it(
    stores: Stores,
) -> None:
    source = await stores.deliver(message=1)
    ask = make_ask(user=OTHER, kind=RequestKind.UPSCALE, parent=source.id)
    larger = replace(ask.draw, source=source.id, enlarged=True, width_px=64, height_px=64)
    await stores.enqueue(make_admitted(replace(ask, draw=larger)))
    job = await stores.claim()
    assert job is not None
    assert await stores.gallery.keep(
        make_released(job), make_png(job), card_id=CARD, owner=WORKER, now_ms=6_000
    )
    await stores.outbox.record_delivery(job.owed_post_id, make_post(job.id, message=2), 6_001)
    varied = await stores.deliver(message=3, seed=8)
    await stores.db.write_one(
        "UPDATE requests SET parent_job_id = :source, kind = 'vary' WHERE id = :request",
        {"source": source.id, "request": varied.request_id},
    )
    await stores.reviews.file_report(source.id, MODERATOR, "no", 7_000, since_id=SINCE)
    await settle(stores, Outcome.SPOILER)
    covered = {row["job_id"]: row["spoiler"] for row in await stores.rows("pictures")}
    assert covered == {source.id: 1, job.id: 1, varied.id: 0}
    assert [row["message_id"] for row in await stores.rows("posts") if row["amendment_owed"]] == [
        1, 2,
    ]  # fmt: skip
    await stores.members.purge(GUILD, source.user_id, MODERATOR, TEXT, 8_000)
    assert await stores.gallery.is_removed(job.id)
    assert {row["message_id"] for row in await stores.rows("doomed_messages")} == {1, 2, 3}


async def drawn_later(stores: Stores, job: Job) -> Picture | None:
    """The picture of a running job once it is drawn, or None if it is not kept."""
    return await stores.gallery.keep(
        make_released(job), make_png(job), card_id=CARD, owner=WORKER, now_ms=6_000
    )


async def begun_from(stores: Stores, source: Job, **how: object) -> Job:
    """A running job of another member that makes a picture from `source`."""
    kind = RequestKind.UPSCALE if how.get("enlarged") else RequestKind.VARY
    ask = make_ask(user=OTHER, kind=kind, parent=source.id)
    draw = replace(ask.draw, source=source.id, **how)  # type: ignore[arg-type]  its own fields
    await stores.enqueue(make_admitted(replace(ask, draw=draw)))
    job = await stores.claim()
    assert job is not None
    return job


async def test_a_removed_variation_of_a_spoilered_picture_stays_removed(stores: Stores) -> None:
    source = await judged(stores, Outcome.SPOILER)
    varied = await begun_from(stores, source, strength=0.5)
    assert await ruled(stores, varied) is Ruling.SPOILER
    assert await drawn_later(stores, varied)
    await stores.outbox.record_delivery(varied.owed_post_id, make_post(varied.id, message=2), 6_001)
    await stores.reviews.file_report(varied.id, MODERATOR, "no", 7_000, since_id=SINCE)
    await settle(stores, Outcome.REMOVE)
    assert await ruled(stores, varied) is Ruling.REFUSE


async def test_a_spoiler_on_the_source_ends_shows_and_duels_of_its_enlargement(
    stores: Stores,
) -> None:
    source, other = await stores.deliver(message=1), await stores.deliver(message=2, seed=8)
    larger = await begun_from(stores, source, enlarged=True, width_px=64, height_px=64)
    assert await drawn_later(stores, larger)
    await stores.outbox.record_delivery(larger.owed_post_id, make_post(larger.id, message=3), 6_001)
    await stores.sends.begin(make_send(larger.id))
    duel = make_duel(larger.id, other.id)
    assert await stores.duels.open(duel)
    varied = await begun_from(stores, larger, strength=0.5)
    await stores.reviews.file_report(source.id, MODERATOR, "no", 7_000, since_id=SINCE)
    await settle(stores, Outcome.SPOILER)
    assert [hunt.name for hunt in await stores.doomed.hunts(9)] == [make_send(larger.id).name]
    assert await stores.duels.vote(duel.id, UserId(OTHER), Choice.LEFT, 8_000) is None
    kept = await drawn_later(stores, varied)
    assert kept is not None
    assert kept.spoiler
