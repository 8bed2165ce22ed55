-- What is about to be done is written down first: messages before they are sent, a member's wish to
-- be forgotten before it is carried out, and the scrubbing of the file that follows it.

-- A snowflake of Discord's own that is older than every message of the request: a search for one of
-- them starts there, whatever our clock says. It is the id of the interaction that asked.
ALTER TABLE requests ADD COLUMN since_id INTEGER NOT NULL DEFAULT 0;
-- Those of before have only our clock; a day earlier, for it may have been ahead. From 0 a search
-- would read a channel's history to its beginning.
UPDATE requests SET since_id = max(0, (created_ms - 1420070400000 - 86400000) << 22);

-- Messages that neither `posts` nor `requests` remembers until they are there, or ever: `/show`
-- before its post, the list of `/votes top`, the notice of a failed request.
CREATE TABLE sends (
    -- What the message can be found by: the id of the interaction that it answers, or its request's.
    name        TEXT NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('show', 'top', 'notice')),
    channel_id  INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL,
    since_id    INTEGER NOT NULL,
    -- NULL until Discord has told it.
    message_id  INTEGER,
    -- The process that was sending it died, or Discord's answer was lost: it is to be looked for.
    lost        INTEGER NOT NULL DEFAULT 0 CHECK (lost IN (0, 1)),
    PRIMARY KEY (name, kind)
) STRICT, WITHOUT ROWID;

-- The jobs whose picture or words such a message shows.
CREATE TABLE send_jobs (
    name    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    job_id  TEXT NOT NULL,
    PRIMARY KEY (name, kind, job_id),
    FOREIGN KEY (name, kind) REFERENCES sends (name, kind) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX send_jobs_job ON send_jobs (job_id);

-- Messages that are to go and whose ids nobody knows: whatever carries the name goes when found.
CREATE TABLE hunts (
    name        TEXT NOT NULL,
    channel_id  INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL,
    since_id    INTEGER NOT NULL,
    PRIMARY KEY (name, channel_id)
) STRICT, WITHOUT ROWID;

-- Members who pressed "erase everything"; the row goes in the transaction that erases.
CREATE TABLE forget_wishes (
    user_id  INTEGER PRIMARY KEY,
    at_ms    INTEGER NOT NULL
) STRICT;

-- What the program knows of this file itself.
CREATE TABLE installation (
    only_row    INTEGER PRIMARY KEY CHECK (only_row = 1),
    -- Counts erasures whose bytes may still lie in free pages and in the write-ahead log; 0: none.
    scrubs_due  INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO installation (only_row) VALUES (1);

-- Seeding a post and reading who reacted there are two debts: a crowd must not hold up the first.
ALTER TABLE posts ADD COLUMN settled INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1));
-- Each channel's newest debt is found without reading everybody else's.
CREATE INDEX posts_unsettled ON posts (channel_id, posted_ms)
    WHERE settled = 0 AND deleted_ms IS NULL;
DROP INDEX posts_recent;

-- A super reaction and a plain one with the same emoji stand apart, so that taking one back leaves
-- the other.
CREATE TABLE standing_reactions_apart (
    message_id  INTEGER NOT NULL,
    voter_id    INTEGER NOT NULL,
    emoji       TEXT NOT NULL,
    burst       INTEGER NOT NULL CHECK (burst IN (0, 1)),
    job_id      TEXT NOT NULL,
    value       INTEGER NOT NULL CHECK (value IN (-1, 1)),
    event_id    INTEGER NOT NULL,
    at_ms       INTEGER NOT NULL,
    PRIMARY KEY (message_id, voter_id, emoji, burst)
) STRICT, WITHOUT ROWID;

INSERT INTO standing_reactions_apart
    SELECT message_id, voter_id, emoji, 0, job_id, value, event_id, at_ms FROM standing_reactions;
DROP TABLE standing_reactions;
ALTER TABLE standing_reactions_apart RENAME TO standing_reactions;
CREATE INDEX standing_reactions_voter ON standing_reactions (voter_id, job_id);

ALTER TABLE vote_events ADD COLUMN burst INTEGER NOT NULL DEFAULT 0 CHECK (burst IN (0, 1));

-- Each channel's oldest owed pictures are found without reading everybody else's.
DROP INDEX jobs_rendered;
CREATE INDEX jobs_rendered ON jobs (channel_id, seq) WHERE state = 'rendered';
