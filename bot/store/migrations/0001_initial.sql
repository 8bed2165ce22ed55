-- What the bot remembers: requests and jobs, pictures and posts, votes, servers' policies, consent.
-- Snowflakes are INTEGER, times are unix milliseconds.

-- The words that a column may hold. A new word is a row here, and a member of the domain's enum.
CREATE TABLE ratings (
    rating  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO ratings VALUES ('general'), ('explicit');

CREATE TABLE origins (
    origin  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO origins VALUES ('command'), ('again'), ('vary');

CREATE TABLE states (
    state  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO states VALUES ('queued'), ('running'), ('rendered'), ('delivered'), ('failed'),
                          ('cancelled'), ('withheld');

CREATE TABLE axes (
    axis  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO axes VALUES ('taste');

CREATE TABLE requests (
    id                 TEXT PRIMARY KEY,
    user_id            INTEGER NOT NULL,
    guild_id           INTEGER NOT NULL,
    channel_id         INTEGER NOT NULL,
    -- The message that tells how the request is doing; NULL until Discord has told its id, and
    -- again once it is gone.
    status_message_id  INTEGER,
    status_closed      INTEGER NOT NULL DEFAULT 0 CHECK (status_closed IN (0, 1)),
    created_ms         INTEGER NOT NULL,
    -- A snowflake of Discord's own that is older than every message of the request: a search for
    -- one of them starts there, whatever our clock says. It is the id of the interaction that asked.
    since_id           INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX requests_open ON requests (created_ms) WHERE status_closed = 0;
CREATE INDEX requests_user ON requests (user_id);

CREATE TABLE jobs (
    -- The order of asking; the clock may step back, this does not.
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    request_id     TEXT NOT NULL REFERENCES requests (id) ON DELETE CASCADE,
    user_id        INTEGER NOT NULL,
    guild_id       INTEGER NOT NULL,
    channel_id     INTEGER NOT NULL,
    -- Everything that the picture is drawn by, as JSON with its version `v`; job_rows.py reads it.
    draw           TEXT NOT NULL,
    rating         TEXT NOT NULL REFERENCES ratings (rating),
    origin         TEXT NOT NULL REFERENCES origins (origin),
    parent_job_id  TEXT,
    state          TEXT NOT NULL REFERENCES states (state),
    attempts       INTEGER NOT NULL DEFAULT 0,
    lease_owner    TEXT,
    lease_until_ms INTEGER,
    -- Not to be claimed or delivered before this time (a pause after a failed try).
    not_before_ms  INTEGER NOT NULL DEFAULT 0,
    -- Set before the first POST of the picture, so that a restart knows to look for it.
    posting_ms     INTEGER,
    error          TEXT,
    created_ms     INTEGER NOT NULL,
    ended_ms       INTEGER,
    CHECK ((state = 'running') = (lease_owner IS NOT NULL))
) STRICT;

CREATE INDEX jobs_queued ON jobs (user_id, seq) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_until_ms) WHERE state = 'running';
-- Each channel's oldest owed pictures are found without reading everybody else's.
CREATE INDEX jobs_rendered ON jobs (channel_id, seq) WHERE state = 'rendered';
CREATE INDEX jobs_alive_guild ON jobs (guild_id, state)
    WHERE state IN ('queued', 'running', 'rendered');
CREATE INDEX jobs_alive_user ON jobs (user_id, guild_id)
    WHERE state IN ('queued', 'running', 'rendered');
CREATE INDEX jobs_request ON jobs (request_id);
CREATE INDEX jobs_user ON jobs (user_id, guild_id, seq);
CREATE INDEX jobs_parent ON jobs (parent_job_id) WHERE parent_job_id IS NOT NULL;

-- Whose turn it is. Both numbers are kept by the triggers below, so that a claim looks at the users
-- who wait and at nothing else: `queued` counts the user's queued jobs, `last_turn` is the number of
-- the user's latest claim. `since_ms` orders the users that have the same number.
CREATE TABLE turns (
    user_id    INTEGER PRIMARY KEY,
    queued     INTEGER NOT NULL DEFAULT 0 CHECK (queued >= 0),
    last_turn  INTEGER NOT NULL DEFAULT 0,
    since_ms   INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE INDEX turns_waiting ON turns (last_turn, since_ms, user_id, queued) WHERE queued > 0;
CREATE INDEX turns_latest ON turns (last_turn);

CREATE TRIGGER jobs_inserted AFTER INSERT ON jobs WHEN NEW.state = 'queued' BEGIN
    INSERT INTO turns (user_id, queued, since_ms) VALUES (NEW.user_id, 1, NEW.created_ms)
    ON CONFLICT (user_id) DO UPDATE SET
        since_ms = CASE WHEN queued = 0 THEN NEW.created_ms ELSE since_ms END,
        queued = queued + 1;
END;

CREATE TRIGGER jobs_left_queue AFTER UPDATE OF state ON jobs
WHEN OLD.state = 'queued' AND NEW.state <> 'queued' BEGIN
    UPDATE turns SET
        queued = queued - 1,
        last_turn = CASE NEW.state
            WHEN 'running' THEN (SELECT max(last_turn) + 1 FROM turns) ELSE last_turn END
    WHERE user_id = NEW.user_id;
END;

CREATE TRIGGER jobs_back_in_queue AFTER UPDATE OF state ON jobs
WHEN OLD.state <> 'queued' AND NEW.state = 'queued' BEGIN
    INSERT INTO turns (user_id, queued, since_ms) VALUES (NEW.user_id, 1, NEW.created_ms)
    ON CONFLICT (user_id) DO UPDATE SET
        since_ms = CASE WHEN queued = 0 THEN NEW.created_ms ELSE since_ms END,
        queued = queued + 1;
END;

CREATE TRIGGER jobs_deleted AFTER DELETE ON jobs WHEN OLD.state = 'queued' BEGIN
    UPDATE turns SET queued = queued - 1 WHERE user_id = OLD.user_id;
END;

CREATE TABLE pictures (
    job_id      TEXT PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    size_bytes  INTEGER NOT NULL,
    width_px    INTEGER NOT NULL,
    height_px   INTEGER NOT NULL,
    card_id     TEXT NOT NULL,
    rating      TEXT NOT NULL REFERENCES ratings (rating),
    scores      TEXT NOT NULL,
    created_ms  INTEGER NOT NULL,
    -- Set when the picture was deleted: the file is gone, the row keeps its votes' meaning.
    deleted_ms  INTEGER
) STRICT;

CREATE INDEX pictures_user ON pictures (user_id, created_ms);
CREATE INDEX pictures_guild ON pictures (guild_id, created_ms);
CREATE INDEX pictures_file ON pictures (sha256);

CREATE TABLE posts (
    message_id  INTEGER PRIMARY KEY,
    job_id      TEXT NOT NULL REFERENCES pictures (job_id) ON DELETE CASCADE,
    channel_id  INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL,
    -- 'delivery' is the one post that a job is owed; 'show' brings a picture back.
    kind        TEXT NOT NULL CHECK (kind IN ('delivery', 'show')),
    posted_ms   INTEGER NOT NULL,
    -- What means up and down under this message, whatever the server chooses later.
    up_emoji    TEXT NOT NULL,
    down_emoji  TEXT NOT NULL,
    -- Both vote reactions stand under the message.
    seeded      INTEGER NOT NULL DEFAULT 0 CHECK (seeded IN (0, 1)),
    -- Who reacted there was read. It is another debt than seeding: a crowd must not hold up that.
    settled     INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
    -- The message is gone from Discord.
    deleted_ms  INTEGER
) STRICT;

CREATE UNIQUE INDEX posts_one_delivery ON posts (job_id) WHERE kind = 'delivery';
CREATE INDEX posts_job ON posts (job_id);
CREATE INDEX posts_unseeded ON posts (posted_ms) WHERE seeded = 0 AND deleted_ms IS NULL;
-- Each channel's newest debt is found without reading everybody else's.
CREATE INDEX posts_unsettled ON posts (channel_id, posted_ms)
    WHERE settled = 0 AND deleted_ms IS NULL;

-- The ledger: what was seen, in the order it was seen, never changed. A row leaves only when its
-- voter or the picture's owner asks to be forgotten.
CREATE TABLE vote_events (
    id          INTEGER PRIMARY KEY,
    message_id  INTEGER NOT NULL,
    job_id      TEXT NOT NULL,
    voter_id    INTEGER NOT NULL,
    axis        TEXT NOT NULL REFERENCES axes (axis),
    emoji       TEXT NOT NULL,
    -- A super reaction, which stands beside a plain one with the same emoji.
    burst       INTEGER NOT NULL DEFAULT 0 CHECK (burst IN (0, 1)),
    value       INTEGER NOT NULL CHECK (value IN (-1, 1)),
    added       INTEGER NOT NULL CHECK (added IN (0, 1)),
    self_vote   INTEGER NOT NULL CHECK (self_vote IN (0, 1)),
    source      TEXT NOT NULL CHECK (source IN ('gateway', 'reconciled')),
    at_ms       INTEGER NOT NULL
) STRICT;

-- Every index slows the recording, so there is no other: a picture's events are found by its posts.
CREATE INDEX vote_events_message ON vote_events (message_id);
CREATE INDEX vote_events_voter ON vote_events (voter_id);

-- Which vote reactions stand on Discord now, as far as the ledger knows: the latest event of each
-- (message, voter, emoji, burst) that was an add.
CREATE TABLE standing_reactions (
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

CREATE INDEX standing_reactions_voter ON standing_reactions (voter_id, job_id);

-- One current vote for each voter, picture and axis: the value of the latest standing reaction.
CREATE TABLE votes (
    job_id     TEXT NOT NULL,
    axis       TEXT NOT NULL REFERENCES axes (axis),
    voter_id   INTEGER NOT NULL,
    value      INTEGER NOT NULL CHECK (value IN (-1, 1)),
    self_vote  INTEGER NOT NULL CHECK (self_vote IN (0, 1)),
    at_ms      INTEGER NOT NULL,
    PRIMARY KEY (job_id, axis, voter_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX votes_voter ON votes (voter_id);

-- What is left of the votes of people who asked to be forgotten.
CREATE TABLE nameless_tallies (
    job_id  TEXT NOT NULL,
    axis    TEXT NOT NULL REFERENCES axes (axis),
    up      INTEGER NOT NULL DEFAULT 0,
    down    INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, axis)
) STRICT, WITHOUT ROWID;

-- Which (picture, voter) pairs are in a nameless tally: a keyed hash, so that a reaction which
-- still stands on Discord is not counted twice and its voter is not written down again.
CREATE TABLE nameless_marks (
    mark    BLOB PRIMARY KEY,
    job_id  TEXT NOT NULL,
    axis    TEXT NOT NULL REFERENCES axes (axis),
    value   INTEGER NOT NULL CHECK (value IN (-1, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX nameless_marks_job ON nameless_marks (job_id);

-- The key of those hashes, made once for each installation.
CREATE TABLE mark_key (
    only_row  INTEGER PRIMARY KEY CHECK (only_row = 1),
    key       BLOB NOT NULL
) STRICT;

INSERT INTO mark_key VALUES (1, randomblob(32));

CREATE TABLE guilds (
    guild_id    INTEGER PRIMARY KEY,
    up_emoji    TEXT NOT NULL,
    down_emoji  TEXT NOT NULL
) STRICT;

CREATE TABLE blocked_terms (
    guild_id    INTEGER NOT NULL,
    term        TEXT NOT NULL,
    reason      TEXT NOT NULL,
    added_by    INTEGER,
    added_ms    INTEGER NOT NULL,
    PRIMARY KEY (guild_id, term)
) STRICT, WITHOUT ROWID;

CREATE TABLE channel_switches (
    guild_id    INTEGER NOT NULL,
    channel_id  INTEGER NOT NULL,
    enabled     INTEGER NOT NULL CHECK (enabled IN (0, 1)),
    PRIMARY KEY (guild_id, channel_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_log (
    id        INTEGER PRIMARY KEY,
    guild_id  INTEGER NOT NULL,
    -- NULL once the actor asked to be forgotten.
    actor_id  INTEGER,
    action    TEXT NOT NULL,
    detail    TEXT NOT NULL,
    at_ms     INTEGER NOT NULL
) STRICT;

CREATE INDEX audit_log_guild ON audit_log (guild_id, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id);

CREATE TABLE acceptances (
    user_id         INTEGER NOT NULL,
    licence_sha256  TEXT NOT NULL,
    card_id         TEXT NOT NULL,
    at_ms           INTEGER NOT NULL,
    PRIMARY KEY (user_id, licence_sha256)
) STRICT, WITHOUT ROWID;

-- Whether prompts may go into the training export; no row means no.
CREATE TABLE sharing (
    user_id         INTEGER PRIMARY KEY,
    share_prompts   INTEGER NOT NULL CHECK (share_prompts IN (0, 1)),
    at_ms           INTEGER NOT NULL
) STRICT;

-- Requests that wait for their user to accept the licence; `ask` is JSON.
CREATE TABLE waiting_asks (
    id          TEXT PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL,
    ask         TEXT NOT NULL,
    created_ms  INTEGER NOT NULL
) STRICT;

CREATE INDEX waiting_asks_user ON waiting_asks (user_id);

-- Files that a committed transaction left without a row; removed from disk after the commit and,
-- should the process die in between, at the next start.
CREATE TABLE doomed_files (
    sha256  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- Messages that are to go from Discord (their picture was deleted, or their user is forgotten),
-- written down in the transaction that decided it, so that a crash or an outage forgets none.
CREATE TABLE doomed_messages (
    message_id  INTEGER PRIMARY KEY,
    channel_id  INTEGER NOT NULL,
    guild_id    INTEGER NOT NULL
) STRICT;

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
