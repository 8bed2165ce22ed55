-- What members type is kept for them: drafts, presets, and the styles that moderators make.

-- An answer that its member alone sees. Nobody owes a post of it: it is theirs to fetch once it is
-- kept, so that is its end, whichever way it came there.
INSERT INTO layouts VALUES ('private');

CREATE TRIGGER private_pictures_are_handed_over
    AFTER UPDATE OF state ON jobs
    WHEN NEW.state = 'rendered'
     AND (SELECT layout FROM requests WHERE id = NEW.request_id) = 'private'
    BEGIN
        UPDATE jobs SET state = 'delivered', ended_ms =
            ifnull((SELECT created_ms FROM pictures WHERE job_id = NEW.id), NEW.created_ms)
         WHERE id = NEW.id;
    END;

-- A curator sees no private picture.
DROP VIEW contact_sheet;
CREATE VIEW contact_sheet AS
SELECT picture, stamp, caption, prompt, up, down,
       CASE WHEN up > down THEN 'liked' WHEN up < down THEN 'disliked'
            WHEN up > 0 THEN 'undecided' ELSE 'none' END AS votes,
       model, server, rating, spoiler,
       -- Tags of a shared prompt as JSON, for a facet.
       iif(prompt IS NULL, '[]',
           replace(replace('[' || json_quote(prompt) || ']', ', ', ','), ',', '","')) AS tags,
       day, asked
  FROM (SELECT pictures.job_id AS picture,
               curations.stamp,
               curations.caption,
               CASE WHEN share_prompts AND json_valid(draw) THEN draw ->> '$.prompt' END AS prompt,
               (SELECT count(*) FROM votes WHERE votes.job_id = pictures.job_id
                   AND axis = 'taste' AND value = 1 AND NOT self_vote) AS up,
               (SELECT count(*) FROM votes WHERE votes.job_id = pictures.job_id
                   AND axis = 'taste' AND value = -1 AND NOT self_vote) AS down,
               pictures.card_id AS model,
               cast(pictures.guild_id AS TEXT) AS server,
               pictures.rating,
               pictures.spoiler,
               strftime('%Y-%m-%d', pictures.created_ms / 1000, 'unixepoch') AS day,
               jobs.seq AS asked
          FROM pictures
          JOIN jobs ON jobs.id = pictures.job_id
          LEFT JOIN sharing ON sharing.user_id = pictures.user_id
          LEFT JOIN curations ON curations.job_id = pictures.job_id
         WHERE pictures.deleted_ms IS NULL AND jobs.state <> 'held'
           AND (SELECT layout FROM requests WHERE requests.id = request_id) <> 'private')
 -- As one piece: SQLite 3.40 counts no tag where the page's query and the view are made one.
 LIMIT -1;

-- What was typed and not taken, to be changed and asked for again; its member's alone, for a while.
CREATE TABLE drafts (
    id          TEXT PRIMARY KEY,
    user_id     INTEGER NOT NULL,
    typed       TEXT NOT NULL CHECK (json_valid(typed)),
    created_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX drafts_user ON drafts (user_id, created_ms);
CREATE INDEX drafts_age ON drafts (created_ms);

CREATE TABLE presets (
    user_id   INTEGER NOT NULL,
    name      TEXT NOT NULL,
    typed     TEXT NOT NULL CHECK (json_valid(typed)),
    -- What others copy it by; NULL: it is not shared.
    code      TEXT UNIQUE,
    -- It goes with everything that its member asks for.
    in_use    INTEGER NOT NULL DEFAULT 0 CHECK (in_use IN (0, 1)),
    saved_ms  INTEGER NOT NULL,
    PRIMARY KEY (user_id, name)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX presets_in_use ON presets (user_id) WHERE in_use = 1;

CREATE TABLE styles (
    guild_id  INTEGER NOT NULL,
    name      TEXT NOT NULL,
    words     TEXT NOT NULL,
    negative  TEXT NOT NULL,
    -- NULL: a moderator who was forgotten.
    by_id     INTEGER,
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (guild_id, name)
) STRICT, WITHOUT ROWID;
