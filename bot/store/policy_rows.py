"""Server policies to and from the JSON in `policies.body`.

`guilds.py` reads and writes them. They are written in full, because defaults may differ between
versions. If a document cannot be read completely (damaged, or of another version), its server's
asks all fail: the unreadable part may be a ban.
"""

from __future__ import annotations

from bot.domain import DatabaseError, GuildId
from bot.policy.layers import GuildPolicy
from models.decoding import json_of, read_json


def body_of(policy: GuildPolicy) -> str:
    """A policy as the JSON that the database stores."""
    return json_of(policy)


def policy_of(guild_id: GuildId, body: str) -> GuildPolicy:
    """Read what `body_of` wrote. Raises `DatabaseError` unless all of it can be read."""
    try:
        return read_json(GuildPolicy, body, guild_id=guild_id)
    except ValueError as problem:
        raise DatabaseError(
            f"the policy of server {guild_id} cannot be read, so nothing is drawn there: update "
            "the bot, or restore an older copy of the file."
        ) from problem
