"""Every command's answer fits a message, even with the largest and nastiest input from members."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.ballot import VoteEmoji
from bot.domain import GuildId, JobId, RefusalReason, Refused, UserId
from bot.policy.layers import GuildPolicy, ground_of
from bot.policy.screening import Term
from bot.words.differences import differences
from tests.bot.words.test_wording import LIMIT, REASON_CHARS, TERM_CHARS, long
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.governing import open_panel
from tests.stages.simulated import Scene, scene

PROMPT_CHARS = 1000
#: Discord's limit for the text of a layout.
LAYOUT_LIMIT = 4000
#: The texts of `tests/bot/words/test_wording.py` that grow most or are hardest to cut.
NASTY = (
    "*",
    "@",
    "<:heart_of_gold:1100000000000000040>",
    "ש",
    "👩🏽\u200d👧",
    "```",
    "discord.gg/x ",
)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


@pytest.mark.parametrize("unit", NASTY)
async def test_queue_fits_and_counts_the_jobs_that_it_omits(desk: Front, unit: str) -> None:
    jobs = [j for _ in range(5) for j in await desk.queue_jobs(count=4, prompt=long(unit, 1000))]
    text = answer_to(await desk.member.slash(desk.channel, "queue")).content
    listed = sum(job.id in text for job in jobs)
    assert listed >= 5
    assert f"… and {len(jobs) - listed} more\n**This server**" in text
    assert text.endswith("`/cancel` cancels your queued pictures.")


def older(ids: list[str]) -> list[str]:
    """The buttons to the next page."""
    return [id_ for id_ in ids if id_.startswith("wd:history:")]


@pytest.mark.parametrize("unit", NASTY)
async def test_history_shows_every_picture_however_long_the_words(desk: Front, unit: str) -> None:
    """A page holds as many whole lines as fit, and the next one continues from there."""
    jobs = [j for _ in range(16) for j in await desk.queue_jobs(prompt=long(unit, 1000))]
    for job in jobs:
        claimed = await desk.services.queue.claim("worker", 60_000, desk.services.clock())
        assert claimed is not None
        await desk.keep_picture(claimed)
        channel = desk.env.bot.get_partial_messageable(job.channel_id, guild_id=job.guild_id)
        await desk.deliver_job(claimed, await channel.send("x"))
    page = answer_to(await desk.member.slash(desk.channel, "history"))
    text, buttons, seen = page.content, older(custom_ids(page)), ""
    for _ in range(9):
        assert len(text) <= LIMIT
        assert all(line.endswith(")") for line in text.split("\n")), "every link is whole"
        seen += text
        if not buttons:
            break
        await desk.member.click(page.message, custom_id=buttons[0])
        stored = desk.env.backend.messages[desk.channel.id][page.id]
        text = stored.content
        ids = [item["custom_id"] for row in stored.components for item in row["components"]]
        buttons = older(ids)
    assert [job.id for job in jobs if job.id not in seen] == []


@pytest.mark.parametrize("unit", NASTY)
async def test_policy_and_its_refusals_fit(desk: Front, unit: str) -> None:
    boss = desk.moderator(manage_guild=True)
    guild_id = GuildId(desk.guild.id)
    terms = tuple(
        Term(
            text=f"{chr(97 + n)}word {long(unit, TERM_CHARS - 6)}", reason=long(unit, REASON_CHARS)
        )
        for n in range(20)
    )
    policy = GuildPolicy(guild_id=guild_id, blocked=terms, allowed=(f"zword {terms[0].text[6:]}",))
    ground = ground_of(desk.services.rulebook)
    summary = "\n".join(differences(GuildPolicy(guild_id=guild_id), policy, ground))
    await desk.services.guilds.save(policy, 0, UserId(desk.member.id), 1, summary=summary)
    view = await open_panel(desk, boss)
    for door in ("blocked", "allowed", "log"):
        await view.open_page(door)
        assert "word" in view.text
        assert len(view.text) <= LAYOUT_LIMIT
    offered = await boss.autocomplete(desk.channel, "policy unblock", "term", "")
    assert offered
    assert all(0 < len(choice["name"]) <= 100 for choice in offered)
    prompt = ", ".join(term.text for term in terms)[:PROMPT_CHARS]
    refused = await desk.ask(prompt=prompt)
    assert refused.ephemeral
    assert "This server blocks" in refused.content
    assert "would be refused" in answer_to(
        await boss.slash(desk.channel, "policy test", prompt=prompt)
    ).content  # fmt: skip
    assert "No longer blocked" in answer_to(
        await boss.slash(desk.channel, "policy unblock", term=terms[0].text)
    ).content  # fmt: skip
    assert "isn't blocked" in answer_to(
        await boss.slash(desk.channel, "policy unblock", term=long(unit, 6000))
    ).content  # fmt: skip


@pytest.mark.parametrize("unit", NASTY)
async def test_the_acknowledgement_and_the_choices_fit(desk: Front, unit: str) -> None:
    prompt = "a " + long(unit, PROMPT_CHARS - 2).strip()
    assert len((await desk.ask(prompt=prompt, count=4)).content) <= LIMIT
    for command in ("cancel", "show"):
        offered = await desk.member.autocomplete(desk.channel, command, "id", "")
        assert all(len(choice["name"]) <= 100 for choice in offered)
    assert "I can't find picture" in answer_to(
        await desk.member.slash(desk.channel, "show", id=long(unit, 6000))
    ).content  # fmt: skip


async def test_votes_top_fits_with_long_custom_emoji(tmp_path: Path) -> None:
    async with scene(tmp_path, "cogs.voting.votes", kind=Scene) as booth:
        long_name = "heart_of_gold_and_more_than_that"
        emoji = [
            booth.guild.create_emoji(long_name),
            booth.guild.create_emoji(long_name[:-1] + "s"),
        ]
        await booth.env.settle()
        up, down = (f"{made.name}:{made.id}" for made in emoji)
        await booth.services.guilds.set_vote_emoji(
            GuildId(booth.guild.id), VoteEmoji(up=up, down=down), booth.member.id, 1
        )
        voter = booth.guild.add_member(booth.env.create_user("ada"))
        await booth.accept_licence(voter)
        ids: list[JobId] = []
        for seed in range(12):
            (job,) = await booth.queue_jobs(seed=seed)
            await booth.draw_jobs([job])
            post = await booth.deliver_job(job)
            await voter.react(
                next(m for m in booth.channel.history() if m.id == post.message_id), up
            )
            ids.append(job.id)
        await booth.cog("VotesCog")._inbox.flush()
        answer = answer_to(await voter.slash(booth.channel, "votes top"))
        shown = sum(job_id in answer.content for job_id in ids)
        assert shown >= 6
        assert f"… and {9 - shown} more" in answer.content
        assert answer.attachments


async def test_a_long_refusal_is_cut_to_one_message(
    desk: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def wordy(*_: object, **_options: object) -> Refused:
        return Refused(reason=RefusalReason.CAP, text=f"**{'x' * 3000}**")

    monkeypatch.setattr(desk.services.queue, "enqueue", wordy)
    text = (await desk.ask()).content
    assert "x…**\n" in text
    assert len(text) <= 2000
