-- Messages that are to go from Discord (their picture was deleted, or their user is forgotten),
-- written down in the transaction that decided it, so that a crash or an outage forgets none.
CREATE TABLE doomed_messages (
    message_id  INTEGER PRIMARY KEY,
    channel_id  INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL
) STRICT;
