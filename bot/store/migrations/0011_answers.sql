-- What an answer leads to: a larger picture, a favourite, the gallery channel; and the picture that is
-- there already.

INSERT INTO request_kinds VALUES ('upscale');

-- What was drawn of a seed in a server is found without reading every draw.
CREATE INDEX jobs_seed ON jobs
    (guild_id, CASE WHEN json_valid(draw) THEN draw ->> '$.seed' END);

-- Pictures that a member wants to find again; nobody else is told.
CREATE TABLE favourites (
    user_id  INTEGER NOT NULL,
    job_id   TEXT NOT NULL REFERENCES pictures (job_id) ON DELETE CASCADE,
    at_ms    INTEGER NOT NULL,
    PRIMARY KEY (user_id, job_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX favourites_job ON favourites (job_id);

-- The document says them too; here what is owed to a gallery channel is found by them.
ALTER TABLE policies ADD COLUMN gallery_channel_id INTEGER;
ALTER TABLE policies ADD COLUMN gallery_votes INTEGER;

-- Pictures that members liked and that a gallery channel shows, each once for ever.
CREATE TABLE showpieces (
    -- What its message is found by, and its nonce.
    job_id      TEXT PRIMARY KEY REFERENCES pictures (job_id) ON DELETE CASCADE,
    guild_id    INTEGER NOT NULL,
    channel_id  INTEGER NOT NULL,
    -- A snowflake of Discord's own that is older than its message: that of the post it is from.
    since_id    INTEGER NOT NULL,
    -- Set before the first POST, so that a restart knows to look for the message.
    posting_ms  INTEGER,
    -- NULL until Discord has told it, and again once it is gone or is to go.
    message_id  INTEGER,
    -- Nothing more is done about it: it is gone, or could not be shown.
    ended_ms    INTEGER,
    CHECK (message_id IS NULL OR posting_ms IS NOT NULL)
) STRICT;

CREATE INDEX showpieces_owed ON showpieces (channel_id) WHERE message_id IS NULL AND ended_ms IS NULL;
CREATE INDEX showpieces_message ON showpieces (message_id) WHERE message_id IS NOT NULL;
