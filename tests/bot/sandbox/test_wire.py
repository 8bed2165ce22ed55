"""The whole flow over the real wire: discord.py unmodified, a real gateway, a real bot process."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from bot.sandbox.wire.wire import NotPossible, Payload
from tests.stages.stage import Stage, button, picture_count, stage

EPHEMERAL = 1 << 6


@pytest.fixture
async def here(tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(tmp_path) as running:
        yield running


async def test_a_newcomer_accepts_the_licence_and_the_waiting_request_runs(here: Stage) -> None:
    terms = await here.draw("1girl, blue hair", who="newcomer")
    assert terms["flags"] & EPHEMERAL
    assert [a["filename"] for a in terms["attachments"]], "the licence file is attached"
    assert not here.rows("SELECT * FROM jobs"), "nothing is drawn before the licence is accepted"
    await here.sandbox.click("newcomer", terms["id"], button(terms, "accept")).answer()
    (post,) = await here.wait_for_pictures(1)
    assert f"<@{here.sandbox.persona('newcomer')}>" in post["content"]
    again = await here.draw("1girl, red hair", who="newcomer")
    assert not again["flags"] & EPHEMERAL, "accepted once, never asked again"


async def test_a_request_is_acknowledged_drawn_posted_and_cleared_away(here: Stage) -> None:
    await here.accept_terms()
    acknowledged = await here.draw("1girl, glasses", seed=5, count=2)
    assert button(acknowledged, "cancel")
    posts = await here.wait_for_pictures(3)

    async def gone() -> bool:
        return all(m["id"] != acknowledged["id"] for m in here.sandbox.messages(here.channel_name))

    await here.until(gone)
    data = here.sandbox.attachment(posts[-1]["attachments"][0])
    picture = Image.open(io.BytesIO(data))
    assert "Seed: " in picture.text["parameters"]  # type: ignore[attr-defined]  only PNG has it
    assert posts[-1]["mentions"][0]["id"] == str(here.sandbox.persona("member"))


async def test_cancel_works_while_drawing(here: Stage) -> None:
    await here.accept_terms()
    status = await here.draw("1girl", steps=50, count=4)
    await here.sandbox.click("member", status["id"], button(status, "cancel")).answer()

    async def cancelled() -> bool:
        rows = here.rows("SELECT count(*) FROM jobs WHERE state = 'cancelled'")
        return bool(rows[0][0] == 4)

    await here.until(cancelled)
    await here.draw("1girl, after")
    assert picture_count(await here.wait_for_pictures(2)) == 2


async def test_votes_are_counted_and_taken_back(here: Stage) -> None:
    await here.accept_terms()
    (post,) = await here.wait_for_pictures(1)

    async def has_vote_reactions() -> bool:
        return len(here.sandbox.reactions(post["id"])) == 2

    await here.until(has_vote_reactions)
    here.sandbox.react("moderator", post["id"], "👍")

    async def has_upvote() -> bool:
        return here.rows("SELECT value, self_vote FROM votes") == [(1, 0)]

    await here.until(has_upvote)
    here.sandbox.remove_reaction("moderator", post["id"], "👍")

    async def has_no_votes() -> bool:
        return not here.rows("SELECT * FROM votes")

    await here.until(has_no_votes)
    assert len(here.rows("SELECT * FROM vote_events")) == 2, "the ledger keeps both events"


async def test_buttons_work_after_a_restart(here: Stage) -> None:
    await here.accept_terms()
    (post,) = await here.wait_for_pictures(1)
    await here.bot.restart()
    await here.start()
    answer = await here.sandbox.click("moderator", post["id"], button(post, "settings")).answer()
    assert answer.message is not None
    assert "/waifu" in answer.message["content"]
    await here.sandbox.click("member", post["id"], button(post, "vary")).answer()
    first, second = await here.wait_for_pictures(2)
    colours = {here.sandbox.attachment(p["attachments"][0]) for p in (first, second)}
    assert len(colours) == 2, "a new seed draws another picture"


async def delete_post(here: Stage, who: str, post: Payload) -> None:
    """Press the button and confirm."""
    confirmation = (
        await here.sandbox.click(who, post["id"], button(post, "delete")).answer()
    ).message
    assert confirmation is not None
    assert confirmation["flags"] & EPHEMERAL
    await here.sandbox.click(who, confirmation["id"], button(confirmation, "deleteyes")).answer()


async def test_only_the_requester_or_a_moderator_deletes(here: Stage) -> None:
    await here.accept_terms()
    (post,) = await here.wait_for_pictures(1)
    delete = button(post, "delete")
    refused = (await here.sandbox.click("newcomer", post["id"], delete).answer()).message
    assert refused is not None
    assert refused["flags"] & EPHEMERAL
    assert here.picture_posts()
    await delete_post(here, "moderator", post)

    async def gone() -> bool:
        return not here.picture_posts()

    await here.until(gone)
    assert not list((here.data_dir / "pictures").rglob("*.png"))


async def test_deleting_a_picture_deletes_every_message_that_shows_it(here: Stage) -> None:
    await here.accept_terms()
    (post,) = await here.wait_for_pictures(1)
    job_id = post["attachments"][0]["filename"].split(".")[0]
    await here.sandbox.slash("member", here.channel_name, "show", {"id": job_id}).answer()
    assert picture_count(await here.wait_for_pictures(2)) == 2
    await delete_post(here, "member", post)

    async def gone() -> bool:
        return not here.picture_posts() and not here.rows("SELECT * FROM doomed_messages")

    await here.until(gone)


async def test_a_moderator_blocks_a_word_and_its_reason_is_shown(here: Stage) -> None:
    await here.accept_terms()
    options = {"term": "spoiler dragon", "reason": "we are reading it together"}
    await here.sandbox.slash("moderator", here.channel_name, "policy block", options).answer()
    refused = await here.draw("1girl, spoiler dragon")
    assert refused["flags"] & EPHEMERAL
    assert "we are reading it together" in refused["content"]


async def test_only_the_servers_owner_may_ban_everywhere(here: Stage) -> None:
    options = {"member": str(here.sandbox.persona("newcomer")), "everywhere": True}
    for who, expected in (("moderator", "Only my operator"), ("owner", "banned everywhere")):
        answer = await here.sandbox.slash(who, here.channel_name, "moderate ban", options).answer()
        assert answer.message is not None
        assert expected in answer.message["content"]


async def test_forget_me_erases_pictures_posts_and_rows(here: Stage) -> None:
    await here.accept_terms()
    ticket = here.sandbox.slash("member", here.channel_name, "privacy forget")
    confirmation = (await ticket.answer()).message
    assert confirmation is not None
    confirm = next(
        item["custom_id"]
        for row in confirmation["components"]
        for item in row["components"]
        if "forget" in item["custom_id"]
    )
    await here.sandbox.click("member", confirmation["id"], confirm).answer()

    async def erased() -> bool:
        return not here.picture_posts() and not here.rows("SELECT * FROM jobs")

    await here.until(erased)
    assert not list((here.data_dir / "pictures").rglob("*.png"))
    assert not here.rows("SELECT * FROM acceptances")


@pytest.mark.parametrize(
    "prompt",
    [
        "   ",
        "\u200b\u200b",
        "x" * 3000,
        "@everyone <@1> <@&2> `1girl`",
        "🌸🌸🌸",
        "فتاة واحدة",
    ],
)
async def test_odd_prompts_get_an_answer_and_ping_nobody(here: Stage, prompt: str) -> None:
    await here.accept_terms()
    before = len(here.picture_posts())
    answer = await here.draw(prompt)
    assert answer["content"]
    assert not answer["mention_everyone"]
    if not answer["flags"] & EPHEMERAL:
        posts = await here.wait_for_pictures(before + 1)
        assert not posts[-1]["mention_everyone"]
        assert not posts[-1]["mention_roles"]


@pytest.mark.parametrize(
    ("option", "value", "limit"),
    [
        ("prompt", "", "1"),
        ("prompt", "x" * 3001, "3000"),
        ("steps", 100_000, "50"),
        ("count", 99, "4"),
        ("guidance", -3.5, "1.0"),
        ("seed", -1, "0"),
    ],
)
async def test_absurd_options_never_leave_the_client(
    here: Stage, option: str, value: object, limit: str
) -> None:
    options = {"prompt": "1girl", option: value}
    with pytest.raises(NotPossible, match=rf"Option '{option}' .* {re.escape(limit)}( |,)"):
        await here.sandbox.slash("member", here.channel_name, "waifu", options).answer()
