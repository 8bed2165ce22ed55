-- What a server decides is one document with versions. A picture may be held for the moderators, who
-- decide cases; members get strikes and are excluded; every decision leaves a line without words.

INSERT INTO states VALUES ('held');

-- The words that a column may hold, as in the first step.
CREATE TABLE case_kinds (
    kind  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO case_kinds VALUES ('held'), ('report'), ('appeal');

CREATE TABLE decision_kinds (
    kind  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO decision_kinds VALUES ('admit'), ('release'), ('show'), ('moderation');

CREATE TABLE outcomes (
    outcome  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO outcomes VALUES ('allow'), ('spoiler'), ('hold'), ('refuse'), ('withhold'),
                            ('approve'), ('remove'), ('remove_and_time_out'), ('dismiss'),
                            ('uphold'), ('lapse');

-- What its words asked for when it was admitted, as bot.domain.Ruling counts; a refused one is none.
ALTER TABLE jobs ADD COLUMN ruling INTEGER NOT NULL DEFAULT 0 CHECK (ruling IN (0, 1, 2));

-- Ids of the rules that were let pass when it was admitted, as JSON: its member's roles are exempt, or
-- the moderators agreed with an appeal. It is shown by the same measure.
ALTER TABLE jobs ADD COLUMN excused TEXT NOT NULL DEFAULT '[]';

-- A held job is alive, but nothing waits for it: the caps leave it out.
DROP INDEX jobs_alive_guild;
DROP INDEX jobs_alive_user;
CREATE INDEX jobs_alive_guild ON jobs (guild_id, state)
    WHERE state IN ('queued', 'running', 'rendered', 'held');
CREATE INDEX jobs_alive_user ON jobs (user_id, guild_id)
    WHERE state IN ('queued', 'running', 'rendered', 'held');
-- How many pictures a member asked for since some time, and when last.
CREATE INDEX jobs_asked ON jobs (user_id, guild_id, created_ms);

ALTER TABLE pictures ADD COLUMN spoiler INTEGER NOT NULL DEFAULT 0 CHECK (spoiler IN (0, 1));
-- Set when a moderator removed the picture. It is deleted then as well, so whatever leaves out what
-- is deleted leaves it out.
ALTER TABLE pictures ADD COLUMN removed_ms INTEGER
    CHECK (removed_ms IS NULL OR deleted_ms IS NOT NULL);

-- A moderator put a picture of it behind a spoiler, and the message does not show that yet.
ALTER TABLE posts ADD COLUMN spoiler_owed INTEGER NOT NULL DEFAULT 0 CHECK (spoiler_owed IN (0, 1));

CREATE INDEX posts_spoiler_owed ON posts (posted_ms) WHERE spoiler_owed = 1 AND deleted_ms IS NULL;

-- The versions of each server's policy; the greatest one holds. A server without one has the
-- defaults. Old versions go, their lines in audit_log stay.
CREATE TABLE policies (
    guild_id           INTEGER NOT NULL,
    version            INTEGER NOT NULL CHECK (version > 0),
    -- The document as JSON; bot/policy/document.py reads it.
    body               TEXT NOT NULL,
    -- The document says them too; here what is owed to a channel is found by it.
    review_channel_id  INTEGER,
    log_channel_id     INTEGER,
    PRIMARY KEY (guild_id, version)
) STRICT, WITHOUT ROWID;

INSERT INTO policies (guild_id, version, body)
SELECT guild_id, 1, json_patch(
       (SELECT iif(count(*), json_object('blocked', json_group_array(
                   json_object('text', term, 'reason', reason))), '{}')
          FROM (SELECT term, reason FROM blocked_terms
                 WHERE blocked_terms.guild_id = servers.guild_id ORDER BY term)),
       (SELECT iif(count(*), json_object('channels', json_group_object(
                   cast(channel_id AS TEXT), json_object('enabled', json(iif(enabled, 'true', 'false'))))),
                   '{}')
          FROM (SELECT channel_id, enabled FROM channel_switches
                 WHERE channel_switches.guild_id = servers.guild_id ORDER BY channel_id)))
  FROM (SELECT guild_id FROM blocked_terms UNION SELECT guild_id FROM channel_switches) AS servers;

DROP TABLE blocked_terms;
DROP TABLE channel_switches;

-- The version of the policy that a change made; NULL where it made none.
ALTER TABLE audit_log ADD COLUMN version INTEGER;
-- The member whom it is about, if it is about one; NULL once that member asked to be forgotten.
ALTER TABLE audit_log ADD COLUMN user_id INTEGER;
-- It stands in the server's log channel, or there was none when it happened.
ALTER TABLE audit_log ADD COLUMN told INTEGER NOT NULL DEFAULT 1 CHECK (told IN (0, 1));

CREATE INDEX audit_log_user ON audit_log (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX audit_log_untold ON audit_log (guild_id, id) WHERE told = 0;

-- What the moderators of a server are to decide, once.
CREATE TABLE cases (
    -- What its message in the review channel is found by, and its nonce.
    id                 TEXT PRIMARY KEY,
    kind               TEXT NOT NULL REFERENCES case_kinds (kind),
    guild_id           INTEGER NOT NULL,
    -- Where the picture was asked for.
    channel_id         INTEGER NOT NULL,
    -- Whose picture or ask it is.
    user_id            INTEGER NOT NULL,
    -- The picture; NULL for an appeal, which has the refused ask as JSON instead.
    job_id             TEXT REFERENCES jobs (id) ON DELETE CASCADE,
    ask                TEXT,
    -- In words for the moderators.
    why                TEXT NOT NULL,
    -- Ids of rules, and scores by name, as JSON.
    rules              TEXT NOT NULL,
    scores             TEXT NOT NULL,
    opened_ms          INTEGER NOT NULL,
    -- The message in the review channel. It is owed for as long as it shows less than there is:
    -- `revision` counts what happened to the case, `shown` is the revision that the message shows.
    revision           INTEGER NOT NULL DEFAULT 1,
    shown              INTEGER NOT NULL DEFAULT 0 CHECK (shown <= revision),
    review_channel_id  INTEGER,
    -- NULL until Discord has told it.
    message_id         INTEGER,
    -- Set before the first POST, so that a restart knows to look for the message, and the snowflake
    -- of Discord's own to look from.
    posting_ms         INTEGER,
    since_id           INTEGER NOT NULL,
    decision           TEXT REFERENCES outcomes (outcome),
    -- NULL also if nobody decided it, or who did asked to be forgotten.
    actor_id           INTEGER,
    decided_ms         INTEGER,
    CHECK ((kind = 'appeal') = (job_id IS NULL)),
    CHECK ((kind = 'appeal') = (ask IS NOT NULL)),
    CHECK ((decision IS NULL) = (decided_ms IS NULL)),
    CHECK (actor_id IS NULL OR decision IS NOT NULL)
) STRICT;

CREATE UNIQUE INDEX cases_job ON cases (job_id, kind) WHERE job_id IS NOT NULL;
CREATE INDEX cases_open ON cases (guild_id, opened_ms) WHERE decision IS NULL;
CREATE INDEX cases_expiring ON cases (opened_ms) WHERE decision IS NULL;
CREATE INDEX cases_decided ON cases (decided_ms) WHERE decision IS NOT NULL;
CREATE INDEX cases_owed ON cases (opened_ms) WHERE shown < revision;
CREATE INDEX cases_message ON cases (message_id) WHERE message_id IS NOT NULL;
CREATE INDEX cases_user ON cases (user_id);
CREATE INDEX cases_actor ON cases (actor_id) WHERE actor_id IS NOT NULL;

-- Who reported a picture, and why; several reports share a case.
CREATE TABLE reports (
    id           INTEGER PRIMARY KEY,
    case_id      TEXT NOT NULL REFERENCES cases (id) ON DELETE CASCADE,
    -- NULL once the reporter asked to be forgotten.
    reporter_id  INTEGER,
    reason       TEXT NOT NULL,
    at_ms        INTEGER NOT NULL,
    UNIQUE (case_id, reporter_id)
) STRICT;

CREATE INDEX reports_reporter ON reports (reporter_id) WHERE reporter_id IS NOT NULL;

CREATE TABLE strikes (
    id          INTEGER PRIMARY KEY,
    guild_id    INTEGER NOT NULL,
    user_id     INTEGER NOT NULL,
    -- The rule that was broken.
    rule        TEXT NOT NULL,
    -- The picture or the refusal that it was for: one strike each.
    about       TEXT NOT NULL,
    at_ms       INTEGER NOT NULL,
    expires_ms  INTEGER NOT NULL,
    UNIQUE (user_id, guild_id, about)
) STRICT;

CREATE INDEX strikes_expiring ON strikes (expires_ms);

-- Members who may not ask, one row for each member and place.
CREATE TABLE exclusions (
    user_id   INTEGER NOT NULL,
    -- 0: everywhere.
    guild_id  INTEGER NOT NULL,
    -- The end of a time-out; NULL: a ban, until it is lifted.
    until_ms  INTEGER,
    -- In words for the member.
    reason    TEXT NOT NULL,
    -- NULL if nobody did it (strikes did), or who did asked to be forgotten.
    actor_id  INTEGER,
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (user_id, guild_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX exclusions_guild ON exclusions (guild_id, at_ms);
CREATE INDEX exclusions_ending ON exclusions (until_ms) WHERE until_ms IS NOT NULL;
CREATE INDEX exclusions_actor ON exclusions (actor_id) WHERE actor_id IS NOT NULL;

-- What is left of the exclusions of people who asked to be forgotten: whoever comes back is still
-- excluded, and is not written down. A keyed hash of the member, as in nameless_marks.
CREATE TABLE nameless_exclusions (
    mark      BLOB NOT NULL,
    guild_id  INTEGER NOT NULL,
    until_ms  INTEGER,
    PRIMARY KEY (mark, guild_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX nameless_exclusions_ending ON nameless_exclusions (until_ms)
    WHERE until_ms IS NOT NULL;

-- What policy and moderators decided, without a prompt and without a word of anybody.
CREATE TABLE decisions (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL REFERENCES decision_kinds (kind),
    outcome     TEXT NOT NULL REFERENCES outcomes (outcome),
    -- The id of a picture, a request, a case or a refusal; empty once its member is forgotten.
    about       TEXT NOT NULL,
    -- Ids of the rules that spoke, as JSON, and the layer that the strictest line came from.
    rules       TEXT NOT NULL,
    layer       TEXT NOT NULL,
    card_id     TEXT NOT NULL,
    guild_id    INTEGER NOT NULL,
    channel_id  INTEGER NOT NULL,
    -- NULL once the member asked to be forgotten.
    user_id     INTEGER,
    at_ms       INTEGER NOT NULL
) STRICT;

CREATE INDEX decisions_about ON decisions (about);
CREATE INDEX decisions_at ON decisions (at_ms);
CREATE INDEX decisions_user ON decisions (user_id) WHERE user_id IS NOT NULL;
