"""`/tags` and `/surprise`: the model's vocabulary, filtered for the place, drawn at a press."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from simcord.results import ResponseMessage

from cogs.components import Action, row_of
from models.catalogue.registry import EMBEDDED
from models.catalogue.tags import files
from models.catalogue.tags.book import KnownTag, TagBook, TagGroup
from tests.stages.factories import make_place
from tests.stages.fake_engine import INFO
from tests.stages.front import Front, answer_to, custom_ids, front
from tests.stages.law import make_guild, save_policy
from tests.stages.words import embedded_glossary

KNOWING = replace(INFO, tags_file=EMBEDDED / files.FILE_NAME)


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        ready.use_model(KNOWING)
        await ready.bot.services.glossaries.of(KNOWING)
        await ready.bot.services.policy_at(
            make_place(guild=ready.guild.id, channel=ready.channel.id), model=KNOWING
        )
        yield ready


async def slash(desk: Front, command: str, **options: str) -> ResponseMessage:
    return answer_to(await desk.member.slash(desk.channel, command, **options))


def shown(desk: Front, answer: ResponseMessage) -> Any:
    """The message as it is now."""
    return desk.env.backend.messages[desk.channel.id][answer.id]


def ids(message: Any) -> list[str]:
    return [item["custom_id"] for row in message.components for item in row["components"]]


def prompt_of(content: str) -> str:
    return content.split("```\n")[1].removesuffix("\n```")


async def test_a_surprise_can_be_rerolled_and_drawn(desk: Front) -> None:
    answer = await slash(desk, "surprise")
    assert answer.ephemeral
    first = prompt_of(answer.content)
    assert all(tag in embedded_glossary().book.tags for tag in first.split(", "))
    draw, again = custom_ids(answer)
    await desk.member.click(answer.message, custom_id=again)
    second = prompt_of(shown(desk, answer).content)
    assert second != first
    assert not await desk.jobs_of(), "rolling costs nothing"
    draw = ids(shown(desk, answer))[0]
    pressed = answer_to(await desk.member.click(answer.message, custom_id=draw))
    assert not pressed.ephemeral
    assert [job.draw.prompt for job in await desk.jobs_of()] == [second]


async def test_a_surprise_works_after_a_restart(desk: Front) -> None:
    answer = await slash(desk, "surprise")
    await desk.restart()
    desk.use_model(KNOWING)
    await desk.member.click(answer.message, custom_id=custom_ids(answer)[0])
    assert [job.draw.prompt for job in await desk.jobs_of()] == [prompt_of(answer.content)]


async def test_a_surprise_outdated_by_a_new_model_is_shown_before_it_is_drawn(
    desk: Front, tmp_path: Path
) -> None:
    answer = await slash(desk, "surprise")
    less = TagBook(
        groups={"figure": TagGroup(filling={"": {"1girl": 1.0}})},
        tags={"1girl": KnownTag(group="figure")},
    )
    files.write(less, tmp_path / "less.json")
    desk.use_model(replace(KNOWING, tags_file=tmp_path / "less.json"))
    await desk.member.click(answer.message, custom_id=custom_ids(answer)[0])
    assert not await desk.jobs_of()
    assert "have changed since" in shown(desk, answer).content
    assert prompt_of(shown(desk, answer).content) == "1girl"


async def test_a_surprise_contains_no_word_that_the_place_refuses(desk: Front) -> None:
    await save_policy(desk.services.guilds, make_guild("hair", "1boy", guild_id=desk.guild.id))
    answer = await slash(desk, "surprise")
    for _ in range(12):
        words = prompt_of(shown(desk, answer).content if _ else answer.content).replace(",", "")
        assert not {"hair", "1boy"} & set(words.split())
        last = ids(shown(desk, answer)) if _ else custom_ids(answer)
        await desk.member.click(answer.message, custom_id=last[1])


async def test_both_commands_say_so_if_the_model_has_no_tags_file(desk: Front) -> None:
    desk.use_model(INFO)
    for command in ("surprise", "tags"):
        answer = await slash(desk, command)
        assert answer.ephemeral
        assert "comes without a list of its words" in answer.content


async def test_groups_can_be_opened_and_paged(desk: Front) -> None:
    answer = await slash(desk, "tags")
    assert answer.ephemeral
    assert "knows 354 words" in answer.content
    assert "**eye colour**: " in answer.content
    assert "**fang**" not in answer.content, "a group of one word takes no line"
    alone = next(line for line in answer.content.splitlines() if line.startswith("**More**: "))
    assert "fang" in alone.split(": ")[1].split(", ")
    places = list(embedded_glossary().book.groups)
    _, second = ids(shown(desk, answer))
    await choose(desk, answer, second, str(places.index("clothes")))
    page = shown(desk, answer)
    assert "**clothes** (1 to 25 of " in page.content
    assert "suit · " in page.content
    more = next(one for one in ids(page) if "moretags" in one)
    await desk.member.click(answer.message, custom_id=more)
    assert "(26 to 50 of " in shown(desk, answer).content
    back = next(one for one in ids(shown(desk, answer)) if "wd:tags:" in one)
    await desk.member.click(answer.message, custom_id=back)
    assert "(1 to 25 of " in shown(desk, answer).content


async def choose(desk: Front, answer: ResponseMessage, menu: str, value: str) -> None:
    await desk.member.select(answer.message, [value], custom_id=menu)


async def test_a_tag_can_be_opened_and_drawn(desk: Front) -> None:
    answer = await slash(desk, "tags", search="bunny")
    assert "rabbit ears (bunny ears) · 714" in answer.content
    await choose(desk, answer, custom_ids(answer)[0], "rabbit ears")
    page = shown(desk, answer)
    assert "The model also knows it as: bunny ears" in page.content
    assert "Group: head" in page.content
    example = next(one for one in ids(page) if "wd:example" in one)
    await desk.member.click(answer.message, custom_id=example)
    assert [job.draw.prompt for job in await desk.jobs_of()] == ["rabbit ears"]


async def test_a_search_lists_name_matches_before_alias_matches(
    desk: Front,
) -> None:
    lines = (await slash(desk, "tags", search="cat")).content.splitlines()[1:]
    assert lines[0].startswith("cat ears · "), lines
    assert any(line.startswith("1girl (cat girl) · ") for line in lines)


async def test_a_group_menu_names_its_first_and_last_group(desk: Front) -> None:
    first, second = (row["components"][0] for row in (await slash(desk, "tags")).components)
    for menu in (first, second):
        ends = menu["options"][0]["label"], menu["options"][-1]["label"]
        assert menu["placeholder"] == f"Open a group: {ends[0]} … {ends[1]}"


async def test_a_search_tolerates_a_typo_and_says_if_nothing_matches(desk: Front) -> None:
    assert "glasses · " in (await slash(desk, "tags", search="glases")).content
    assert "Nothing matches" in (await slash(desk, "tags", search="sushi")).content
    assert "Nothing matches" in (await slash(desk, "tags", search="🍣")).content


async def test_tags_that_the_place_refuses_are_not_listed(desk: Front) -> None:
    boss = desk.moderator(manage_guild=True)
    await boss.slash(desk.channel, "policy block", term="glasses")
    listed = (await slash(desk, "tags", search="glas")).content
    assert "glasses · " not in listed
    assert "glasses" not in (await slash(desk, "tags")).content.replace("sunglasses", "")


async def test_an_unreadable_surprise_is_rerolled(desk: Front) -> None:
    channel = desk.env.bot.get_partial_messageable(desk.channel.id)
    for target in ("zz", "0000000gzzzzzzzz", "1f"):
        old = await channel.send("How about this?", view=row_of((Action.DRAW_IT, target)))
        await desk.member.click(old, custom_id=f"wd:drawit:{target}")
        now = desk.env.backend.messages[desk.channel.id][old.id].content
        assert "have changed since" in now
        assert prompt_of(now)
    assert not await desk.jobs_of()


async def test_a_menu_from_an_earlier_model_does_no_harm(desk: Front, tmp_path: Path) -> None:
    answer = await slash(desk, "tags", search="bunny")
    menu = custom_ids(answer)[0]
    files.write(TagBook(), tmp_path / "none.json")
    desk.use_model(replace(KNOWING, tags_file=tmp_path / "none.json"))
    await choose(desk, answer, menu, "rabbit ears")
    assert "doesn't have that word any more" in shown(desk, answer).content
