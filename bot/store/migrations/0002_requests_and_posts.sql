-- A request has a kind and a layout and owes posts; a post shows the pictures of its request.
--
-- Tables are made anew under another name, filled, and take the old ones' places: while foreign keys
-- are on, SQLite adds no column that both refers to a table and may not be NULL. The children go
-- first, or dropping a parent would take them along.

CREATE TABLE request_kinds (
    kind  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO request_kinds SELECT origin FROM origins;

CREATE TABLE layouts (
    layout  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO layouts VALUES ('single');

CREATE TABLE new_requests (
    id                 TEXT PRIMARY KEY,
    kind               TEXT NOT NULL REFERENCES request_kinds (kind),
    layout             TEXT NOT NULL REFERENCES layouts (layout),
    user_id            INTEGER NOT NULL,
    guild_id           INTEGER NOT NULL,
    -- Where its posts go.
    channel_id         INTEGER NOT NULL,
    -- The picture under which it was asked for, if a button was pressed.
    parent_job_id      TEXT,
    -- The message that tells how the request is doing; NULL until Discord has told its id, and
    -- again once it is gone.
    status_message_id  INTEGER,
    status_closed      INTEGER NOT NULL DEFAULT 0 CHECK (status_closed IN (0, 1)),
    created_ms         INTEGER NOT NULL,
    -- A snowflake of Discord's own that is older than every message of the request: a search for
    -- one of them starts there, whatever our clock says. It is the id of the interaction that asked.
    since_id           INTEGER NOT NULL DEFAULT 0
) STRICT;

-- All jobs of a request had the same origin and parent: they were the request's.
INSERT INTO new_requests
SELECT id,
       ifnull((SELECT origin FROM jobs WHERE request_id = requests.id ORDER BY seq LIMIT 1), 'command'),
       'single', user_id, guild_id, channel_id,
       (SELECT parent_job_id FROM jobs WHERE request_id = requests.id ORDER BY seq LIMIT 1),
       status_message_id, status_closed, created_ms, since_id
  FROM requests;

-- The posts that a request owes, one row for each message, written with its jobs. It stays when the
-- post is made, so that none is made twice: `posts.owed_post_id` is unique.
CREATE TABLE owed_posts (
    -- What the message is found by, and its nonce.
    id          TEXT PRIMARY KEY,
    request_id  TEXT NOT NULL REFERENCES new_requests (id) ON DELETE CASCADE,
    -- Set before the first POST, so that a restart knows to look for the message.
    posting_ms  INTEGER
) STRICT;

INSERT INTO owed_posts SELECT id, request_id, posting_ms FROM jobs;

CREATE TABLE new_jobs (
    -- The order of asking; the clock may step back, this does not.
    seq            INTEGER PRIMARY KEY,
    id             TEXT NOT NULL UNIQUE,
    request_id     TEXT NOT NULL REFERENCES new_requests (id) ON DELETE CASCADE,
    -- The one post that its picture is delivered in; in the order of asking, it shows its pictures.
    owed_post_id   TEXT NOT NULL REFERENCES owed_posts (id) ON DELETE CASCADE,
    -- These three are the request's. They are repeated because the queue is searched by them: turns
    -- and caps by user and server, what is owed by channel.
    user_id        INTEGER NOT NULL,
    guild_id       INTEGER NOT NULL,
    channel_id     INTEGER NOT NULL,
    -- Everything that the picture is drawn by, as JSON with its version `v`; job_rows.py reads it.
    draw           TEXT NOT NULL,
    rating         TEXT NOT NULL REFERENCES ratings (rating),
    state          TEXT NOT NULL REFERENCES states (state),
    attempts       INTEGER NOT NULL DEFAULT 0,
    lease_owner    TEXT,
    lease_until_ms INTEGER,
    -- Not to be claimed or delivered before this time (a pause after a failed try).
    not_before_ms  INTEGER NOT NULL DEFAULT 0,
    error          TEXT,
    created_ms     INTEGER NOT NULL,
    ended_ms       INTEGER,
    CHECK ((state = 'running') = (lease_owner IS NOT NULL))
) STRICT;

-- Until now each picture was a post of its own.
INSERT INTO new_jobs
SELECT seq, id, request_id, id, user_id, guild_id, channel_id, draw, rating, state, attempts,
       lease_owner, lease_until_ms, not_before_ms, error, created_ms, ended_ms
  FROM jobs;

CREATE TABLE new_posts (
    message_id    INTEGER PRIMARY KEY,
    -- Whose pictures it shows.
    request_id    TEXT NOT NULL REFERENCES new_requests (id) ON DELETE CASCADE,
    -- The debt that it pays, and no other message does; NULL where pictures are shown once more.
    owed_post_id  TEXT UNIQUE REFERENCES owed_posts (id) ON DELETE CASCADE,
    channel_id    INTEGER NOT NULL,
    guild_id      INTEGER NOT NULL,
    posted_ms     INTEGER NOT NULL,
    -- What means up and down under this message, whatever the server chooses later.
    up_emoji      TEXT NOT NULL,
    down_emoji    TEXT NOT NULL,
    -- Both vote reactions stand under the message.
    seeded        INTEGER NOT NULL DEFAULT 0 CHECK (seeded IN (0, 1)),
    -- Who reacted there was read. It is another debt than seeding: a crowd must not hold up that.
    settled       INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1)),
    -- The message is gone from Discord.
    deleted_ms    INTEGER
) STRICT;

INSERT INTO new_posts
SELECT message_id, request_id, CASE kind WHEN 'delivery' THEN job_id END, posts.channel_id,
       posts.guild_id, posted_ms, up_emoji, down_emoji, seeded, settled, deleted_ms
  FROM posts JOIN jobs ON jobs.id = posts.job_id;

-- What a post shows, by place, counted from 1; a place without a row is a hole. The key's columns
-- come first: SQLite 3.40's integrity_check takes another order for a damage.
CREATE TABLE post_pictures (
    message_id  INTEGER NOT NULL REFERENCES new_posts (message_id) ON DELETE CASCADE,
    place       INTEGER NOT NULL CHECK (place > 0),
    job_id      TEXT NOT NULL REFERENCES pictures (job_id) ON DELETE CASCADE,
    PRIMARY KEY (message_id, place),
    UNIQUE (job_id, message_id)
) STRICT, WITHOUT ROWID;

INSERT INTO post_pictures
SELECT message_id, 1, job_id FROM posts WHERE message_id IN (SELECT message_id FROM new_posts);

DROP TABLE posts;
DROP TABLE jobs;
DROP TABLE requests;
DROP TABLE origins;
ALTER TABLE new_requests RENAME TO requests;
ALTER TABLE new_jobs RENAME TO jobs;
ALTER TABLE new_posts RENAME TO posts;

CREATE INDEX requests_open ON requests (created_ms) WHERE status_closed = 0;
CREATE INDEX requests_user ON requests (user_id);
CREATE INDEX requests_parent ON requests (parent_job_id) WHERE parent_job_id IS NOT NULL;

CREATE INDEX owed_posts_request ON owed_posts (request_id);

CREATE INDEX jobs_queued ON jobs (user_id, seq) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_until_ms) WHERE state = 'running';
-- Each channel's oldest owed posts are found without reading everybody else's.
CREATE INDEX jobs_rendered ON jobs (channel_id, seq, owed_post_id) WHERE state = 'rendered';
CREATE INDEX jobs_alive_guild ON jobs (guild_id, state)
    WHERE state IN ('queued', 'running', 'rendered');
CREATE INDEX jobs_alive_user ON jobs (user_id, guild_id)
    WHERE state IN ('queued', 'running', 'rendered');
CREATE INDEX jobs_request ON jobs (request_id);
CREATE INDEX jobs_owed_post ON jobs (owed_post_id);
CREATE INDEX jobs_user ON jobs (user_id, guild_id, seq);

CREATE INDEX posts_request ON posts (request_id);
CREATE INDEX posts_unseeded ON posts (posted_ms) WHERE seeded = 0 AND deleted_ms IS NULL;
-- Each channel's newest debt is found without reading everybody else's.
CREATE INDEX posts_unsettled ON posts (channel_id, posted_ms)
    WHERE settled = 0 AND deleted_ms IS NULL;

-- They went with the old table; `turns` is as it was.
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

-- An ask that waits for the licence is JSON and says its kind by the new name.
UPDATE waiting_asks
   SET ask = json_remove(json_set(ask, '$.kind', ask ->> 'origin'), '$.origin')
 WHERE json_valid(ask) AND ask ->> 'origin' IS NOT NULL;
