"""A curator's stamps and captions are kept, can be taken back, and appear in the server's log."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from pathlib import Path

import pytest_asyncio

from bot.curating.harvest import Stamp
from bot.domain import JobId, Refused
from bot.store.consent import Consent
from bot.store.curation import Curation
from bot.words.policy_log import log_line
from tests.stages.factories import GUILD, OTHER, USER, make_reaction
from tests.stages.stores import Stores, open_stores


@pytest_asyncio.fixture
async def stores(tmp_path: Path) -> AsyncGenerator[Stores]:
    async with open_stores(tmp_path) as opened:
        yield opened


async def kept(stores: Stores) -> list[tuple[object, object]]:
    return [(row["stamp"], row["caption"]) for row in await stores.rows("curations")]


async def test_a_stamp_and_a_caption_are_kept_until_they_are_taken_back(stores: Stores) -> None:
    job, _ = await stores.draw()
    curation = Curation(stores.db)
    assert await curation.stamp(job.id, Stamp.APPROVED, 5) is None
    assert await curation.caption(job.id, "  two\n girls ", 6) is None
    assert await curation.stamp(job.id, Stamp.REJECTED, 7) is None
    assert await kept(stores) == [("rejected", "two girls")]
    await curation.stamp(job.id, None, 8)
    assert await kept(stores) == [(None, "two girls")]
    await curation.caption(job.id, " ", 9)
    assert await kept(stores) == [], "an empty row is deleted"


async def test_each_change_has_its_line_in_the_servers_log(stores: Stores) -> None:
    job, _ = await stores.draw()
    curation = Curation(stores.db)
    await curation.stamp(job.id, Stamp.APPROVED, 5)
    await curation.stamp(job.id, Stamp.REJECTED, 6)
    await curation.stamp(job.id, None, 7)
    await curation.caption(job.id, "secret words", 8)
    told = [
        log_line(
            actor_id=entry.actor_id,
            action=entry.action,
            detail=entry.detail,
            at_ms=entry.at_ms,
            user_id=entry.user_id,
            limit=200,
        ).splitlines()
        for entry in await stores.guilds.audit_log(GUILD, 9)
    ]
    deeds = [line[0].partition("operator ")[2] for line in reversed(told)]
    assert deeds == [
        "approved for training:",
        "took out of training:",
        "took back what was said for training of:",
        "described in other words for training:",
    ]
    assert all(line[1] == f"- `{job.id}`" for line in told)
    assert "secret" not in str(told)


async def test_deleted_and_held_pictures_cannot_be_curated(stores: Stores) -> None:
    curation = Curation(stores.db)
    held, _ = await stores.hold()
    deleted, _ = await stores.draw()
    await stores.gallery.delete(deleted.id, 9)
    for job_id in (held.id, deleted.id, JobId("0000000000")):
        for answer in (
            await curation.stamp(job_id, Stamp.APPROVED, 5),
            await curation.caption(job_id, "words", 5),
        ):
            assert isinstance(answer, Refused)
    assert await kept(stores) == []
    assert not await stores.guilds.audit_log(GUILD, 9)


async def test_a_caption_that_is_too_long_is_refused(stores: Stores) -> None:
    job, _ = await stores.draw()
    refused = await Curation(stores.db).caption(job.id, "x" * 2001, 5)
    assert isinstance(refused, Refused)
    assert "2000 characters" in refused.text
    assert await kept(stores) == []


async def test_a_caption_goes_when_the_pictures_member_is_forgotten(stores: Stores) -> None:
    job, _ = await stores.draw()
    await Curation(stores.db).caption(job.id, "words", 5)
    await stores.privacy.forget(USER)
    assert await kept(stores) == []


async def test_the_contact_sheet_shows_no_member_and_no_unshared_prompt(stores: Stores) -> None:
    await stores.deliver(message=1, prompt='a "quoted", blue  hair,tag')
    await stores.deliver(message=2, prompt="private", user=OTHER)
    await stores.hold()
    gone, _ = await stores.draw()
    await stores.gallery.delete(gone.id, 9)
    broken, _ = await stores.draw()
    await stores.db.write_one(
        "UPDATE jobs SET draw = substr(draw, 2) WHERE id = :id", {"id": broken.id}
    )
    await Consent(stores.db).set_sharing(USER, True, 5)
    for voter, emoji in ((OTHER, "👍"), (77, "👍"), (78, "👎"), (USER, "👍")):
        await stores.votes.record(make_reaction(1, voter, emoji))
    rows = await stores.rows("contact_sheet")
    assert [row["prompt"] for row in rows] == ['a "quoted", blue  hair,tag', None, None]
    assert [row["tags"] for row in rows] == ['["a \\"quoted\\"","blue  hair","tag"]', "[]", "[]"]
    assert [(row["up"], row["down"]) for row in rows] == [(2, 1), (0, 0), (0, 0)]
    assert rows[0]["server"] == str(GUILD)
    assert not any(str(user) in str(rows) for user in (USER, OTHER))
