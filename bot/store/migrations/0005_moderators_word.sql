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
