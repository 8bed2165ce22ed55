"""The people, channels, roles and emoji of the local server, with their fixed ids.

Plain data that `backend.py` builds the server from. Ids never change between runs, so that in
tests, on the page and in the bot's database they mean the same people and channels.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

_BASE_ID = 1_100_000_000_000_000_000

GUILD_ID = _BASE_ID + 1
GUILD_NAME = "Waifu Lounge"
#: One id for the application and its bot user, as with today's Discord applications.
BOT_ID = _BASE_ID + 2
BOT_NAME = "Waifu Diffusion"
MODERATOR_ROLE_ID = _BASE_ID + 10
MEMBER_ROLE_ID = _BASE_ID + 11
BOT_ROLE_ID = _BASE_ID + 12
#: The bot's token unless the sandbox gets another; it has the form of a real one.
DEFAULT_TOKEN = "MTEwMDAwMDAwMDAwMDAwMDAwMg.sand0b.local-discord-needs-no-secret-at-all"  # noqa: S105  opens nothing but the local Discord


class Role(StrEnum):
    """A person's role in the server."""

    #: Joined a moment ago; no role.
    NEWCOMER = "newcomer"
    #: Has the member role, which grants nothing special.
    MEMBER = "member"
    #: May manage the server and its messages.
    MODERATOR = "moderator"
    #: Owns the server: every permission.
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Persona:
    """A person that the page's user can be, or a simulated member."""

    id: int
    name: str
    role: Role
    avatar_color: str


PERSONAS = (
    Persona(id=_BASE_ID + 20, name="Momo", role=Role.NEWCOMER, avatar_color="#f47fa7"),
    Persona(id=_BASE_ID + 21, name="Haru", role=Role.MEMBER, avatar_color="#3ba55d"),
    Persona(id=_BASE_ID + 22, name="Rin", role=Role.MODERATOR, avatar_color="#5865f2"),
    Persona(id=_BASE_ID + 23, name="Yuki", role=Role.OWNER, avatar_color="#faa61a"),
)
OWNER = next(persona for persona in PERSONAS if persona.role is Role.OWNER)
#: Colours for simulated members and for people that tests add.
MORE_COLORS = ("#eb459e", "#57f287", "#9b59b6", "#1abc9c", "#e67e22", "#7289da")

#: Discord's snowflakes count milliseconds from the start of 2015, above 22 other bits.
_EPOCH_MS, _AGE_SHIFT = 1_420_070_400_000, 22
#: The simulated members, and when their accounts were created.
_FANS = (
    ("Akari", "2016-03-14"), ("Botan", "2016-11-02"), ("Chiyo", "2017-05-21"),
    ("Daichi", "2017-09-30"), ("Emi", "2018-01-08"), ("Fuyu", "2018-06-17"),
    ("Goro", "2018-12-24"), ("Hina", "2019-04-03"), ("Ichika", "2019-08-11"),
    ("Jun", "2020-02-29"), ("Kaede", "2020-04-16"), ("Luna", "2020-10-05"),
    ("Mei", "2021-01-19"), ("Nagi", "2021-07-07"), ("Otoha", "2022-03-26"),
    ("Papiko", "2022-09-12"), ("Riku", "2023-05-01"), ("Sora", "2023-12-13"),
    ("Tsumugi", "2024-06-06"), ("Ume", "2025-02-22"), ("Wakana", "2025-09-09"),
    ("Yori", "2026-04-18"), ("Zen", "2026-10-10"), ("Nono", "2026-11-20"),
)  # fmt: skip


def _make_fan(number: int, name: str, created_on: str) -> Persona:
    created_ms = int(datetime.fromisoformat(created_on).replace(tzinfo=UTC).timestamp() * 1000)
    return Persona(
        id=((created_ms - _EPOCH_MS) << _AGE_SHIFT) + number,
        name=name,
        role=Role.MEMBER,
        avatar_color=MORE_COLORS[number % len(MORE_COLORS)],
    )


#: Their ids encode the age of their accounts, as Discord's do.
FANS = tuple(_make_fan(number, *one) for number, one in enumerate(_FANS))


@dataclass(frozen=True, slots=True, kw_only=True)
class LoungeCategory:
    """A category: a group of channels under a heading."""

    id: int
    name: str


STUDIO = LoungeCategory(id=_BASE_ID + 50, name="Studio")
STAFF = LoungeCategory(id=_BASE_ID + 51, name="Staff")
CATEGORIES = (STUDIO, STAFF)


@dataclass(frozen=True, slots=True, kw_only=True)
class LoungeChannel:
    """A text channel of the server."""

    id: int
    name: str
    topic: str
    category: LoungeCategory | None = None
    nsfw: bool = False
    moderators_only: bool = False
    bot_sees: bool = True


CHANNELS = (
    LoungeChannel(id=_BASE_ID + 30, name="general", topic="Say hello, then draw something."),
    LoungeChannel(
        id=_BASE_ID + 31, name="art", topic="Pictures, votes and nothing else.", category=STUDIO
    ),
    LoungeChannel(
        id=_BASE_ID + 32,
        name="after-dark",
        topic="Age-restricted: adults only.",
        category=STUDIO,
        nsfw=True,
    ),
    LoungeChannel(
        id=_BASE_ID + 33,
        name="mods-only",
        topic="Moderators only; the bot cannot see this channel.",
        category=STAFF,
        moderators_only=True,
        bot_sees=False,
    ),
    LoungeChannel(
        id=_BASE_ID + 34,
        name="mod-log",
        topic="Moderators and the bot: what it tells moderators can go here.",
        category=STAFF,
        moderators_only=True,
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Emoji:
    """A custom emoji of the server; `cdn.py` draws it in its colour."""

    id: int
    name: str
    color: tuple[int, int, int]


EMOJIS = (
    Emoji(id=_BASE_ID + 40, name="heart_yes", color=(237, 66, 120)),
    Emoji(id=_BASE_ID + 41, name="heart_no", color=(116, 127, 141)),
)
