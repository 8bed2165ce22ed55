"""What must hold of a bot that was killed at any moment, each promise as one function.

Each returns the faults that it finds, in words; none is the promise kept. They look at what a
person sees on the local Discord, at the bot's tables and at the files of its data directory, never
into the bot. Used by `tests/stages/crashing.py` and `tests/stages/walking.py`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from tests.stages import seen
from tests.stages.stage import Stage, button

#: Up and down.
_VOTE_EMOJI = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """Somebody who pressed "erase everything", and what they could be known by."""

    user_id: int
    #: Words of their prompts that nobody else uses.
    words: Sequence[str]
    #: The pictures that they had when they pressed.
    job_ids: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Everything that is wrong, by what it means for people; all must be empty."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    left_behind: list[str] = field(default_factory=list)
    damaged: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.lost or self.doubled or self.left_behind or self.damaged)

    def __str__(self) -> str:
        kinds = {
            "lost": self.lost,
            "doubled": self.doubled,
            "left behind": self.left_behind,
            "damaged": self.damaged,
        }
        return "; ".join(f"{kind}: {', '.join(what)}" for kind, what in kinds.items() if what)


def faults(
    here: Stage,
    promised: Mapping[str, int],
    forgotten: Forgotten | None = None,
    chosen: Collection[tuple[int, str]] = (),
) -> Faults:
    """Every promise. `promised` counts pictures by prompt, but not those of the forgotten.

    `chosen` are people who were told that their choice between pictures stands, with its axis.
    """
    gone = [*rows_of(here, forgotten), *messages_of(here, forgotten), *bytes_of(here, forgotten)]
    wish = [] if forgotten is None else wish_lost(here, forgotten)
    return Faults(
        lost=[
            *never_noted(here, promised),
            *not_shown(here),
            *without_a_vote(here),
            *rows_without_file(here),
            *choices_lost(here, chosen),
            *liked_and_not_hung(here),
            *wish,
        ],
        doubled=[*posted_twice(here), *hung_twice(here), *duels_of_nobody(here)],
        # What the bot still has of a member whose wish it lost is one fault and not twenty.
        left_behind=[
            *([] if wish else gone),
            *deleted_and_shown(here),
            *hung_and_not_known(here),
            *open_status_messages(here),
            *duels_that_still_ask(here),
            *files_without_row(here),
        ],
        damaged=[
            *posts_unlike_messages(here),
            *votes_unlike_reactions(here),
            *database_damage(here),
        ],
    )


# ---- nothing is lost ----------------------------------------------------------------------------


def never_noted(here: Stage, promised: Mapping[str, int]) -> list[str]:
    """Pictures that were promised and of which the bot knows nothing."""
    noted = Counter(prompt for (prompt,) in here.rows("SELECT draw ->> 'prompt' FROM jobs"))
    return [
        f"{prompt!r}, noted {noted[prompt]} times of {count}"
        for prompt, count in promised.items()
        if noted[prompt] < count
    ]


def not_shown(here: Stage) -> list[str]:
    """Jobs that the bot has noted and whose picture nobody can see, unless its owner deleted it."""
    shown = seen.times_shown(here)
    jobs = here.rows(
        "SELECT id, draw ->> 'prompt', state FROM jobs WHERE state <> 'cancelled'"
        " AND id NOT IN (SELECT job_id FROM pictures WHERE deleted_ms IS NOT NULL)"
    )
    return [f"{prompt!r} is {state} and not shown" for job, prompt, state in jobs if not shown[job]]


def without_a_vote(here: Stage) -> list[str]:
    """Pictures on show whose vote the bot has not opened with its own two reactions.

    Beside others it is opened by a button for each.
    """
    return [
        f"the vote on {job}"
        for message in seen.seen_by_all(here)
        if not seen.is_grid(message)
        for job in seen.job_ids(message)
        if len(seen.reactions(here, message, of_bot=True)) < _VOTE_EMOJI
    ]


def rows_without_file(here: Stage) -> list[str]:
    """Pictures that the bot believes to have."""
    return [f"the file of picture {sha[:8]}" for sha in sorted(seen.known(here) - seen.kept(here))]


def choices_lost(here: Stage, chosen: Collection[tuple[int, str]]) -> list[str]:
    """People whose choice on an axis was confirmed, and who have not exactly one."""
    stand = Counter(here.rows("SELECT voter_id, axis FROM choices"))
    return [
        f"the {axis} of {who}, {stand[who, axis]} times"
        for who, axis in chosen
        if stand[who, axis] != 1
    ]


def liked_and_not_hung(here: Stage) -> list[str]:
    """Pictures that somebody likes and nobody dislikes, where there is a gallery, and not in it."""
    if not here.rows("SELECT 1 FROM policies WHERE gallery_channel_id IS NOT NULL"):
        return []
    liked = here.rows(
        "SELECT job_id FROM votes JOIN pictures USING (job_id) WHERE deleted_ms IS NULL"
        " AND NOT self_vote GROUP BY job_id HAVING min(value) = 1"
    )
    shown = seen.hung(here)
    return [f"{job} is liked and not in the gallery" for (job,) in liked if not shown[job]]


def wish_lost(here: Stage, forgotten: Forgotten) -> list[str]:
    """The wish to be forgotten, where the requests are still there."""
    requests = here.rows(f"SELECT id FROM requests WHERE user_id = {forgotten.user_id}")  # noqa: S608
    return [f"the wish to be forgotten: {len(requests)} requests are there"] if requests else []


# ---- nothing is posted twice --------------------------------------------------------------------


def posted_twice(here: Stage) -> list[str]:
    """Posts that were owed once and made more than once; `/show` owes and delivers nothing."""
    owed = seen.owed_posts(here)
    times = Counter(
        post
        for message in seen.deliveries(here)
        for post in {owed.get(job, job) for job in seen.job_ids(message)}
    )
    return [f"{post}, {count} times" for post, count in times.items() if count > 1]


def hung_twice(here: Stage) -> list[str]:
    """Pictures that the gallery shows more than once."""
    return [f"{job} in the gallery, {n} times" for job, n in seen.hung(here).items() if n > 1]


def duels_of_nobody(here: Stage) -> list[str]:
    """Messages with two blind pictures that no duel knows: posted again, or to be gone."""
    known = {str(message) for (message,) in here.rows("SELECT message_id FROM duels")}
    return [
        f"the duel message {message['id']}"
        for message in seen.seen_by_all(here)
        if set(seen.BLIND) & set(seen.file_names(message)) and message["id"] not in known
    ]


# ---- forgotten means gone -----------------------------------------------------------------------


def rows_of(here: Stage, forgotten: Forgotten | None) -> list[str]:
    """Tables with a cell that names the forgotten or holds their words."""
    if forgotten is None:
        return []
    marks = (str(forgotten.user_id), *forgotten.words)
    tables = [name for (name,) in here.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        f"a row of {table}"
        for table in tables
        for row in here.rows(f"SELECT * FROM {table}")  # noqa: S608
        if any(mark in str(cell) for cell in row for mark in marks)
    ]


def messages_of(here: Stage, forgotten: Forgotten | None) -> list[str]:
    """Messages that show a picture or the words of the forgotten."""
    if forgotten is None:
        return []
    return [
        f"the message {message['content'][:40]!r}"
        for message in seen.seen_by_all(here)
        if any(word in message["content"] for word in forgotten.words)
        or forgotten.job_ids & set(seen.job_ids(message))
    ]


def bytes_of(here: Stage, forgotten: Forgotten | None) -> list[str]:
    """Files of the data directory with the words of the forgotten in them, or their id."""
    if forgotten is None:
        return []
    marks = (forgotten.user_id.to_bytes(8, "big"), *(word.encode() for word in forgotten.words))
    files = sorted(path for path in here.data_dir.rglob("*") if path.is_file())
    return [f"bytes in {file.name}" for file in files if _holds(file.read_bytes(), marks)]


def _holds(data: bytes, marks: Sequence[bytes]) -> bool:
    return any(mark in data for mark in marks)


def deleted_and_shown(here: Stage) -> list[str]:
    """Messages that show a picture which its owner deleted."""
    gone = seen.deleted(here)
    return [
        f"the deleted picture {job}"
        for message in seen.seen_by_all(here)
        for job in seen.job_ids(message)
        if job in gone
    ]


def hung_and_not_known(here: Stage) -> list[str]:
    """Pictures in the gallery that no row of the bot's names: deleted ones, or tries forgotten."""
    known = {job for (job,) in here.rows("SELECT job_id FROM showpieces WHERE message_id > 0")}
    return [f"{job} in the gallery" for job in seen.hung(here) if job not in known]


# ---- nothing stays open -------------------------------------------------------------------------


def open_status_messages(here: Stage) -> list[str]:
    """Status messages that still offer to cancel."""
    return [
        f"the status message {message['content'][:40]!r}"
        for message in seen.seen_by_all(here)
        if button(message, "cancel", missing="")
    ]


def duels_that_still_ask(here: Stage) -> list[str]:
    """Messages of closed duels that can still be pressed."""
    closed = here.rows("SELECT message_id FROM duels WHERE closed_ms IS NOT NULL")
    over = {str(message) for (message,) in closed}
    return [
        f"the closed duel {message['id']}"
        for message in seen.seen_by_all(here)
        if message["id"] in over and message["components"]
    ]


def files_without_row(here: Stage) -> list[str]:
    """Files among the pictures that no row names, half written ones too."""
    known = seen.known(here)
    return [
        f"the file {path.name[:8]}{path.suffix}"
        for path in seen.picture_files(here)
        if path.stem not in known or path.suffix != ".png"
    ]


# ---- the records are true -----------------------------------------------------------------------


def posts_unlike_messages(here: Stage) -> list[str]:
    """Messages with pictures of which the tables say another debt paid, or other pictures."""
    noted: dict[str, tuple[str | None, list[str]]] = {}
    for message, owed, job in here.rows(
        "SELECT message_id, owed_post_id, job_id FROM posts JOIN post_pictures USING (message_id)"
        " LEFT JOIN pictures USING (job_id) WHERE posts.deleted_ms IS NULL"
        " AND pictures.deleted_ms IS NULL ORDER BY message_id, place"
    ):
        noted.setdefault(str(message), (owed, []))[1].append(job)
    owed_posts, deliveries = (
        seen.owed_posts(here),
        {message["id"] for message in seen.deliveries(here)},
    )
    return [
        f"the post {message['id']} is noted as {noted.get(message['id'])}, and shows {jobs}"
        for message in seen.seen_by_all(here)
        if (jobs := seen.job_ids(message)) and jobs[0] in owed_posts
        if noted.get(message["id"])
        != (owed_posts[jobs[0]] if message["id"] in deliveries else None, jobs)
    ]


def votes_unlike_reactions(here: Stage) -> list[str]:
    """Pictures whose votes are not the reactions that stand on Discord; deletion keeps votes."""
    wanted: dict[str, set[tuple[int, int]]] = {}
    for message in seen.seen_by_all(here):
        # What people do beside others is about none of them.
        for job in () if seen.is_grid(message) else seen.job_ids(message):
            wanted.setdefault(job, set()).update(seen.reactions(here, message))
    deleted, votes = seen.deleted(here), dict[str, set[tuple[int, int]]]()
    for job, voter, value in here.rows("SELECT job_id, voter_id, value FROM votes"):
        votes.setdefault(job, set()).add((voter, value))
    return [
        f"votes of {job}: {sorted(votes.get(job, set()))}, on Discord {sorted(truth)}"
        for job, truth in wanted.items()
        if job not in deleted and votes.get(job, set()) != truth
    ]


def database_damage(here: Stage) -> list[str]:
    """What SQLite's own checks find."""
    found = [row for row in here.rows("PRAGMA integrity_check") if row != ("ok",)]
    return [str(row) for row in (*found, *here.rows("PRAGMA foreign_key_check"))]
