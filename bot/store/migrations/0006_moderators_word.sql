-- What moderators decided holds for what is drawn afterwards, too.

-- Pictures that moderators removed or put behind a spoiler, for whoever asks for the same again. No
-- word and no name is kept: a keyed hash of what was asked for, in hexadecimal.
CREATE TABLE precedents (
    guild_id  INTEGER NOT NULL,
    mark      TEXT NOT NULL,
    -- As bot.domain.Ruling counts: behind a spoiler, or not at all.
    ruling    INTEGER NOT NULL CHECK (ruling IN (1, 3)),
    PRIMARY KEY (guild_id, mark)
) STRICT, WITHOUT ROWID;

-- What members are still to be told in a channel, in words of ours; the row goes when it is said.
CREATE TABLE tellings (
    -- What its message's nonce begins with.
    id          TEXT PRIMARY KEY,
    guild_id    INTEGER NOT NULL,
    channel_id  INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    text        TEXT NOT NULL,
    created_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX tellings_oldest ON tellings (created_ms, id);
CREATE INDEX tellings_user ON tellings (user_id);
