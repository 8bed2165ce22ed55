"""One function for each way in which a promise can be broken; `promises.py` combines them.

Each returns the faults that it finds, in words; an empty list means the promise holds. They look at
what a person sees on Discord, at the bot's tables and at the files of its data directory, never
into the bot, so they apply to anything with these three: the local Discord with the real bot, or a
fake board with its stores.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.stages import seen
from tests.stages.seen import Witness
from tests.stages.stage import button

#: Up and down.
_VOTE_EMOJI = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Forgotten:
    """Somebody who pressed "erase everything", and their traces."""

    user_id: int
    #: Words of their prompts that nobody else uses.
    words: Sequence[str]
    #: Their pictures at the time of the press.
    job_ids: frozenset[str]


# ---- nothing is lost ----------------------------------------------------------------------------


def never_noted(here: Witness, promised: Mapping[str, int]) -> list[str]:
    """Promised pictures that the bot knows nothing about."""
    noted = Counter(prompt for (prompt,) in here.rows("SELECT draw ->> 'prompt' FROM jobs"))
    return [
        f"{prompt!r}, noted {noted[prompt]} times of {count}"
        for prompt, count in promised.items()
        if noted[prompt] < count
    ]


def not_shown(here: Witness) -> list[str]:
    """Recorded jobs whose picture nobody can see, unless its owner deleted it."""
    shown = seen.times_shown(here)
    jobs = here.rows(
        "SELECT id, draw ->> 'prompt', state FROM jobs WHERE state <> 'cancelled'"
        " AND id NOT IN (SELECT job_id FROM pictures WHERE deleted_ms IS NOT NULL)"
    )
    return [f"{prompt!r} is {state} and not shown" for job, prompt, state in jobs if not shown[job]]


def without_a_vote(here: Witness) -> list[str]:
    """Shown pictures under which the bot has not added its own two reactions.

    Several pictures in one post have a button each instead.
    """
    return [
        f"the vote on {job}"
        for message in seen.votes_are_open(here)
        for job in seen.job_ids(message)
        if len(seen.reactions(here, message, of_bot=True)) < _VOTE_EMOJI
    ]


def rows_without_file(here: Witness) -> list[str]:
    """Pictures whose row exists without a file."""
    return [f"the file of picture {sha[:8]}" for sha in sorted(seen.known(here) - seen.kept(here))]


def choices_lost(here: Witness, chosen: Collection[tuple[int, str]]) -> list[str]:
    """People whose choice on an axis was confirmed, and who have not exactly one."""
    stand = Counter(here.rows("SELECT voter_id, axis FROM choices"))
    return [
        f"the {axis} of {who}, {stand[who, axis]} times"
        for who, axis in chosen
        if stand[who, axis] != 1
    ]


def liked_and_not_hung(here: Witness) -> list[str]:
    """Pictures that somebody likes and nobody dislikes, missing from an existing gallery."""
    if not here.rows("SELECT 1 FROM policies WHERE gallery_channel_id IS NOT NULL"):
        return []
    liked = here.rows(
        "SELECT job_id FROM votes JOIN pictures USING (job_id) WHERE deleted_ms IS NULL"
        " AND NOT self_vote GROUP BY job_id HAVING min(value) = 1"
    )
    shown = seen.hung(here)
    return [f"{job} is liked and not in the gallery" for (job,) in liked if not shown[job]]


def wish_lost(here: Witness, forgotten: Forgotten) -> list[str]:
    """The lost wish to be forgotten, if the member's requests still exist."""
    requests = here.rows(f"SELECT id FROM requests WHERE user_id = {forgotten.user_id}")  # noqa: S608
    return [f"the wish to be forgotten: {len(requests)} requests are there"] if requests else []


# ---- nothing is posted twice --------------------------------------------------------------------


def posted_twice(here: Witness) -> list[str]:
    """Owed posts made more than once; `/show` owes and delivers nothing."""
    owed = seen.owed_posts(here)
    times = Counter(
        post
        for message in seen.deliveries(here)
        for post in {owed.get(job, job) for job in seen.job_ids(message)}
    )
    return [f"{post}, {count} times" for post, count in times.items() if count > 1]


def hung_twice(here: Witness) -> list[str]:
    """Pictures that the gallery shows more than once."""
    return [f"{job} in the gallery, {n} times" for job, n in seen.hung(here).items() if n > 1]


def duels_of_nobody(here: Witness) -> list[str]:
    """Messages with two blind pictures that no duel knows: reposted, or to be deleted."""
    known = {str(message) for (message,) in here.rows("SELECT message_id FROM duels")}
    return [
        f"the duel message {message['id']}"
        for message in seen.seen_by_all(here)
        if set(seen.BLIND) & set(seen.file_names(message)) and message["id"] not in known
    ]


# ---- everybody has their own --------------------------------------------------------------------


def rows_of_another(here: Witness) -> list[str]:
    """Pictures and posts whose rows belong to another member's request."""
    pictures = here.rows(
        "SELECT job_id FROM pictures JOIN jobs ON jobs.id = job_id"
        " WHERE pictures.user_id <> jobs.user_id OR pictures.guild_id <> jobs.guild_id"
    )
    posts = here.rows(
        "SELECT job_id FROM post_pictures JOIN posts USING (message_id)"
        " JOIN jobs ON jobs.id = job_id WHERE posts.request_id <> jobs.request_id"
    )
    return [f"the row of {job} names another member" for (job,) in (*pictures, *posts)]


def files_of_another(here: Witness) -> list[str]:
    """Pictures whose file was drawn for another job."""
    files = {path.stem: path for path in seen.picture_files(here) if path.suffix == ".png"}
    kept = here.rows("SELECT job_id, sha256 FROM pictures WHERE deleted_ms IS NULL")
    return [
        f"the file of {job} is another's"
        for job, sha in kept
        if sha in files and f'wd:JobId="{job}"'.encode() not in files[sha].read_bytes()
    ]


def shown_as_anothers(here: Witness) -> list[str]:
    """Posts that credit a member with a picture of another's, or mix two members' pictures."""
    whose = dict(here.rows("SELECT id, user_id FROM jobs"))
    return [
        f"the post {message['id']} shows {job} to another"
        for message in seen.deliveries(here)
        for job in seen.job_ids(message)
        if job in whose and f"<@{whose[job]}>" not in message["content"]
    ]


# ---- forgotten means gone -----------------------------------------------------------------------


def rows_of(here: Witness, forgotten: Forgotten) -> list[str]:
    """Tables with a cell that names the forgotten or contains their words."""
    marks = (str(forgotten.user_id), *forgotten.words)
    tables = [name for (name,) in here.rows("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return [
        f"a row of {table}"
        for table in tables
        for row in here.rows(f"SELECT * FROM {table}")  # noqa: S608
        if any(mark in str(cell) for cell in row for mark in marks)
    ]


def messages_of(here: Witness, forgotten: Forgotten) -> list[str]:
    """Messages that show a picture or the words of the forgotten."""
    return [
        f"the message {message['content'][:40]!r}"
        for message in seen.seen_by_all(here)
        if any(word in message["content"] for word in forgotten.words)
        or forgotten.job_ids & set(seen.job_ids(message))
    ]


def bytes_of(here: Witness, forgotten: Forgotten) -> list[str]:
    """Files in the data directory that contain the words or the id of the forgotten."""
    marks = (forgotten.user_id.to_bytes(8, "big"), *(word.encode() for word in forgotten.words))
    files = sorted(path for path in here.data_dir.rglob("*") if path.is_file())
    return [f"bytes in {file.name}" for file in files if _holds(file.read_bytes(), marks)]


def _holds(data: bytes, marks: Sequence[bytes]) -> bool:
    return any(mark in data for mark in marks)


def deleted_and_shown(here: Witness) -> list[str]:
    """Messages that show a picture deleted by its owner."""
    gone = seen.deleted(here)
    return [
        f"the deleted picture {job}"
        for message in seen.seen_by_all(here)
        for job in seen.job_ids(message)
        if job in gone
    ]


def hung_and_not_known(here: Witness) -> list[str]:
    """Gallery pictures without a row: deleted ones, or forgotten attempts."""
    known = {job for (job,) in here.rows("SELECT job_id FROM showpieces WHERE message_id > 0")}
    return [f"{job} in the gallery" for job in seen.hung(here) if job not in known]


def cancelled_and_shown(here: Witness, cancelled: Collection[str]) -> list[str]:
    """Shown pictures that their member cancelled, with confirmation."""
    return [f"the cancelled picture {job}" for job in _shown(here) if job in cancelled]


def held_and_shown(here: Witness) -> list[str]:
    """Shown pictures that moderators have not reviewed yet."""
    held = {job for (job,) in here.rows("SELECT id FROM jobs WHERE state = 'held'")}
    return [f"the held picture {job}" for job in _shown(here) if job in held]


def _shown(here: Witness) -> list[str]:
    return [job for message in seen.seen_by_all(here) for job in seen.job_ids(message)]


# ---- nothing stays open -------------------------------------------------------------------------


def open_status_messages(here: Witness) -> list[str]:
    """Status messages that still offer to cancel."""
    return [
        f"the status message {message['content'][:40]!r}"
        for message in seen.seen_by_all(here)
        if button(message, "cancel", missing="")
    ]


def duels_that_still_ask(here: Witness) -> list[str]:
    """Messages of closed duels with working buttons."""
    closed = here.rows("SELECT message_id FROM duels WHERE closed_ms IS NOT NULL")
    over = {str(message) for (message,) in closed}
    return [
        f"the closed duel {message['id']}"
        for message in seen.seen_by_all(here)
        if message["id"] in over and message["components"]
    ]


def files_without_row(here: Witness) -> list[str]:
    """Picture files without a row, including half-written and set-aside ones."""
    known = seen.known(here)
    return [
        f"the file {path.name[:8]}{path.suffix}"
        for path in seen.picture_files(here)
        if path.stem not in known or path.suffix != ".png"
    ] + [f"set aside, {path.name[:8]}" for path in here.data_dir.glob("quarantine/*/*")]


# ---- the records are true -----------------------------------------------------------------------


def posts_unlike_messages(here: Witness) -> list[str]:
    """Messages with pictures whose rows record another debt or other pictures."""
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


def votes_unlike_reactions(here: Witness, gone: Collection[int] = ()) -> list[str]:
    """Pictures whose votes differ from the reactions on Discord; deletion keeps votes.

    Somebody who reacts in two ways has one vote. The votes of those who are `gone` have no name.
    """
    wanted: dict[str, set[tuple[int, int]]] = {}
    # Reactions under several pictures concern none of them.
    for message in seen.votes_are_open(here):
        for job in seen.job_ids(message):
            reactions = {(who, v) for who, v in seen.reactions(here, message) if who not in gone}
            wanted.setdefault(job, set()).update(reactions)
    deleted, votes = seen.deleted(here), dict[str, set[tuple[int, int]]]()
    for job, voter, value in here.rows("SELECT job_id, voter_id, value FROM votes"):
        votes.setdefault(job, set()).add((voter, value))
    return [
        f"votes of {job}: {sorted(votes.get(job, set()))}, on Discord {sorted(truth)}"
        for job, truth in wanted.items()
        if job not in deleted and not _one_of_each(votes.get(job, set()), truth)
    ]


def _one_of_each(votes: set[tuple[int, int]], truth: set[tuple[int, int]]) -> bool:
    return votes <= truth and sorted(who for who, _ in votes) == sorted({who for who, _ in truth})


def nameless_unlike_reactions(here: Witness, gone: Collection[int]) -> list[str]:
    """Pictures with only one post ever whose nameless votes differ in number from their voters."""
    tallies = dict(here.rows("SELECT job_id, up + down FROM nameless_tallies WHERE axis = 'taste'"))
    posts = Counter(job for (job,) in here.rows("SELECT job_id FROM post_pictures"))
    deleted, owner = seen.deleted(here), dict(here.rows("SELECT id, user_id FROM jobs"))
    found: list[str] = []
    for message in seen.votes_are_open(here):
        for job in seen.job_ids(message):
            voters = {who for who, _ in seen.reactions(here, message)} & set(gone) - {
                owner.get(job)
            }
            counted = tallies.get(job, 0)
            if posts[job] == 1 and job in owner and job not in deleted and counted != len(voters):
                found.append(f"{job} has {counted} nameless votes, of {len(voters)}")
    return found


def votes_unlike_ledger(here: Witness) -> list[str]:
    """Standing reactions and current votes that do not follow from the events, read in order."""
    stands: dict[tuple[int, int, str, int], tuple[str, int, int]] = {}
    for id_, message, job, voter, emoji, burst, value, added in here.rows(
        "SELECT id, message_id, job_id, voter_id, emoji, burst, value, added FROM vote_events"
        " WHERE axis = 'taste' ORDER BY id"
    ):
        key = (message, voter, emoji, burst)
        if added:
            stands[key] = (job, value, id_)
        else:
            stands.pop(key, None)
    votes: dict[tuple[str, int], int] = {}
    for (_, voter, _, _), (job, value, _) in sorted(stands.items(), key=lambda each: each[1][2]):
        votes[job, voter] = value
    noted = here.rows("SELECT job_id, voter_id, value FROM votes WHERE axis = 'taste'")
    standing = here.rows("SELECT message_id, voter_id, emoji, burst FROM standing_reactions")
    return [
        *(["what stands is not what the events say"] if {*standing} != {*stands} else []),
        *([f"the votes {sorted(noted)} are not what the events say, {votes}"]
          if {(job, who): value for job, who, value in noted} != votes else []),
    ]  # fmt: skip


def choices_unlike_ledger(here: Witness) -> list[str]:
    """Current choices that do not follow from the events."""
    stand: dict[tuple[str, str, int], int] = {}
    for axis, about, voter, place, added in here.rows(
        "SELECT axis, about, voter_id, place, added FROM vote_events"
        " WHERE axis <> 'taste' ORDER BY id"
    ):
        if added:
            stand[axis, about, voter] = place
        else:
            stand.pop((axis, about, voter), None)
    noted = here.rows("SELECT axis, about, voter_id, place FROM choices")
    same = {(axis, about, who): place for axis, about, who, place in noted} == stand
    return [] if same else [f"the choices {sorted(noted)} are not what the events say, {stand}"]


def picks_unlike_presses(
    here: Witness, picks: Mapping[tuple[int, str], Collection[int | None]]
) -> list[str]:
    """Picks that differ from the last confirmed one; a crashed bot confirmed nothing."""
    noted = {
        (who, grid): place
        for who, grid, place in here.rows(
            "SELECT voter_id, about, place FROM choices WHERE axis = 'pick'"
        )
    }
    return [
        f"{who} picked {noted.get((who, grid))} of {grid}, and was told {sorted(map(str, told))}"
        for (who, grid), told in picks.items()
        if noted.get((who, grid)) not in told
    ]


def database_damage(here: Witness) -> list[str]:
    """Findings of SQLite's own checks."""
    found = [row for row in here.rows("PRAGMA integrity_check") if row != ("ok",)]
    return [str(row) for row in (*found, *here.rows("PRAGMA foreign_key_check"))]
