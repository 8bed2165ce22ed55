-- Duels: two pictures side by side, one of which is chosen by a press. A choice is an event of the
-- one ledger, beside the reactions.

INSERT INTO axes VALUES ('duel'), ('pick');

CREATE TABLE duel_origins (
    origin  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO duel_origins VALUES ('alone'), ('party'), ('trial');

-- A member asked for one duel after another in a channel, for a while.
CREATE TABLE parties (
    id          TEXT PRIMARY KEY,
    guild_id    INTEGER NOT NULL,
    channel_id  INTEGER NOT NULL,
    -- Who began it, and may stop it.
    user_id     INTEGER NOT NULL,
    -- A snowflake of Discord's own that is older than every message of the party.
    since_id    INTEGER NOT NULL,
    begun_ms    INTEGER NOT NULL,
    ends_ms     INTEGER NOT NULL,
    -- Nothing more is asked.
    ended_ms    INTEGER
) STRICT;

CREATE UNIQUE INDEX parties_alive ON parties (channel_id) WHERE ended_ms IS NULL;
CREATE INDEX parties_user ON parties (user_id);

CREATE TABLE duels (
    -- What its message is found by, and its nonce.
    id          TEXT PRIMARY KEY,
    origin      TEXT NOT NULL REFERENCES duel_origins (origin),
    guild_id    INTEGER NOT NULL,
    -- NULL: it is shown to one member at a time, in messages that nobody else sees.
    channel_id  INTEGER,
    party_id    TEXT REFERENCES parties (id) ON DELETE SET NULL,
    left_job    TEXT NOT NULL REFERENCES pictures (job_id) ON DELETE CASCADE,
    right_job   TEXT NOT NULL REFERENCES pictures (job_id) ON DELETE CASCADE,
    -- The same for the same two pictures, whichever is left: a member has one choice for each pair.
    pair        TEXT GENERATED ALWAYS AS
        (min(left_job, right_job) || ' ' || max(left_job, right_job)) VIRTUAL,
    opened_ms   INTEGER NOT NULL,
    -- A snowflake of Discord's own that is older than its message.
    since_id    INTEGER NOT NULL,
    -- Set before the first POST, so that a restart knows to look for the message.
    posting_ms  INTEGER,
    -- NULL until Discord has told it, and again once it is gone or is to go.
    message_id  INTEGER,
    posted_ms   INTEGER,
    -- Nobody chooses any more.
    closed_ms   INTEGER,
    -- The message says how it ended, or there is none.
    told        INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),
    CHECK (left_job <> right_job),
    CHECK ((origin = 'alone') = (channel_id IS NULL)),
    CHECK (message_id IS NULL OR posting_ms IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX duels_alone ON duels (guild_id, pair) WHERE origin = 'alone';
CREATE INDEX duels_pair ON duels (pair);
CREATE INDEX duels_left ON duels (left_job);
CREATE INDEX duels_right ON duels (right_job);
CREATE INDEX duels_guild ON duels (guild_id, opened_ms);
CREATE INDEX duels_party ON duels (party_id) WHERE party_id IS NOT NULL;
CREATE INDEX duels_message ON duels (message_id) WHERE message_id IS NOT NULL;
-- What is owed to channels: a message, or how it ended.
CREATE INDEX duels_unposted ON duels (opened_ms)
    WHERE message_id IS NULL AND closed_ms IS NULL AND channel_id IS NOT NULL;
CREATE INDEX duels_untold ON duels (closed_ms) WHERE told = 0 AND closed_ms IS NOT NULL;

-- One current choice for each voter and each thing that is chosen from.
CREATE TABLE choices (
    axis       TEXT NOT NULL REFERENCES axes (axis),
    -- The duel; for a pick, what shows the pictures side by side.
    about      TEXT NOT NULL,
    voter_id   INTEGER NOT NULL,
    -- Where the chosen picture stands, from 1 (left, right); 0: none is better than the others.
    place      INTEGER NOT NULL CHECK (place >= 0),
    -- The voter asked for one of the pictures.
    self_vote  INTEGER NOT NULL CHECK (self_vote IN (0, 1)),
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (axis, about, voter_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX choices_voter ON choices (voter_id);

-- What is left of the choices of people who asked to be forgotten: one row each, with a keyed hash of
-- the duel and the voter, so that nobody counts twice who presses again.
CREATE TABLE nameless_choices (
    mark   BLOB PRIMARY KEY,
    axis   TEXT NOT NULL REFERENCES axes (axis),
    about  TEXT NOT NULL,
    place  INTEGER NOT NULL CHECK (place >= 0)
) STRICT, WITHOUT ROWID;

CREATE INDEX nameless_choices_about ON nameless_choices (axis, about);

-- The ledger takes choices too. It is made anew, because SQLite changes no condition of a column.
CREATE TABLE new_vote_events (
    id          INTEGER PRIMARY KEY,
    -- NULL where a duel was shown to one member alone.
    message_id  INTEGER,
    -- The picture that was reacted to; NULL of a choice, which is about several.
    job_id      TEXT,
    voter_id    INTEGER NOT NULL,
    axis        TEXT NOT NULL REFERENCES axes (axis),
    emoji       TEXT,
    -- A super reaction, which stands beside a plain one with the same emoji.
    burst       INTEGER NOT NULL DEFAULT 0 CHECK (burst IN (0, 1)),
    value       INTEGER CHECK (value IN (-1, 1)),
    -- What was chosen from, and the place of the chosen picture, as in `choices`.
    about       TEXT,
    place       INTEGER CHECK (place >= 0),
    added       INTEGER NOT NULL CHECK (added IN (0, 1)),
    self_vote   INTEGER NOT NULL CHECK (self_vote IN (0, 1)),
    source      TEXT NOT NULL CHECK (source IN ('gateway', 'reconciled', 'press')),
    at_ms       INTEGER NOT NULL,
    CHECK ((job_id IS NULL) = (about IS NOT NULL)),
    CHECK ((job_id IS NULL) = (value IS NULL) AND (job_id IS NULL) = (emoji IS NULL)),
    CHECK ((about IS NULL) = (place IS NULL)),
    CHECK ((about IS NULL) = (axis = 'taste')),
    CHECK (about IS NOT NULL OR message_id IS NOT NULL)
) STRICT;

INSERT INTO new_vote_events (id, message_id, job_id, voter_id, axis, emoji, burst, value, added,
                             self_vote, source, at_ms)
SELECT id, message_id, job_id, voter_id, axis, emoji, burst, value, added, self_vote, source, at_ms
  FROM vote_events;

DROP TABLE vote_events;
ALTER TABLE new_vote_events RENAME TO vote_events;

CREATE INDEX vote_events_message ON vote_events (message_id);
CREATE INDEX vote_events_voter ON vote_events (voter_id);
CREATE INDEX vote_events_about ON vote_events (about) WHERE about IS NOT NULL;
