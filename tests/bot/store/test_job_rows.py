"""Rows written by another version of the bot (after a downgrade): each ends alone, and says so."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import pytest_asyncio

from bot.domain import Job, JobState, Rating, RefusalReason, Refused
from bot.policy.showing import Shown, may_show
from bot.store.consent import Consent
from bot.store.job_rows import _PLACEHOLDER, UNREADABLE_JOB, draw_json, draw_of
from models.contract import Aspect, Draw, Sampler
from tests.stages.factories import GUILD, USER, make_ask, make_draw
from tests.stages.front import Front, answer_to, front
from tests.stages.law import make_policy
from tests.stages.stores import Stores, open_stores
from tests.stages.studio import studio

STRANGE = {
    "aspect": "banner",
    "sampler": "dpm_9",
    "rating": "mature",
}
SETTING = {
    "aspect": "draw = json_set(draw, '$.aspect', :value)",
    "sampler": "draw = json_set(draw, '$.sampler', :value)",
    "rating": "rating = :value",
}
#: What another version makes of a draw, and how the fault is named.
FOREIGN_DRAWS = {
    "json_set(draw, '$.v', 2)": "draw version 2",
    "json_remove(draw, '$.v')": "draw version None",
    "json_set(draw, '$.tiling', json('true'))": "tiling True",
    "json_set(draw, '$.seed', 'lucky')": "seed (str)",
    "json_set(draw, '$.steps', json('true'))": "steps True",
    "json_remove(draw, '$.prompt')": "prompt None",
    "substr(draw, 2)": "draw",
    "'[1]'": "draw",
}


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncIterator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


async def rewrite(stores: Stores | Front, job: Job, column: str) -> None:
    """Rewrite the row as a newer version that knows more values would have written it."""
    db = stores.db if isinstance(stores, Stores) else stores.services.queue._db
    await db.write_one("PRAGMA foreign_keys = OFF")
    await db.write_one(
        f"UPDATE jobs SET {SETTING[column]} WHERE id = :id",  # noqa: S608  constants of this file
        {"value": STRANGE[column], "id": job.id},
    )
    await db.write_one("PRAGMA foreign_keys = ON")


@pytest.mark.parametrize("column", STRANGE)
async def test_a_queued_job_with_an_unknown_value_fails_alone(
    stores: Stores, column: str, caplog: pytest.LogCaptureFixture
) -> None:
    (strange,), (fine,) = await stores.enqueue(), await stores.enqueue()
    await rewrite(stores, strange, column)
    claimed = await stores.claim()
    assert claimed is not None
    assert claimed.id == fine.id
    ended = await stores.views.get(strange.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.FAILED, UNREADABLE_JOB)
    assert ended.fault == f"{column} '{STRANGE[column]}'"
    assert STRANGE[column] in caplog.text
    assert await stores.claim() is None


@pytest.mark.parametrize("strange", FOREIGN_DRAWS)
async def test_a_job_with_another_versions_draw_fails_alone(stores: Stores, strange: str) -> None:
    (job,) = await stores.enqueue()
    await stores.db.write_one(f"UPDATE jobs SET draw = {strange}")  # noqa: S608  a constant above
    assert await stores.claim() is None
    ended = await stores.views.get(job.id)
    assert ended is not None
    assert (ended.state, ended.fault) == (JobState.FAILED, FOREIGN_DRAWS[strange])


def test_every_draw_is_read_as_it_was_written() -> None:
    draw = make_draw("“quoted”, {青い髪:1.3}", seed=2**32 - 1, sampler=Sampler.DPMPP_2M)
    faults: list[str] = []
    assert draw_of(draw_json(draw), faults) == draw
    skipping = replace(draw, clip_skip=2)
    assert draw_of(draw_json(skipping), faults) == skipping
    assert "clip_skip" not in draw_json(draw), "a version that does not know it can read this"
    whole = draw_json(draw).replace('"guidance": 7.0', '"guidance": 7')
    assert draw_of(whole, faults) == draw, "a whole number is a number"
    assert not faults


#: Changes to a draw, and the name of the fault that each of them is.
DRAW_FAULTS: list[tuple[dict[str, object], str]] = [
    ({"seed": "lucky"}, "seed (str)"),
    ({"seed": 1.0}, "seed 1.0"),
    ({"steps": True}, "steps True"),
    ({"steps": None}, "steps None"),
    ({"guidance": "7"}, "guidance (str)"),
    ({"guidance": True}, "guidance True"),
    ({"prompt": 3}, "prompt 3"),
    ({"negative": None}, "negative None"),
    ({"prompt": ["a member's words"]}, "prompt (list)"),
    ({"character": "a member's words"}, "character (str)"),
    ({"aspect": ["square"]}, "aspect ['square']"),
    ({"sampler": 3}, "sampler 3"),
    ({"clip_skip": "2"}, "clip_skip (str)"),
    ({"clip_skip": None}, "clip_skip None"),
    ({"tiling": {"x": 1}}, "tiling (dict)"),
    (
        {"tiling": 1, "v": 7, "steps": "a", "aspect": "wide", "layer": 2},
        "draw version 7, aspect 'wide', steps (str), tiling 1, layer 2",
    ),
]


@pytest.mark.parametrize(("changes", "named"), DRAW_FAULTS)
def test_every_fault_of_a_draw_is_named_and_the_rest_is_read(
    changes: dict[str, object], named: str
) -> None:
    draw = make_draw(seed=77)
    faults: list[str] = []
    seen = draw_of(json.dumps(json.loads(draw_json(draw)) | changes), faults)
    assert ", ".join(faults) == named
    careful = {
        name: getattr(_PLACEHOLDER, name)
        for name in changes
        if name in {f.name for f in fields(Draw)}
    }
    assert seen == replace(draw, **careful)


@pytest.mark.parametrize("name", [f.name for f in fields(Draw)])
def test_only_an_option_may_be_missing(name: str) -> None:
    options = {
        "clip_skip": 2, "model": "a-1", "completion": "blue eyes", "source": "0000000001",
        "strength": 0.5, "style": "moody", "enlarged": True,
    }  # fmt: skip
    values = json.loads(draw_json(replace(make_draw(), **options)))
    del values[name]
    faults: list[str] = []
    draw_of(json.dumps(values), faults)
    assert faults == ([] if name in options else [f"{name} None"])


async def test_a_picture_whose_prompt_is_unreadable_is_not_shown_again(stores: Stores) -> None:
    job, picture = await stores.draw()
    policy = make_policy()
    assert may_show(job, picture, policy) == Shown(spoiler=False)
    await stores.db.write_one("UPDATE jobs SET draw = json_remove(draw, '$.prompt')")
    seen = await stores.views.get(job.id)
    assert seen is not None
    refused = may_show(seen, picture, policy)
    assert isinstance(refused, Refused)
    assert refused.reason is RefusalReason.FAULT


@pytest.mark.parametrize("column", STRANGE)
async def test_a_drawn_job_with_an_unknown_value_fails_alone(stores: Stores, column: str) -> None:
    strange, _ = await stores.draw()
    fine, _ = await stores.draw()
    await rewrite(stores, strange, column)
    assert [post.id for post in await stores.outbox.owed_posts(9_000)] == [fine.id]
    ended = await stores.views.get(strange.id)
    assert ended is not None
    assert (ended.state, ended.error) == (JobState.FAILED, UNREADABLE_JOB)


async def test_an_unreadable_value_is_read_as_the_most_careful_one(stores: Stores) -> None:
    (job,) = await stores.enqueue()
    for column in STRANGE:
        await rewrite(stores, job, column)
    (seen,) = await stores.views.unfinished_jobs(USER, GUILD)
    assert seen.rating is Rating.EXPLICIT
    assert (seen.draw.aspect, seen.draw.sampler) == (Aspect.SQUARE, Sampler.EULER_A)
    assert seen.fault is not None
    assert all(value in seen.fault for value in STRANGE.values())
    assert [job.id for job in await stores.views.guild_jobs(GUILD)] == [job.id]
    assert [job.id for job in await stores.views.of_request(job.request_id)] == [job.id]


async def test_the_worker_keeps_drawing_beside_another_versions_job(tmp_path: Path) -> None:
    async with studio(tmp_path) as s:
        s.worker.stop()
        await s.running
        (strange,), (fine,) = await s.ask(), await s.ask()
        await s.db.write_one(
            "UPDATE jobs SET draw = json_set(draw, '$.sampler', 'dpm_9') WHERE id = :id",
            {"id": strange.id},
        )
    async with studio(tmp_path) as s:
        await s.until(fine, JobState.RENDERED)
        assert (await s.until(strange, JobState.FAILED)).error == UNREADABLE_JOB


async def test_queue_history_and_buttons_explain_another_versions_job(desk: Front) -> None:
    job, post = await desk.post_picture()
    await rewrite(desk, job, "aspect")
    assert job.id in answer_to(await desk.member.slash(desk.channel, "history")).content
    for label in ("Again", "Reroll", "Settings"):
        answer = answer_to(await desk.member.click(post, label=label))
        assert "another version of me" in answer.content, label
        assert answer.ephemeral
    assert len(await desk.jobs_of()) == 1
    asked = answer_to(await desk.member.click(post, label="Delete"))
    await desk.member.click(asked.message, label="Yes, delete it")
    assert await desk.services.gallery.get(job.id) is None
    (waiting,) = await desk.queue_jobs()
    await rewrite(desk, waiting, "sampler")
    assert waiting.id in answer_to(await desk.member.slash(desk.channel, "queue")).content


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"aspect": "square"', '"aspect": "banner"'),
        ('"v": 1', '"v": 2'),
        ('"place": ', '"where": '),
        ('"place": {', '"place": 7, "was": {'),
        ('"count": ', '"count": "two", "n": '),
        ('"count": ', '"adapters": [], "count": '),
        ('"kind": "command"', '"kind": "dream"'),
        ('"parent_age_restricted": false, ', ""),
        ("{", ""),
    ],
)
async def test_a_waiting_ask_of_another_version_is_dropped(
    stores: Stores, old: str, new: str
) -> None:
    consent = Consent(stores.db)
    waiting_id = await consent.add_waiting_ask(make_ask(), 1)
    assert await consent.get_waiting_ask(waiting_id, USER) is not None
    await stores.db.write_one(
        "UPDATE waiting_asks SET ask = replace(ask, :old, :new)", {"old": old, "new": new}
    )
    assert await consent.get_waiting_ask(waiting_id, USER) is None
    assert await consent.take_waiting_ask(waiting_id, USER) is None
    assert await stores.rows("waiting_asks") == []


async def test_a_picture_of_another_version_matches_no_draw(stores: Stores) -> None:
    """Its draw may match as far as it can be read, and differ in the rest."""
    job = await stores.deliver(message=1)
    assert [one.id for one in await stores.views.identical_jobs(GUILD, job.draw)] == [job.id]
    await rewrite(stores, job, "rating")
    assert await stores.views.identical_jobs(GUILD, job.draw) == []


async def test_nothing_is_made_from_a_picture_of_another_version(desk: Front) -> None:
    job, message = await desk.post_picture()
    await rewrite(desk, job, "rating")
    for label in ("Vary subtle", "Vary strong", "Upscale"):
        assert "could not check" in answer_to(await desk.member.click(message, label=label)).content
    assert [one.id for one in await desk.jobs_of()] == [job.id]
