"""Who can read a channel: nobody is shown a picture that they could not see where it was posted."""

from __future__ import annotations

import itertools
import random
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from pathlib import Path

import discord
import pytest
from simcord.backend.models import Overwrite
from simcord.enums import ChannelType, OverwriteType

from bot.domain import ChannelId
from cogs.audience import may_show_here
from tests.stages.front import Front, front

VIEW = discord.Permissions(view_channel=True).value
CONNECT = discord.Permissions(connect=True).value


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[Front]:
    async with front(tmp_path) as ready:
        yield ready


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """A member with these roles; overwrites may name the member's id."""

    id: int
    roles: tuple[int, ...]


class Server:
    """The server, its channels, and Discord's own rule for who can read them."""

    def __init__(self, desk: Front) -> None:
        self.desk = desk
        self.everyone = desk.guild.default_role.id
        self.base = {self.everyone: VIEW | CONNECT}
        self.created: dict[int, tuple[bool, list[Overwrite]]] = {}

    def role(self, name: str, permissions: int = 0) -> int:
        role = self.desk.guild.create_role(name, permissions=discord.Permissions(permissions))
        self.base[role.id] = permissions
        return role.id

    def channel(self, name: str, *overwrites: Overwrite, voice: bool = False) -> int:
        kind = ChannelType.VOICE if voice else ChannelType.TEXT
        made = self.desk.env.backend.create_channel(
            self.desk.guild.id, name, type=kind, overwrites=list(overwrites)
        )
        self.created[made.id] = (voice, list(overwrites))
        return made.id

    async def may_show(self, here: int, there: int) -> bool:
        await self.desk.env.settle()
        guild = self.desk.bot.get_guild(self.desk.guild.id)
        assert guild is not None
        return may_show_here(guild, ChannelId(here), ChannelId(there))

    def can_read(self, who: Reader, channel: int) -> bool:
        """The permissions computed as Discord documents it, for a member without Administrator."""
        voice, overwrites = self.created[channel]
        allowed = 0
        for role in (self.everyone, *who.roles):
            allowed |= self.base[role]
        for ids in ({self.everyone}, set(who.roles), {who.id}):
            met = [overwrite for overwrite in overwrites if overwrite.target_id in ids]
            for overwrite in met:
                allowed &= ~overwrite.deny
            for overwrite in met:
                allowed |= overwrite.allow
        needed = VIEW | CONNECT if voice else VIEW
        return allowed & needed == needed


def overwrite(target: int, *, allows: bool, member: bool = False, what: int = VIEW) -> Overwrite:
    return Overwrite(
        target_id=target,
        type=OverwriteType.MEMBER if member else OverwriteType.ROLE,
        allow=what if allows else 0,
        deny=0 if allows else what,
    )


async def test_a_denied_role_or_member_keeps_a_channels_pictures_in_it(
    desk: Front,
) -> None:
    town = Server(desk)
    young = town.role("under-18")
    general = town.channel("plain")
    role_denied = town.channel("grown-ups", overwrite(young, allows=False))
    one_denied = town.channel("surprise", overwrite(desk.member.id, allows=False, member=True))
    for there in (role_denied, one_denied):
        assert not await town.may_show(general, there)
        assert await town.may_show(there, general), (
            "a member who reads there also reads public channels"
        )
        assert await town.may_show(there, there)
    assert not await town.may_show(role_denied, one_denied)


async def test_channels_with_the_same_overwrites_show_each_others_pictures(desk: Front) -> None:
    """Channels that are synced with their category have the same overwrites."""
    town = Server(desk)
    young, staff = town.role("under-18"), town.role("staff")
    shared = (
        overwrite(town.everyone, allows=False),
        overwrite(staff, allows=True),
        overwrite(young, allows=False),
        overwrite(desk.member.id, allows=True, member=True),
    )
    one, other = town.channel("one", *shared), town.channel("two", *shared)
    assert await town.may_show(one, other)
    narrower = town.channel("four", *shared[:3])
    assert await town.may_show(narrower, one), "fewer guests here than there"
    assert not await town.may_show(one, narrower), "a guest here is not a guest there"


async def test_staff_see_public_pictures_but_members_do_not_see_staff_pictures(desk: Front) -> None:
    town = Server(desk)
    staff = town.role("staff")
    general = town.channel("plain")
    office = town.channel(
        "office", overwrite(town.everyone, allows=False), overwrite(staff, allows=True)
    )
    assert await town.may_show(office, general)
    assert not await town.may_show(general, office)


async def test_a_voice_channels_text_is_readable_only_by_members_who_can_connect(
    desk: Front,
) -> None:
    town = Server(desk)
    general = town.channel("plain")
    closed = town.channel("stage", overwrite(town.everyone, allows=False, what=CONNECT), voice=True)
    opened = town.channel("lounge", voice=True)
    assert await town.may_show(general, opened)
    assert not await town.may_show(general, closed)
    assert not await town.may_show(opened, closed)
    assert await town.may_show(closed, general)


def readers_with(roles: Iterable[int], member_ids: Iterable[int]) -> list[Reader]:
    """A member with each set of roles and each id."""
    roles = list(roles)
    sets = [s for size in range(len(roles) + 1) for s in itertools.combinations(roles, size)]
    return [Reader(id=who, roles=chosen) for who in member_ids for chosen in sets]


async def test_pictures_are_shown_only_where_every_reader_could_see_them(desk: Front) -> None:
    """Compares random overwrites of roles and members with Discord's own rule."""
    town, dice = Server(desk), random.Random(13)
    roles = [town.role("a", VIEW | CONNECT), town.role("b"), town.role("c")]
    people = [desk.member.id, desk.newcomer().id]
    targets = [(town.everyone, False), *((r, False) for r in roles), (people[0], True)]
    channels: list[int] = []
    for number in range(60):
        chosen = dice.sample(targets, dice.choice((0, 1, 1, 2, 2, 3)))
        said = [
            overwrite(
                t, allows=dice.random() < 0.5, member=is_member, what=dice.choice((VIEW, CONNECT))
            )
            for t, is_member in chosen
        ]
        channels.append(town.channel(f"c{number}", *said, voice=number % 5 == 0))
    everybody = readers_with(roles, people)
    yes = leaks = fair = 0
    for here, there in itertools.permutations(channels, 2):
        fits = all(town.can_read(who, there) for who in everybody if town.can_read(who, here))
        says = await town.may_show(here, there)
        yes += says
        fair += fits
        leaks += says and not fits
    assert not leaks
    assert yes > fair * 0.7, "refusing everything would be useless"
