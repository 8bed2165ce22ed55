"""What moderators read when they export or import their policy as a file. Pure text."""

from __future__ import annotations

from collections.abc import Sequence

from bot.words.wording import fitting, plain

_FAULT_CHARS, _FAULTS_CHARS = 200, 1600
_EXAMPLE = "-# `/policy export` shows how one looks."

EXPORTED = (
    "The whole policy of this server. Change the file as you like and bring it back with "
    "`/policy import`: you see the difference before anything is applied."
)
DISCARDED = "The file was not applied; nothing changed."
NO_DIFFERENCE = "That file says what holds already, so there is nothing to apply."
CHANGED_MEANWHILE = (
    "⚠️ Somebody changed the policy since you brought the file, so I did not apply it. "
    "This is what it would change now."
)
EVERYBODY_DECIDES = (
    "I changed nothing: `moderator_role` is @everyone in that file, so everybody would decide."
)


def too_large(size_bytes: int, most_bytes: int) -> str:
    """A file that cannot be a policy."""
    return (
        f"That file has {size_bytes / 1e6:.1f} MB, and a policy at most {most_bytes / 1e6:.1f} MB. "
        "I changed nothing."
    )


def faulty(faults: Sequence[str]) -> str:
    """What is wrong in a file, a sentence each."""
    told = fitting([f"- {plain(fault, _FAULT_CHARS)}" for fault in faults], _FAULTS_CHARS)
    return f"⚠️ I changed nothing, for I cannot take this file:\n{told}\n{_EXAMPLE}"
