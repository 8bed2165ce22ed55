-- What members type is kept for them: drafts, presets, and the styles that moderators make.

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
