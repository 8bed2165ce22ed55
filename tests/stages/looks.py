"""One function for each way in which a promise can be broken; `promises.py` combines them.

Each returns its faults as texts; an empty list means that the promise holds. The functions look at
what a person sees on Discord, at the bot's tables and at its files, and never at its objects. So
they work with the real bot on the local Discord, and with stores and a fake board.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from tests.stages import seen
from tests.stages.seen import Witness
from tests.stages.stage import button

#: The number of the bot's vote emoji: up and down.
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


def never_recorded(here: Witness, promised: Mapping[str, int]) -> list[str]:
    """Promised pictures that the bot has not recorded."""
    recorded = Counter(prompt for (prompt,) in here.rows("SELECT draw ->> 'prompt' FROM jobs"))
    return [
        f"{prompt!r}, recorded {recorded[prompt]} times of {count}"
        for prompt, count in promised.items()
        if recorded[prompt] < count
    ]


def not_shown(here: Witness) -> list[str]:
    """Recorded jobs whose picture nobody can see although its owner has not deleted it."""
    shown = seen.delivery_counts(here)
    jobs = here.rows(
        "SELECT id, draw ->> 'prompt', state FROM jobs WHERE state <> 'cancelled'"
        " AND id NOT IN (SELECT job_id FROM pictures WHERE deleted_ms IS NOT NULL)"
    )
    return [f"{prompt!r} is {state} and not shown" for job, prompt, state in jobs if not shown[job]]


def without_vote_reactions(here: Witness) -> list[str]:
    """Visible pictures without the bot's own two reactions; a grid has buttons instead."""
    return [
        f"the vote on {job}"
        for message in seen.votable_messages(here)
        for job in seen.job_ids(message)
        if len(seen.votes_under(here, message, of_bot=True)) < _VOTE_EMOJI
    ]


def rows_without_file(here: Witness) -> list[str]:
    """Pictures with a row and without a file."""
    return [
        f"the file of picture {sha[:8]}" for sha in sorted(seen.known(here) - seen.on_disk(here))
    ]


def lost_choices(here: Witness, chosen: Collection[tuple[int, str]]) -> list[str]:
    """People with a confirmed choice on an axis for whom not exactly one choice is recorded."""
    recorded = Counter(here.rows("SELECT voter_id, axis FROM choices"))
    return [
        f"the {axis} of {who}, {recorded[who, axis]} times"
        for who, axis in chosen
        if recorded[who, axis] != 1
    ]


def liked_but_not_in_gallery(here: Witness) -> list[str]:
    """Pictures that somebody likes and nobody dislikes, and that the gallery channel lacks."""
    if not here.rows("SELECT 1 FROM policies WHERE gallery_channel_id IS NOT NULL"):
        return []
    liked = here.rows(
        "SELECT job_id FROM votes JOIN pictures USING (job_id) WHERE deleted_ms IS NULL"
        " AND NOT self_vote GROUP BY job_id HAVING min(value) = 1"
    )
    shown = seen.in_gallery(here)
    return [f"{job} is liked and not in the gallery" for (job,) in liked if not shown[job]]


def lost_wishes(here: Witness, forgotten: Forgotten) -> list[str]:
    """The lost wish to be forgotten: one fault if the member's requests still exist."""
    requests = here.rows(f"SELECT id FROM requests WHERE user_id = {forgotten.user_id}")  # noqa: S608
    return [f"the wish to be forgotten: {len(requests)} requests are there"] if requests else []


# ---- nothing is posted twice --------------------------------------------------------------------


def posted_twice(here: Witness) -> list[str]:
    """Owed posts that were made more than once; `/show` makes no owed post."""
    owed = seen.owed_posts(here)
    times = Counter(
        post
        for message in seen.deliveries(here)
        for post in {owed.get(job, job) for job in seen.job_ids(message)}
    )
    return [f"{post}, {count} times" for post, count in times.items() if count > 1]


def twice_in_gallery(here: Witness) -> list[str]:
    """Pictures that the gallery shows more than once."""
    return [f"{job} in the gallery, {n} times" for job, n in seen.in_gallery(here).items() if n > 1]


def unknown_duel_messages(here: Witness) -> list[str]:
    """Messages with a duel's two pictures that no row names: posted twice, or not deleted."""
    known = {str(message) for (message,) in here.rows("SELECT message_id FROM duels")}
    return [
        f"the duel message {message['id']}"
        for message in seen.public_messages(here)
        if set(seen.BLIND) & set(seen.file_names(message)) and message["id"] not in known
    ]


# ---- everybody has their own --------------------------------------------------------------------


def rows_of_another(here: Witness) -> list[str]:
    """Pictures and posts whose rows name another member's request."""
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
    """Pictures with the file of another job."""
    files = {path.stem: path for path in seen.picture_files(here) if path.suffix == ".png"}
    kept = here.rows("SELECT job_id, sha256 FROM pictures WHERE deleted_ms IS NULL")
    return [
        f"the file of {job} is another's"
        for job, sha in kept
        if sha in files and f'wd:JobId="{job}"'.encode() not in files[sha].read_bytes()
    ]


def credited_to_another(here: Witness) -> list[str]:
    """Posts that credit a member with somebody else's picture, or mix two members' pictures."""
    whose = dict(here.rows("SELECT id, user_id FROM jobs"))
    return [
        f"the post {message['id']} shows {job} to another"
        for message in seen.deliveries(here)
        for job in seen.job_ids(message)
        if job in whose and f"<@{whose[job]}>" not in message["content"]
    ]


# ---- forgotten means gone -----------------------------------------------------------------------


def rows_of(here: Witness, forgotten: Forgotten) -> list[str]:
    """Tables with a cell that contains the id or the words of the forgotten."""
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
        for message in seen.public_messages(here)
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


def deleted_but_shown(here: Witness) -> list[str]:
    """Messages that show a picture deleted by its owner."""
    gone = seen.deleted_jobs(here)
    return [
        f"the deleted picture {job}"
        for message in seen.public_messages(here)
        for job in seen.job_ids(message)
        if job in gone
    ]


def unknown_in_gallery(here: Witness) -> list[str]:
    """Pictures in the gallery channel without a row: deleted ones, or lost attempts."""
    known = {job for (job,) in here.rows("SELECT job_id FROM showpieces WHERE message_id > 0")}
    return [f"{job} in the gallery" for job in seen.in_gallery(here) if job not in known]


def cancelled_but_shown(here: Witness, cancelled: Collection[str]) -> list[str]:
    """Visible pictures whose cancellation the bot had confirmed."""
    return [f"the cancelled picture {job}" for job in _jobs_shown_to_all(here) if job in cancelled]


def held_but_shown(here: Witness) -> list[str]:
    """Visible pictures that moderators have not reviewed yet."""
    held = {job for (job,) in here.rows("SELECT id FROM jobs WHERE state = 'held'")}
    return [f"the held picture {job}" for job in _jobs_shown_to_all(here) if job in held]


def _jobs_shown_to_all(here: Witness) -> list[str]:
    return [job for message in seen.public_messages(here) for job in seen.job_ids(message)]


# ---- nothing stays open -------------------------------------------------------------------------


def open_status_messages(here: Witness) -> list[str]:
    """Status messages that still offer to cancel."""
    return [
        f"the status message {message['content'][:40]!r}"
        for message in seen.public_messages(here)
        if button(message, "cancel", missing="")
    ]


def closed_duels_with_buttons(here: Witness) -> list[str]:
    """Messages of closed duels with working buttons."""
    closed = here.rows("SELECT message_id FROM duels WHERE closed_ms IS NOT NULL")
    over = {str(message) for (message,) in closed}
    return [
        f"the closed duel {message['id']}"
        for message in seen.public_messages(here)
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
    """Messages whose rows record another owed post or other pictures."""
    recorded: dict[str, tuple[str | None, list[str]]] = {}
    for message, owed, job in here.rows(
        "SELECT message_id, owed_post_id, job_id FROM posts JOIN post_pictures USING (message_id)"
        " LEFT JOIN pictures USING (job_id) WHERE posts.deleted_ms IS NULL"
        " AND pictures.deleted_ms IS NULL ORDER BY message_id, place"
    ):
        recorded.setdefault(str(message), (owed, []))[1].append(job)
    owed_posts, deliveries = (
        seen.owed_posts(here),
        {message["id"] for message in seen.deliveries(here)},
    )
    return [
        f"the post {message['id']} is recorded as {recorded.get(message['id'])}, and shows {jobs}"
        for message in seen.public_messages(here)
        if (jobs := seen.job_ids(message)) and jobs[0] in owed_posts
        if recorded.get(message["id"])
        != (owed_posts[jobs[0]] if message["id"] in deliveries else None, jobs)
    ]


def votes_unlike_reactions(here: Witness, gone: Collection[int] = ()) -> list[str]:
    """Existing pictures whose votes differ from the reactions on Discord.

    Somebody who reacts in two ways has one vote. The votes of members who are `gone` have no name.
    """
    expected: dict[str, set[tuple[int, int]]] = {}
    # Reactions under several pictures concern none of them.
    for message in seen.votable_messages(here):
        for job in seen.job_ids(message):
            reactions = {(who, v) for who, v in seen.votes_under(here, message) if who not in gone}
            expected.setdefault(job, set()).update(reactions)
    deleted, votes = seen.deleted_jobs(here), dict[str, set[tuple[int, int]]]()
    for job, voter, value in here.rows("SELECT job_id, voter_id, value FROM votes"):
        votes.setdefault(job, set()).add((voter, value))
    return [
        f"votes of {job}: {sorted(votes.get(job, set()))}, on Discord {sorted(truth)}"
        for job, truth in expected.items()
        if job not in deleted and not _has_one_vote_each(votes.get(job, set()), truth)
    ]


def _has_one_vote_each(votes: set[tuple[int, int]], truth: set[tuple[int, int]]) -> bool:
    return votes <= truth and sorted(who for who, _ in votes) == sorted({who for who, _ in truth})


def nameless_unlike_reactions(here: Witness, forgotten: Collection[int]) -> list[str]:
    """Pictures with a single post that have more or fewer nameless votes than forgotten voters."""
    tallies = dict(here.rows("SELECT job_id, up + down FROM nameless_tallies WHERE axis = 'taste'"))
    posts = Counter(job for (job,) in here.rows("SELECT job_id FROM post_pictures"))
    deleted, owner = seen.deleted_jobs(here), dict(here.rows("SELECT id, user_id FROM jobs"))
    found: list[str] = []
    for message in seen.votable_messages(here):
        for job in seen.job_ids(message):
            voters = {who for who, _ in seen.votes_under(here, message)} & set(forgotten) - {
                owner.get(job)
            }
            counted = tallies.get(job, 0)
            if posts[job] == 1 and job in owner and job not in deleted and counted != len(voters):
                found.append(f"{job} has {counted} nameless votes, of {len(voters)}")
    return found


def votes_unlike_ledger(here: Witness) -> list[str]:
    """Recorded reactions and current votes that differ from the result of the events in order."""
    expected: dict[tuple[int, int, str, int], tuple[str, int, int]] = {}
    for id_, message, job, voter, emoji, burst, value, added in here.rows(
        "SELECT id, message_id, job_id, voter_id, emoji, burst, value, added FROM vote_events"
        " WHERE axis = 'taste' ORDER BY id"
    ):
        key = (message, voter, emoji, burst)
        if added:
            expected[key] = (job, value, id_)
        else:
            expected.pop(key, None)
    votes: dict[tuple[str, int], int] = {}
    for (_, voter, _, _), (job, value, _) in sorted(expected.items(), key=lambda each: each[1][2]):
        votes[job, voter] = value
    recorded = here.rows("SELECT job_id, voter_id, value FROM votes WHERE axis = 'taste'")
    standing = here.rows("SELECT message_id, voter_id, emoji, burst FROM standing_reactions")
    return [
        *(["the reactions are not what the events say"] if {*standing} != {*expected} else []),
        *([f"the votes {sorted(recorded)} are not what the events say, {votes}"]
          if {(job, who): value for job, who, value in recorded} != votes else []),
    ]  # fmt: skip


def choices_unlike_ledger(here: Witness) -> list[str]:
    """Current choices that differ from the result of the events."""
    expected: dict[tuple[str, str, int], int] = {}
    for axis, about, voter, place, added in here.rows(
        "SELECT axis, about, voter_id, place, added FROM vote_events"
        " WHERE axis <> 'taste' ORDER BY id"
    ):
        if added:
            expected[axis, about, voter] = place
        else:
            expected.pop((axis, about, voter), None)
    recorded = here.rows("SELECT axis, about, voter_id, place FROM choices")
    is_same = {(axis, about, who): place for axis, about, who, place in recorded} == expected
    return (
        []
        if is_same
        else [f"the choices {sorted(recorded)} are not what the events say, {expected}"]
    )


def picks_unlike_presses(
    here: Witness, picks: Mapping[tuple[int, str], Collection[int | None]]
) -> list[str]:
    """Recorded picks that differ from every pick that the voter may rely on."""
    recorded = {
        (who, grid): place
        for who, grid, place in here.rows(
            "SELECT voter_id, about, place FROM choices WHERE axis = 'pick'"
        )
    }
    return [
        f"{who} picked {recorded.get((who, grid))} of {grid}, not {sorted(map(str, confirmed))}"
        for (who, grid), confirmed in picks.items()
        if recorded.get((who, grid)) not in confirmed
    ]


def database_damage(here: Witness) -> list[str]:
    """Findings of SQLite's own checks."""
    found = [row for row in here.rows("PRAGMA integrity_check") if row != ("ok",)]
    return [str(row) for row in (*found, *here.rows("PRAGMA foreign_key_check"))]
