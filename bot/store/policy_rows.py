"""A server's policy and its JSON, both ways: what stands in `policies.body`.

`guilds.py` reads and writes it. A document that cannot be read lets nothing pass in its server.
"""

from __future__ import annotations

import json
from typing import Any

from bot.domain import ChannelId, DatabaseError, GuildId
from bot.policy.decide import BlockedTerm, GuildPolicy


def body_of(policy: GuildPolicy) -> str:
    """A policy as the database keeps it."""
    values = {
        "blocked": [{"text": b.term, "reason": b.reason} for b in policy.blocked],
        "channels": {str(id_): {"enabled": False} for id_ in sorted(policy.disabled_channels)},
        "review_channel": policy.review_channel,
        "log_channel": policy.log_channel,
    }
    return json.dumps(values, ensure_ascii=False)


def policy_of(guild_id: GuildId, body: str) -> GuildPolicy:
    """Read what `body_of` wrote. `DatabaseError` if another version wrote what this cannot read."""
    try:
        values: dict[str, Any] = json.loads(body)
        return GuildPolicy(
            guild_id=guild_id,
            blocked=tuple(
                BlockedTerm(term=b["text"], reason=b["reason"]) for b in values.get("blocked", ())
            ),
            disabled_channels=frozenset(
                ChannelId(int(id_))
                for id_, said in values.get("channels", {}).items()
                if not said["enabled"]
            ),
            review_channel=values.get("review_channel"),
            log_channel=values.get("log_channel"),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as problem:
        raise DatabaseError(
            f"the policy of server {guild_id} cannot be read ({type(problem).__name__}): update "
            "the bot, or restore an older copy of the file."
        ) from problem
