"""What a bot shows from outside: on the local Discord, in its tables, in its files.

`looks.py` finds the faults in it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any, Protocol

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world.lounge import BOT_ID

_EPHEMERAL = 64
#: The channel used as the gallery.
GALLERY = "art"
#: The file names of a duel's two pictures.
BLIND = ("left", "right")


class Witness(Protocol):
    """An outside view of the bot."""

    data_dir: Path
    #: The name of the channel in which everything happens.
    channel_name: str

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """Query the bot's database, as of the latest commit."""
        ...

    def messages(self, where: str) -> list[Payload]:
        """A channel's messages, the oldest first."""
        ...

    def reactions(self, message_id: str) -> Mapping[str, Collection[int]]:
        """Who reacts under a message, by emoji."""
        ...


def public_messages(here: Witness) -> list[Payload]:
    return [
        message
        for message in here.messages(here.channel_name)
        if not (message.get("flags") or 0) & _EPHEMERAL
    ]


def deliveries(here: Witness) -> list[Payload]:
    """The messages that answer no interaction."""
    return [m for m in public_messages(here) if m.get("interaction_metadata") is None]


def delivery_counts(here: Witness) -> Counter[str]:
    """How often each job was delivered."""
    return Counter(job for message in deliveries(here) for job in job_ids(message))


def in_gallery(here: Witness) -> Counter[str]:
    """How often the gallery shows each picture."""
    return Counter(job for message in here.messages(GALLERY) for job in job_ids(message))


def owed_posts(here: Witness) -> dict[str, str]:
    """The owed post of each job."""
    return dict(here.rows("SELECT id, owed_post_id FROM jobs"))


def job_ids(message: Payload) -> list[str]:
    """The jobs that name a message's files; a duel's files and the tiles of a grid name none."""
    return [
        name
        for name in file_names(message)
        if name not in BLIND and not name.startswith("missing-")
    ]


def votable_messages(here: Witness) -> list[Payload]:
    """Messages with a single picture, even one of a request for several."""
    together = here.rows("SELECT message_id FROM post_pictures GROUP BY 1 HAVING count(*) > 1")
    several = {str(number) for (number,) in together}
    return [message for message in public_messages(here) if message["id"] not in several]


def file_names(message: Payload) -> list[str]:
    return [
        str(item["filename"]).partition(".")[0].removeprefix("SPOILER_")
        for item in message["attachments"]
    ]


def votes_under(here: Witness, message: Payload, *, of_bot: bool = False) -> set[tuple[int, int]]:
    """User and value of the reactions under a message, by people or by the bot itself."""
    return {
        (user, 1 if emoji == "👍" else -1)
        for emoji, users in here.reactions(message["id"]).items()
        for user in users
        if (user == BOT_ID) is of_bot
    }


def deleted_jobs(here: Witness) -> set[Any]:
    return {job for (job,) in here.rows("SELECT job_id FROM pictures WHERE deleted_ms IS NOT NULL")}


def known(here: Witness) -> set[Any]:
    """The hashes in the rows of existing pictures."""
    return {sha for (sha,) in here.rows("SELECT sha256 FROM pictures WHERE deleted_ms IS NULL")}


def on_disk(here: Witness) -> set[str]:
    """The hashes that name the picture files."""
    return {path.stem for path in picture_files(here) if path.suffix == ".png"}


def picture_files(here: Witness) -> list[Any]:
    return sorted(path for path in (here.data_dir / "pictures").rglob("*") if path.is_file())
