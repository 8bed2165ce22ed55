"""What there is to see of a bot from outside: on the local Discord, in its tables, in its files.

`promises.py` holds it against what must hold.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from bot.sandbox.wire.wire import Payload
from bot.sandbox.world.lounge import BOT_ID
from tests.stages.stage import Stage, button

_EPHEMERAL = 64
#: The channel that is made the gallery.
GALLERY = "art"
#: The files of a duel.
BLIND = ("left", "right")


def seen_by_all(here: Stage) -> list[Payload]:
    return [
        message
        for message in here.sandbox.messages(here.where)
        if not (message.get("flags") or 0) & _EPHEMERAL
    ]


def deliveries(here: Stage) -> list[Payload]:
    """The messages that answer no interaction."""
    return [m for m in seen_by_all(here) if m.get("interaction_metadata") is None]


def times_shown(here: Stage) -> Counter[str]:
    """How often each job was delivered."""
    return Counter(job for message in deliveries(here) for job in job_ids(message))


def hung(here: Stage) -> Counter[str]:
    """How often the gallery shows each picture."""
    return Counter(job for message in here.sandbox.messages(GALLERY) for job in job_ids(message))


def owed_posts(here: Stage) -> dict[str, str]:
    """For each job the post that it is owed in."""
    return dict(here.rows("SELECT id, owed_post_id FROM jobs"))


def job_ids(message: Payload) -> list[str]:
    """The pictures that its files are named after; the two of a duel are blind, a tile is none."""
    return [
        name
        for name in file_names(message)
        if name not in BLIND and not name.startswith("missing-")
    ]


def is_grid(message: Payload) -> bool:
    return bool(button(message, "which", missing=""))


def file_names(message: Payload) -> list[str]:
    return [
        str(item["filename"]).partition(".")[0].removeprefix("SPOILER_")
        for item in message["attachments"]
    ]


def reactions(here: Stage, message: Payload, *, of_bot: bool = False) -> set[tuple[int, int]]:
    """Who voted what: people, or the bot itself."""
    return {
        (user, 1 if emoji == "👍" else -1)
        for emoji, users in here.sandbox.reactions(message["id"]).items()
        for user in users
        if (user == BOT_ID) is of_bot
    }


def deleted(here: Stage) -> set[Any]:
    return {job for (job,) in here.rows("SELECT job_id FROM pictures WHERE deleted_ms IS NOT NULL")}


def known(here: Stage) -> set[Any]:
    return {sha for (sha,) in here.rows("SELECT sha256 FROM pictures WHERE deleted_ms IS NULL")}


def kept(here: Stage) -> set[str]:
    return {path.stem for path in picture_files(here) if path.suffix == ".png"}


def picture_files(here: Stage) -> list[Any]:
    return sorted(path for path in (here.data_dir / "pictures").rglob("*") if path.is_file())
