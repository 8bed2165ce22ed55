"""A private picture is shown only to the member who asked for it, even after a restart."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine
from dataclasses import replace
from pathlib import Path

import pytest
from simcord.results import InteractionResult

from bot.domain import GuildId, Job, JobState, Rating, UserId
from bot.store.caps import Caps
from bot.store.curation import Curation
from cogs.asking import private, requests
from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.contract import Scores
from tests.stages.court import Court, court
from tests.stages.factories import make_held
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.simulated import OWNER

#: What a member reads about a picture that waits for moderators.
WAITS = "The moderators look at it first."


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path, "cogs.posting.delivery") as ready:
        yield ready


async def asks_in_private(desk: Front, **options: object) -> tuple[InteractionResult, Job]:
    result = await desk.member.slash(
        desk.channel, "waifu", prompt="1girl, secret", private=True, **options
    )
    return result, (await desk.jobs_of())[-1]


async def test_a_private_request_shows_nothing_to_anybody_else(desk: Front) -> None:
    result, job = await asks_in_private(desk)
    answer = answer_to(result)
    assert answer.ephemeral
    assert [i.split(":")[1] for i in custom_ids(answer)] == ["fetch", "cancel"]
    await desk.draw_jobs([job])
    await desk.run_rounds("Delivery")
    assert desk.message_ids() == [], "nothing that others see"
    done = await desk.services.views.get(job.id)
    assert done is not None
    assert done.state is JobState.DELIVERED
    assert await desk.services.gallery.posts(job.id) == []
    assert await desk.services.views.open_statuses() == []


async def test_show_returns_a_private_picture_at_every_press_after_a_restart(desk: Front) -> None:
    result, job = await asks_in_private(desk)
    fetch = custom_ids(answer_to(result))[0]
    early = answer_to(await desk.member.click(answer_to(result).message, custom_id=fetch))
    assert "Not done yet" in early.content
    await desk.draw_jobs([job])
    await desk.restart()
    for _ in range(2):
        shown = answer_to(await desk.member.click(answer_to(result).message, custom_id=fetch))
        assert shown.ephemeral
        assert [a.filename for a in shown.attachments] == [f"{job.id}.png"]
    assert await desk.services.gallery.posts(job.id) == []


async def test_a_private_picture_arrives_unasked_while_its_token_is_valid(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought: list[list[Job]] = []

    async def note(_: object, jobs: list[Job]) -> None:
        brought.append(jobs)

    monkeypatch.setattr(private, "show_all", note)
    _, job = await asks_in_private(desk)
    await desk.draw_jobs([job])

    class Caller:
        client = desk.bot

    await private.show_when_done(Caller(), job.request_id, None)  # type: ignore[arg-type]
    assert [[one.id for one in jobs] for jobs in brought] == [[job.id]]
    monkeypatch.setattr(private, "_TOKEN_S", 0)
    await private.show_when_done(Caller(), job.request_id, None)  # type: ignore[arg-type]
    assert len(brought) == 1, "its token has expired"


class Bringing:
    """Captures the delivery that a request begins, and runs it when a test calls."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(private, "_PACE_S", 0)
        monkeypatch.setattr(requests, "show_when_done", self.begin)
        self._begun: list[tuple[object, ...]] = []

    def begin(self, *begun: object) -> Coroutine[None, None, None]:
        self._begun.append(begun)
        return asyncio.sleep(0)

    async def comes(self) -> None:
        """Run the latest delivery."""
        await private.show_when_done(*self._begun[-1])  # type: ignore[arg-type]  as the bot gave them


async def test_the_acknowledgement_of_a_private_request_says_when_it_is_done(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    bringing = Bringing(monkeypatch)
    result, job = await asks_in_private(desk)
    answer = result.response
    assert answer is not None
    assert "queue" in answer.content
    await desk.draw_jobs([job])
    await bringing.comes()
    assert "queue" not in answer.content
    assert "brings the pictures again" in answer.content
    assert [i.split(":")[1] for i in custom_ids(answer)] == ["fetch"], "nothing to cancel"


async def test_the_acknowledgement_of_a_private_request_says_if_it_is_cancelled(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    bringing = Bringing(monkeypatch)
    result, _ = await asks_in_private(desk)
    answer = result.response
    assert answer is not None
    await desk.member.click(answer.message, label="Cancel")
    await bringing.comes()
    assert answer.content.startswith("**Cancelled** · ")
    assert custom_ids(answer) == []


async def test_a_private_picture_is_only_in_its_members_history_and_show(desk: Front) -> None:
    _, job = await asks_in_private(desk)
    await desk.draw_jobs([job])
    who = desk.newcomer()
    await desk.accept_licence(who)
    assert job.id in answer_to(await desk.member.slash(desk.channel, "history")).content
    mine = answer_to(await desk.member.slash(desk.channel, "show", id=job.id))
    assert mine.ephemeral
    assert mine.attachments
    theirs = answer_to(await who.slash(desk.channel, "show", id=job.id))
    assert not theirs.attachments
    assert "I can't find picture" in theirs.content


async def test_requests_made_from_a_private_picture_stay_private(desk: Front) -> None:
    result, job = await asks_in_private(desk)
    await desk.draw_jobs([job])
    fetch = custom_ids(answer_to(result))[0]
    shown = answer_to(await desk.member.click(answer_to(result).message, custom_id=fetch)).message
    for action in ("again", "vary"):
        pressed = answer_to(await desk.member.click(shown, custom_id=f"wd:{action}:{job.id}"))
        assert pressed.ephemeral
        if action == "again":
            drawn = await desk.member.click(pressed.message, label="Draw it anyway")
            assert answer_to(drawn).ephemeral
    form = await desk.member.click(shown, custom_id=f"wd:edit:{job.id}")
    values = {"prompt": "1girl, other", "negative": "", "aspect": ["any"], "seed": "", "more": ""}
    assert answer_to(await desk.member.submit_modal(form, values)).ephemeral
    made = await desk.jobs_of()
    assert len(made) == 4
    assert all([await desk.services.views.is_private(one.id) for one in made])


async def test_editing_a_refused_request_from_a_private_picture_stays_private(desk: Front) -> None:
    result, job = await asks_in_private(desk)
    await desk.draw_jobs([job])
    fetch = custom_ids(answer_to(result))[0]
    shown = answer_to(await desk.member.click(answer_to(result).message, custom_id=fetch)).message
    open_to_ask = desk.services
    desk.bot.services = replace(open_to_ask, caps=Caps(per_user=0, per_guild=4))
    full = answer_to(await desk.member.click(shown, custom_id=f"wd:vary:{job.id}"))
    desk.use_model(replace(INFO, limits=replace(INFO.limits, prompt_chars_max=5)))
    long = answer_to(await desk.member.click(shown, custom_id=f"wd:vary:{job.id}"))
    desk.bot.services = open_to_ask
    for number, refusal in enumerate((full, long)):
        edit = next(i for i in custom_ids(refusal) if i.startswith("wd:revise:"))
        form = await desk.member.click(refusal.message, custom_id=edit)
        values = {"prompt": f"1girl, {number}", "negative": "", "aspect": ["any"],
                  "seed": "", "more": ""}  # fmt: skip
        assert answer_to(await desk.member.submit_modal(form, values)).ephemeral
    _, *made = await desk.jobs_of()
    assert len(made) == 2
    assert all([await desk.services.views.is_private(one.id) for one in made])


async def test_a_private_picture_is_in_no_duel_export_or_contact_sheet(desk: Front) -> None:
    jobs = [(await asks_in_private(desk, seed=seed))[1] for seed in (1, 2)]
    open_ones = [*await desk.queue_jobs(prompt="1girl, open", seed=3),
                 *await desk.queue_jobs(prompt="1girl, open", seed=4)]  # fmt: skip
    await desk.draw_jobs([*jobs, *open_ones])
    db = desk.services.queue._db
    found = await desk.services.duels.comparable_pictures(
        GuildId(desk.guild.id), ratings=list(Rating)
    )
    assert {one.job_id for one in found} == {job.id for job in open_ones}
    sheet = await db.fetch_all("SELECT picture FROM contact_sheet")
    assert {row["picture"] for row in sheet} == {job.id for job in open_ones}
    for job in (*jobs, *open_ones):
        await db.write_one(
            "INSERT INTO votes (job_id, voter_id, axis, value, self_vote, at_ms)"
            " VALUES (:job, 5, 'taste', 1, 0, 1)",
            {"job": job.id},
        )
    harvest = await Curation(db).read()
    assert {entry.picture.job_id for entry in harvest.entries} == {job.id for job in open_ones}


async def test_a_held_private_picture_is_delivered_once_approved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bringing = Bringing(monkeypatch)
    async with court(tmp_path) as desk:
        await desk.change_policy(review_channel=desk.review_channel.id)
        result, job = await asks_in_private(desk)
        answer = answer_to(result)
        claimed = await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
        assert claimed is not None
        await _held(desk, claimed)
        await bringing.comes()
        assert answer.content.startswith("**1 picture**")
        assert WAITS in answer.content
        pressed = await desk.member.click(answer.message, custom_id=custom_ids(answer)[0])
        assert WAITS in answer_to(pressed).content, "not that it is done in a moment"
        await desk.press_action(await desk.post_case(), "approve")
        assert await desk.state(job) is JobState.DELIVERED
        await desk.run_all_rounds()
        assert not any(m.attachments for m in desk.channel.history())


async def _held(desk: Court, job: Job) -> None:
    await desk.keep_picture(job, replace(make_held(job), scores=Scores(values={"nudity": 0.6})))


async def test_a_private_request_stays_private_after_accepting_the_licence(desk: Front) -> None:
    who = desk.newcomer()
    terms = answer_to(await who.slash(desk.channel, "waifu", prompt="1girl, secret", private=True))
    pressed = await who.click(terms.message, custom_id=custom_ids(terms)[0])
    assert answer_to(pressed).ephemeral
    (job,) = await desk.jobs_of(who)
    assert await desk.services.views.is_private(job.id)
    assert job.user_id == UserId(who.id)


async def test_unknown_words_are_named_under_a_private_picture(desk: Front) -> None:
    desk.use_model(replace(INFO, tags_file=EMBEDDED / files.FILE_NAME))
    result, job = await asks_in_private(desk)
    await desk.draw_jobs([job])
    shown = await desk.member.click(
        answer_to(result).message, custom_id=custom_ids(answer_to(result))[0]
    )
    assert "I don't know *secret*" in answer_to(shown).content
