"""Each promise of the harnesses is broken by hand, and its function reports the fault."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncGenerator, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import aiohttp
import pytest_asyncio

from tests.stages import looks
from tests.stages.looks import Forgotten
from tests.stages.promises import Expected, faults
from tests.stages.stage import Stage, stage


@pytest_asyncio.fixture
async def here(tmp_path: Path) -> AsyncGenerator[Stage]:
    """A member's picture is posted, everything has come to rest, and the bot is stopped."""
    async with stage(tmp_path) as ready:
        await ready.accept_terms()

        async def hold() -> bool:
            return not faults(ready, Expected(promised={"1girl": 1}))

        await ready.until(hold)
        await ready.bot.stop()
        yield ready


def edit(here: Stage, sql: str) -> None:
    with closing(sqlite3.connect(here.data_dir / "bot.sqlite3")) as connection:
        connection.execute(sql)
        connection.commit()


async def post(here: Stage, body: dict[str, Any], filename: str | None = None) -> None:
    """Post a message as the bot, of which the bot knows nothing."""
    form = aiohttp.FormData()
    if filename is not None:
        body |= {"attachments": [{"id": 0, "filename": filename}]}
    form.add_field("payload_json", json.dumps(body), content_type="application/json")
    if filename is not None:
        form.add_field("files[0]", b"bytes", filename=filename, content_type="image/png")
    url = f"{here.sandbox.rest_url}/channels/{here.sandbox.channel(here.channel_name)}/messages"
    token = {"Authorization": f"Bot {here.sandbox.token}"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(url, data=form, headers=token) as answer,
    ):
        assert answer.status == 200, await answer.text()


#: A second job in the post of the first.
_SECOND_OF_THE_POST = (
    "INSERT INTO jobs (id, request_id, owed_post_id, user_id, guild_id, channel_id, draw, rating,"
    " state, created_ms) SELECT '0000000002', request_id, owed_post_id, user_id, guild_id,"
    " channel_id, draw, rating, state, created_ms FROM jobs"
)


def job_of(here: Stage) -> str:
    return str(here.rows("SELECT id FROM jobs")[0][0])


def broken_promises(here: Stage, forgotten: Forgotten | None = None) -> list[str]:
    """The promises that are broken."""
    expected = Expected(promised={"1girl": 1}, forgotten=[] if forgotten is None else [forgotten])
    return sorted(faults(here, expected).broken)


async def test_a_promised_picture_that_was_never_noted_is_lost(here: Stage) -> None:
    assert not faults(here, Expected(promised={"1girl": 1}))
    assert faults(here, Expected(promised={"1girl": 2})).nothing_lost
    assert looks.never_recorded(here, {"a cat": 1}) == ["'a cat', recorded 0 times of 1"]


async def test_a_picture_that_nobody_sees_is_lost_unless_it_was_deleted(here: Stage) -> None:
    (shown,) = here.picture_posts()
    here.sandbox.delete_message("moderator", shown["id"])
    assert broken_promises(here) == ["nothing_lost"]
    edit(here, "UPDATE pictures SET deleted_ms = 1")
    assert not looks.not_shown(here)


async def test_a_picture_that_nobody_can_vote_on_counts_as_lost(here: Stage) -> None:
    (shown,) = here.picture_posts()
    here.sandbox.clear_reactions(shown["id"], "👎")
    assert broken_promises(here) == ["nothing_lost"]
    assert looks.without_vote_reactions(here) == [f"the vote on {job_of(here)}"]


async def test_a_picture_whose_file_is_gone_is_lost(here: Stage) -> None:
    next((here.data_dir / "pictures").rglob("*.png")).unlink()
    assert broken_promises(here) == ["nothing_lost"]


async def test_a_picture_posted_again_counts_as_doubled(here: Stage) -> None:
    await post(here, {"content": "again"}, f"{job_of(here)}.png")
    assert looks.posted_twice(here) == [f"{job_of(here)}, 2 times"]
    assert "nothing_twice" in broken_promises(here)


async def test_a_post_repeated_with_another_of_its_pictures_counts_as_doubled(here: Stage) -> None:
    """A post of two pictures, each of which is seen once, in messages of their own."""
    first = job_of(here)
    edit(here, _SECOND_OF_THE_POST)
    await post(here, {"content": "again"}, "0000000002.png")
    assert looks.posted_twice(here) == [f"{first}, 2 times"]


async def test_a_post_that_differs_from_its_rows_counts_as_damage(here: Stage) -> None:
    job = job_of(here)
    for column in ("posts.owed_post_id", "post_pictures.job_id"):
        table, name = column.split(".")
        assert broken_promises(here) == []
        edit(here, f"UPDATE {table} SET {name} = 'another'")  # noqa: S608  the names above
        (fault,) = looks.posts_unlike_messages(here)
        assert "'another'" in fault, column
        edit(here, f"UPDATE {table} SET {name} = '{job}'")  # noqa: S608  the names above
    edit(here, "UPDATE posts SET deleted_ms = 1")
    (fault,) = looks.posts_unlike_messages(here)
    assert "recorded as None" in fault


async def test_a_message_that_still_offers_to_cancel_counts_as_left_behind(here: Stage) -> None:
    button = {"type": 2, "style": 4, "label": "Cancel", "custom_id": "wd:cancel:0123456789"}
    await post(here, {"content": "?", "components": [{"type": 1, "components": [button]}]})
    assert broken_promises(here) == ["nothing_open"]


async def test_files_that_no_row_names_count_as_left_behind(here: Stage) -> None:
    for name in ("0" * 64 + ".png", "half.part"):
        (stranger := here.data_dir / "pictures" / name).write_bytes(b"bytes")
        assert broken_promises(here) == ["nothing_of_the_forgotten"], name
        stranger.unlink()


async def test_a_message_with_a_deleted_picture_counts_as_left_behind(here: Stage) -> None:
    edit(here, "UPDATE pictures SET deleted_ms = 1")
    assert looks.deleted_but_shown(here) == [f"the deleted picture {job_of(here)}"]


_VOTE = (
    "INSERT INTO votes (job_id, voter_id, axis, value, self_vote, at_ms)"
    " VALUES ('{job}', {owner}, 'taste', 1, 0, 1)"
)
_EVENT = (
    "INSERT INTO vote_events (id, message_id, job_id, voter_id, axis, emoji, burst, value,"
    " added, self_vote, source, at_ms)"
    " VALUES (1, {message}, '{job}', {owner}, 'taste', '👍', 0, 1, 1, 0, 'gateway', 1)"
)
_STANDING = (
    "INSERT INTO standing_reactions (message_id, voter_id, emoji, burst, job_id, value, event_id,"
    " at_ms) VALUES ({message}, {owner}, '👍', 0, '{job}', 1, 1, 1)"
)


async def test_votes_that_differ_from_the_reactions_count_as_damage(here: Stage) -> None:
    (shown,) = here.picture_posts()
    here.sandbox.react("owner", shown["id"], "👍")
    assert broken_promises(here) == ["ledger_equals_truth"]
    job, owner, message = job_of(here), here.sandbox.persona("owner"), shown["id"]
    edit(here, _VOTE.format(job=job, owner=owner))
    assert broken_promises(here) == ["ledger_equals_truth"], "a vote without its event"
    edit(here, _EVENT.format(job=job, owner=owner, message=message))
    edit(here, _STANDING.format(job=job, owner=owner, message=message))
    assert broken_promises(here) == []


_PARTY_DUEL = (
    "INSERT INTO duels (id, origin, guild_id, channel_id, left_job, right_job, opened_ms, since_id,"
    " posting_ms, message_id, closed_ms) SELECT 'd', 'party', 1, 1, job_id, 'another', 1, 1, 1,"
    " {message}, {closed} FROM pictures"
)


async def post_blind_duel(here: Stage) -> str:
    """Post a message with a duel's picture and its button; return its id."""
    button = {"type": 2, "style": 1, "label": "Left", "custom_id": "wd:left:d"}
    body = {"content": "?", "components": [{"type": 1, "components": [button]}]}
    await post(here, body, "left.png")
    return str(max(int(message["id"]) for message in here.sandbox.messages(here.channel_name)))


async def test_a_duel_message_without_a_row_counts_as_doubled(here: Stage) -> None:
    message = await post_blind_duel(here)
    assert looks.unknown_duel_messages(here) == [f"the duel message {message}"]
    assert broken_promises(here) == ["nothing_twice"]
    edit(here, _PARTY_DUEL.format(message=message, closed="NULL"))
    assert looks.unknown_duel_messages(here) == []


async def test_a_closed_duel_with_live_buttons_counts_as_left_behind(here: Stage) -> None:
    message = await post_blind_duel(here)
    edit(here, _PARTY_DUEL.format(message=message, closed="NULL"))
    assert looks.closed_duels_with_buttons(here) == []
    edit(here, "UPDATE duels SET closed_ms = 1")
    assert looks.closed_duels_with_buttons(here) == [f"the closed duel {message}"]


async def test_a_confirmed_choice_that_is_missing_counts_as_lost(here: Stage) -> None:
    assert looks.lost_choices(here, [(7, "duel")]) == ["the duel of 7, 0 times"]
    edit(here, "INSERT INTO choices VALUES ('duel', 'd', 7, 1, 0, 1)")
    assert looks.lost_choices(here, [(7, "duel")]) == []
    edit(here, "INSERT INTO choices VALUES ('duel', 'e', 7, 1, 0, 1)")
    assert looks.lost_choices(here, [(7, "duel")]) == ["the duel of 7, 2 times"]


async def test_a_dangling_reference_counts_as_damage(here: Stage) -> None:
    edit(here, "DELETE FROM pictures")
    assert "records_are_true" in broken_promises(here)


async def test_every_trace_of_a_forgotten_member_is_found(here: Stage) -> None:
    member = here.sandbox.persona("member")
    gone = Forgotten(user_id=member, words=("1girl",), job_ids=frozenset([job_of(here)]))
    each: list[Callable[[Stage, Forgotten], list[str]]] = [
        looks.lost_wishes, looks.rows_of, looks.messages_of, looks.bytes_of,
    ]  # fmt: skip
    assert all(look(here, gone) for look in each)
    assert len(faults(here, Expected(forgotten=[gone])).nothing_lost) == 1, (
        "one lost wish is one fault"
    )
    nobody = Forgotten(user_id=1234567890123456789, words=("xylophone",), job_ids=frozenset())
    assert not any(look(here, nobody) for look in each)
    assert broken_promises(here, nobody) == []
