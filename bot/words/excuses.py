"""What members read when a command cannot be carried out through no choice of theirs. Pure text."""

from __future__ import annotations

from bot.words.speaking import Message

SERVERS_ONLY = Message("I draw in servers only: ask me in a channel of a server we share.")
OLD_COMMAND = Message(
    "I have changed since your Discord read my commands. Restart it (Ctrl-R), or try again in a "
    "minute."
)
RESTING = Message("You're quick! Try again in {seconds} s.")
MANAGE_SERVER = Message("You need the Manage Server permission for that.")
INCIDENT = Message(
    "Something went wrong on my side (incident `{id}`). Nothing you had queued is lost; try again, "
    "and tell the operator this ID if it keeps happening."
)
DISK_FULL = Message(
    "My disk is full, so I couldn't write that down. Nothing that you had queued is lost; tell the "
    "operator, and try again later."
)
DISK_FAULT = Message(
    "My disk isn't working right now, so I couldn't do that. Nothing that you had queued is lost; "
    "tell the operator, and try again later."
)
DATABASE_FAULT = Message(
    "I can't reach my notes right now, so I couldn't do that. Nothing that you had queued is lost; "
    "tell the operator, and try again later."
)
