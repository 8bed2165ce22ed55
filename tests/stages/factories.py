"""Small builders of domain values for the tests; each argument has a harmless default.

Only this module and `bot/policy/decide.py` build `Admitted` and `Released`: the test of a store
needs them without a policy.
"""

from __future__ import annotations

from collections.abc import Collection

from bot.ballot import (
    Duel,
    DuelId,
    DuelOrigin,
    Party,
    PartyId,
    Reaction,
    VoteSource,
)
from bot.domain import (
    Admitted,
    Ask,
    ChannelId,
    GuildId,
    Job,
    JobId,
    JobState,
    MessageId,
    MessageRef,
    OwedPostId,
    Place,
    Post,
    Rating,
    RequestId,
    RequestKind,
    Ruling,
    UserId,
)
from bot.finished import Held, Released
from bot.store.sends import Send, SendKind
from models.contract import Draw, Sampler, Scores
from models.provenance import Provenance, encode_png

USER = UserId(700_000_000_000_000_001)
OTHER = UserId(700_000_000_000_000_002)
GUILD = GuildId(800_000_000_000_000_001)
CHANNEL = ChannelId(810_000_000_000_000_001)
#: The id of the asking interaction, which is older than every message of its request.
SINCE = 820_000_000_000_000_001
SIZE_PX = 8


def make_place(*, guild: int = GUILD, channel: int = CHANNEL, adult: bool = False) -> Place:
    return Place(
        guild_id=GuildId(guild), channel_id=ChannelId(channel), channel_age_restricted=adult
    )


def make_draw(
    prompt: str = "1girl, blue hair",
    *,
    negative: str = "lowres",
    seed: int = 7,
    sampler: Sampler = Sampler.EULER_A,
) -> Draw:
    return Draw(
        prompt=prompt,
        negative=negative,
        width_px=SIZE_PX,
        height_px=SIZE_PX,
        seed=seed,
        steps=4,
        guidance=7.0,
        sampler=sampler,
    )


def make_ask(
    prompt: str = "1girl, blue hair",
    *,
    user: int = USER,
    place: Place | None = None,
    negative: str = "lowres",
    count: int = 1,
    seed: int = 7,
    kind: RequestKind = RequestKind.COMMAND,
    parent: str | None = None,
) -> Ask:
    return Ask(
        user_id=UserId(user),
        place=place or make_place(),
        draw=make_draw(prompt, negative=negative, seed=seed),
        count=count,
        kind=kind,
        parent_job_id=JobId(parent) if parent else None,
    )


def make_admitted(
    ask: Ask | None = None, *, rating: Rating = Rating.GENERAL, ruling: Ruling = Ruling.ALLOW
) -> Admitted:
    return Admitted(ask=ask or make_ask(), rating=rating, ruling=ruling)


def make_job(
    job_id: str = "0000000001",
    *,
    user: int = USER,
    guild: int = GUILD,
    channel: int = CHANNEL,
    prompt: str = "1girl, blue hair",
    seed: int = 7,
    state: JobState = JobState.RUNNING,
    attempts: int = 1,
    rating: Rating = Rating.GENERAL,
    ruling: Ruling = Ruling.ALLOW,
) -> Job:
    """A job outside any database. The tests of the stores enqueue their own."""
    return Job(
        id=JobId(job_id),
        request_id=RequestId("r" + job_id[1:]),
        owed_post_id=OwedPostId(job_id),
        user_id=UserId(user),
        guild_id=GuildId(guild),
        channel_id=ChannelId(channel),
        draw=make_draw(prompt, seed=seed),
        rating=rating,
        ruling=ruling,
        state=state,
        attempts=attempts,
        created_ms=1_000,
    )


def make_rgb(job: Job) -> bytes:
    """Pixels that depend on the seed."""
    return bytes(
        (job.draw.seed + i) % 256 for i in range(3 * job.draw.width_px * job.draw.height_px)
    )


def make_released(
    job: Job | None = None, *, rating: Rating = Rating.GENERAL, spoiler: bool = False
) -> Released:
    job = job or make_job()
    return Released(
        job=job,
        width_px=job.draw.width_px,
        height_px=job.draw.height_px,
        rgb=make_rgb(job),
        scores=Scores(values={"nsfw": 0.01}),
        rating=rating,
        spoiler=spoiler,
    )


def make_held(job: Job, why: str = "It may be too revealing.") -> Held:
    return Held(
        job=job,
        width_px=job.draw.width_px,
        height_px=job.draw.height_px,
        rgb=make_rgb(job),
        scores=Scores(values={"nudity": 0.6}),
        rating=Rating.EXPLICIT,
        why=why,
        text="The moderators look at it first.",
    )


def make_png(job: Job) -> bytes:
    """The worker's file of a job's picture, with settings and ids in it."""
    provenance = Provenance(
        job_id=job.id,
        card_id="tiny-1",
        model_name="Tiny 1",
        draw=job.draw,
        batch_width=1,
        licence_name="Tiny licence",
    )
    return encode_png(make_rgb(job), job.draw.width_px, job.draw.height_px, provenance)


def make_post(
    *job_ids: str,
    message: int = 900_000_000_000_000_001,
    channel: int = CHANNEL,
    guild: int = GUILD,
    at_ms: int = 5_000,
) -> Post:
    return Post(
        message_id=MessageId(message),
        channel_id=ChannelId(channel),
        guild_id=GuildId(guild),
        posted_ms=at_ms,
        pictures={place: JobId(job_id) for place, job_id in enumerate(job_ids, 1)},
    )


def make_message(message: int, channel: int = CHANNEL, guild: int = GUILD) -> MessageRef:
    return MessageRef(
        message_id=MessageId(message), channel_id=ChannelId(channel), guild_id=GuildId(guild)
    )


def make_send(
    *job_ids: str,
    name: str = "830000000000000001",
    kind: SendKind = SendKind.SHOW,
    channel: int = CHANNEL,
    guild: int = GUILD,
    spoilered: Collection[JobId] = (),
) -> Send:
    return Send(
        name=name,
        kind=kind,
        guild_id=GuildId(guild),
        channel_id=ChannelId(channel),
        since_id=SINCE,
        job_ids=[JobId(job_id) for job_id in job_ids],
        spoilered=spoilered,
    )


def make_reaction(
    message: int,
    voter: int = OTHER,
    emoji: str = "👍",
    *,
    added: bool = True,
    at_ms: int = 6_000,
    source: VoteSource = VoteSource.GATEWAY,
    burst: bool = False,
) -> Reaction:
    return Reaction(
        message_id=MessageId(message),
        voter_id=UserId(voter),
        emoji=emoji,
        added=added,
        at_ms=at_ms,
        source=source,
        burst=burst,
    )


def make_duel(
    left: str,
    right: str,
    *,
    duel: str = "d000000001",
    origin: DuelOrigin = DuelOrigin.PARTY,
    party: str | None = None,
    channel: int = CHANNEL,
    guild: int = GUILD,
    at_ms: int = 6_000,
) -> Duel:
    return Duel(
        id=DuelId(duel),
        guild_id=GuildId(guild),
        channel_id=None if origin is DuelOrigin.ALONE else ChannelId(channel),
        left_job=JobId(left),
        right_job=JobId(right),
        origin=origin,
        message_id=None,
        opened_ms=at_ms,
        closed_ms=None,
        party_id=PartyId(party) if party else None,
        since_id=SINCE,
    )


def make_party(
    *,
    party: str = "p000000001",
    user: int = USER,
    channel: int = CHANNEL,
    guild: int = GUILD,
    ends_ms: int = 90_000,
) -> Party:
    return Party(
        id=PartyId(party),
        guild_id=GuildId(guild),
        channel_id=ChannelId(channel),
        user_id=UserId(user),
        since_id=SINCE,
        begun_ms=6_000,
        ends_ms=ends_ms,
    )
