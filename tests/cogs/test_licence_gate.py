"""No way to a picture bypasses the licence: every command and every button is tried.

The list comes from the command tree and from the registered presses, so that the test finds a new
one without the gate. A new command with options needs an entry here.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import AsyncIterator, Awaitable, Callable, Container
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import discord
import pytest
from discord import app_commands
from simcord.actors import MemberActor
from simcord.results import InteractionResult

from bot.ballot import Choice
from bot.domain import GuildId, Job, Rating, UserId
from bot.ids import new_id
from cogs import EXTENSIONS
from cogs.asking.press import Press
from cogs.components import custom_id
from tests.stages import front as stage
from tests.stages.factories import make_duel, make_held
from tests.stages.fake_engine import INFO
from tests.stages.front import Front
from tests.stages.simulated import OWNER


@dataclass(frozen=True)
class Shown:
    """A picture in the channel, a case about a held one, and a duel with a third."""

    job: Job
    case_id: str
    duel_id: str


#: Options for commands that require some.
OPTIONS: dict[str, Callable[[Front, Shown], dict[str, Any]]] = {
    "waifu": lambda _desk, _shown: {"prompt": "1girl"},
    "show": lambda _desk, shown: {"id": shown.job.id},
    "privacy share": lambda _desk, _shown: {"allow": False},
    "policy block": lambda _desk, _shown: {"term": "dragon"},
    "policy unblock": lambda _desk, _shown: {"term": "dragon"},
    "policy channel": lambda desk, _shown: {"channel": desk.channel, "enabled": True},
    "moderate cases": lambda _desk, shown: {"id": shown.case_id},
    "moderate member": lambda desk, _shown: {"member": desk.member},
    "moderate forgive": lambda desk, _shown: {"member": desk.member},
    "moderate timeout": lambda desk, _shown: {"member": desk.newcomer("late")},
    "moderate ban": lambda desk, _shown: {"member": desk.newcomer("bad")},
    "moderate lift": lambda desk, _shown: {"member": desk.newcomer("good")},
    "moderate purge": lambda desk, _shown: {"member": desk.member},
    "policy test": lambda _desk, shown: {"picture": shown.job.id},
    "policy why": lambda _desk, shown: {"id": shown.job.id},
    "policy pause": lambda _desk, _shown: {"on": False},
    "policy import": lambda _desk, _shown: {"file": ("policy.toml", b"")},
    **dict.fromkeys(
        ("learn sheet", "learn promote", "learn trial start"),
        lambda _desk, _shown: {"card": "next-1"},
    ),
    "policy emoji": lambda _desk, _shown: {"up": "👍", "down": "👎"},
    "preset save": lambda _desk, _shown: {"name": "mine", "steps": 9},
    **dict.fromkeys(
        ("preset share", "preset delete", "style remove"), lambda _desk, _shown: {"name": "mine"}
    ),
    "style add": lambda _desk, _shown: {"name": "mine", "words": "watercolour"},
}
#: Targets of buttons that do not act on a picture.
TARGETS: dict[str, Callable[[Shown], str]] = {
    "cancel": lambda shown: shown.job.request_id,
    "drawit": lambda _shown: "0" * 16,
    "accept": lambda _shown: "",
    "forget": lambda _shown: "7",
    "purge": lambda _shown: "7",
    **dict.fromkeys(
        ("approve", "spoiler", "remove", "timeout", "look"), lambda shown: shown.case_id
    ),
    **dict.fromkeys(
        ("left", "right", "skip", "takeback", "nextpair", "stopparty"), lambda shown: shown.duel_id
    ),
}
#: Not tried, because a press accepts the licence.
ACCEPTING = {"accept"}
SEEDS = count(1)
#: Something that a member does while a picture exists.
Way = Callable[..., Awaitable[InteractionResult]]
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".gif")


@dataclass(frozen=True)
class WayResult:
    """The pictures that one way shows, and the number of jobs that it queues."""

    pictures: tuple[str, ...]
    queued: int


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    more = [name for name in EXTENSIONS if name not in stage.EXTENSIONS]
    async with stage.front(tmp_path, *more) as ready:
        yield ready
        # Only the owner may use `/learn`; the simulation records each failed check.
        assert {type(error) for error in ready.env.errors} <= {app_commands.CheckFailure}
        ready.env._errors.clear()


async def show_picture(desk: Front) -> Shown:
    """Post a picture of the member's, which leads `/votes top`."""
    # A removed picture is not drawn again from the same words and seed.
    held_seed, seed, other_seed = next(SEEDS), next(SEEDS), next(SEEDS)
    (held,) = await desk.queue_jobs(seed=held_seed)
    claimed = await desk.services.queue.claim(OWNER, 60_000, desk.services.clock())
    assert claimed is not None
    await desk.keep_picture(held, replace(make_held(claimed), rating=Rating.GENERAL))
    cases = await desk.services.reviews.open_cases(GuildId(desk.guild.id), 999)
    (case,) = [case for case in cases if case.job_id == held.id]
    job, message = await desk.post_picture(seed=seed)
    fan = desk.newcomer("fan")
    await fan.react(message, "👍")
    await desk.cog("VotesCog")._inbox.flush()
    other, _ = await desk.post_picture(seed=other_seed)
    duel = make_duel(
        job.id,
        other.id,
        duel=new_id(),
        channel=desk.channel.id,
        guild=desk.guild.id,
        at_ms=desk.services.clock(),
    )
    await desk.services.duels.open(duel)
    await desk.services.duels.vote(duel.id, UserId(fan.id), Choice.LEFT, desk.services.clock())
    return Shown(job, case.id, duel.id)


def commands_of(desk: Front) -> list[str | app_commands.ContextMenu]:
    """Every callable command, and every entry of a context menu."""
    found: list[str | app_commands.ContextMenu] = [
        command.qualified_name
        for command in desk.bot.tree.walk_commands()
        if isinstance(command, app_commands.Command)
    ]
    for kind in (discord.AppCommandType.message, discord.AppCommandType.user):
        found += desk.bot.tree.get_commands(type=kind)
    return found


def presses_of(desk: Front) -> list[type[Press]]:
    """Every button that is answered; the menu under a grid leads to such buttons."""
    items = desk.bot._connection._view_store._dynamic_items.values()
    # Menus of words show only words.
    buttons = [
        item
        for item in items
        if item.__module__ != "cogs.asking.exploring" or issubclass(item, Press)
    ]
    others = {item.__name__ for item in buttons if not issubclass(item, Press)}
    assert others == {"Which", "Choose"}, "a button that is not a Press"
    return [item for item in buttons if issubclass(item, Press)]


async def call_command(
    desk: Front, who: MemberActor, *, command: str | app_commands.ContextMenu, shown: Shown
) -> InteractionResult:
    if isinstance(command, str):
        options = OPTIONS[command](desk, shown) if command in OPTIONS else {}
        return await who.slash(desk.channel, command, **options)
    message = next(m for m in desk.channel.history() if shown.job.id in m.content)
    return await who.context_menu(desk.channel, command.name, message)


async def press_button(
    desk: Front, who: MemberActor, *, item: type[Press], shown: Shown
) -> InteractionResult:
    """Press a button that an old message may still carry."""
    target = TARGETS.get(item.action, lambda shown: shown.job.id)(shown)
    view = discord.ui.View(timeout=None)
    pressed = custom_id(item.action, target or "0" * 10 + INFO.licence_sha256[:20])
    view.add_item(discord.ui.Button(label="press", custom_id=pressed))
    view.stop()
    channel = desk.env.bot.get_partial_messageable(desk.channel.id, guild_id=desk.guild.id)
    return await who.click(await channel.send("a button", view=view), custom_id=pressed)


async def result_of(desk: Front, who: MemberActor, result: InteractionResult) -> WayResult:
    answers = [*result.followups, *([result.response] if result.response else [])]
    files = [name for a in answers for file in a.attachments for name in await names_in(file)]
    jobs = await desk.jobs_of(who)
    # Otherwise the worker would draw these jobs before the next picture.
    await desk.services.queue.cancel_user(UserId(who.id), None, desk.services.clock())
    return WayResult(tuple(f for f in files if f.endswith(PICTURES)), len(jobs))


async def names_in(file: discord.Attachment) -> list[str]:
    """The file's name, or the names of the files packed in it."""
    if not file.filename.endswith(".zip"):
        return [file.filename]
    return zipfile.ZipFile(io.BytesIO(await file.read())).namelist()


def ways_of(desk: Front) -> dict[str, Way]:
    """Functions that call each command and press each button, by its name."""
    ways: dict[str, Way] = {}
    for command in commands_of(desk):
        name = command if isinstance(command, str) else command.name
        ways[f"/{name}"] = partial(call_command, command=command)
    for item in presses_of(desk):
        if item.action not in ACCEPTING:
            ways[f"[{item.action}]"] = partial(press_button, item=item)
    return ways


async def try_ways(
    desk: Front, who: MemberActor, names: Container[str] | None = None
) -> dict[str, WayResult]:
    """Try each way, or each of these; return the results.

    Each gets a new picture, because one of them deletes it.
    """
    results: dict[str, WayResult] = {}
    before = 0
    for name, go in ways_of(desk).items():
        if names is None or name in names:
            one = await result_of(desk, who, await go(desk, who, shown=await show_picture(desk)))
            results[name] = WayResult(one.pictures, one.queued - before)
            before = one.queued
    return results


def ways_to_pictures(results: dict[str, WayResult]) -> dict[str, str]:
    return {
        way: "shown" if one.pictures else "queued"
        for way, one in results.items()
        if one.pictures or one.queued
    }


#: Every way to a picture for a member who has accepted the licence. A new one belongs here once it
#: calls `require_licence`, or goes through `submit`.
WAYS = {
    "/waifu": "queued",
    "/show": "shown",
    "/votes top": "shown",
    "/duel rate": "shown",
    "/duel top": "shown",
    "[nextpair]": "shown",
    "[again]": "queued",
    "[vary]": "queued",
    "[subtle]": "queued",
    "[strong]": "queued",
    "[upscale]": "queued",
    "[showhere]": "shown",
    "[open]": "shown",
    "[alone]": "shown",
    "/moderate cases": "shown",
    "[look]": "shown",
}


def add_administrator(desk: Front) -> MemberActor:
    """Add a moderator with every permission, whom only the licence can stop."""
    return desk.moderator(administrator=True)


@pytest.fixture(autouse=True)
def _no_cooldown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the cooldown of commands, which is not tested here."""
    monkeypatch.setattr(app_commands.Cooldown, "update_rate_limit", lambda *_: None)


async def test_no_command_or_button_leads_to_a_picture_without_the_licence(desk: Front) -> None:
    who = add_administrator(desk)
    assert ways_to_pictures(await try_ways(desk, who)) == {}
    assert not await desk.services.consent.has_accepted(UserId(who.id), INFO.licence_sha256)


async def test_every_way_to_a_picture_is_known(desk: Front) -> None:
    """With the licence the same ways lead to pictures; otherwise the walk would prove nothing."""
    who = add_administrator(desk)
    await desk.accept_licence(who)
    assert ways_to_pictures(await try_ways(desk, who)) == WAYS


@pytest.mark.parametrize(
    ("room", "ways"),
    [
        ("cogs.asking.showing", {"/show", "[alone]", "[showhere]"}),
        ("cogs.asking.history", {"[open]"}),
        ("cogs.voting.listing", {"/votes top", "/duel top"}),
        ("cogs.voting.duels", {"/duel rate", "[nextpair]"}),
        ("cogs.governing.moderating", {"/moderate cases"}),
        ("cogs.governing.verdicts", {"[look]"}),
    ],
)
async def test_a_command_without_the_gate_is_found(
    desk: Front, monkeypatch: pytest.MonkeyPatch, room: str, ways: set[str]
) -> None:
    async def open_to_all(_: object) -> bool:
        return True

    # The cogs were loaded anew, so their modules differ from those imported at the top.
    monkeypatch.setattr(sys.modules[room], "require_licence", open_to_all)
    # A way without a picture has no gate to lose.
    led = await try_ways(desk, add_administrator(desk), WAYS)
    assert ways_to_pictures(led) == dict.fromkeys(ways, "shown")
