-- Which model is asked of, and how it came to be: every promotion and rollback, every blind test of a
-- candidate. Rows are added and never changed; only a name is taken out when somebody is forgotten.

INSERT INTO request_kinds VALUES ('trial');
INSERT INTO layouts VALUES ('duel');

CREATE TABLE lineage_deeds (
    deed  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO lineage_deeds VALUES ('begin'), ('promote'), ('rollback');

-- The newest row says which card is asked of.
CREATE TABLE lineage (
    seq             INTEGER PRIMARY KEY,
    deed            TEXT NOT NULL REFERENCES lineage_deeds (deed),
    card_id         TEXT NOT NULL,
    -- The card that was asked of until then; NULL: none.
    before_id       TEXT,
    -- What the setting MODEL named then; another one begins anew.
    named           TEXT NOT NULL,
    licence_sha256  TEXT NOT NULL,
    -- The fingerprint of the files that the gate passed; NULL of a card that MODEL named.
    files_sha256    TEXT,
    why             TEXT NOT NULL,
    -- Who did it; NULL: the bot by itself, or somebody who asked to be forgotten.
    by_id           INTEGER,
    at_ms           INTEGER NOT NULL,
    CHECK (deed <> 'promote' OR (files_sha256 IS NOT NULL AND before_id IS NOT NULL)),
    CHECK (deed <> 'rollback' OR before_id IS NOT NULL)
) STRICT;

CREATE TRIGGER lineage_is_not_changed
    BEFORE UPDATE OF seq, deed, card_id, before_id, named, licence_sha256, files_sha256, why, at_ms
    ON lineage BEGIN SELECT RAISE(ABORT, 'the lineage is not changed'); END;
CREATE TRIGGER lineage_is_kept
    BEFORE DELETE ON lineage BEGIN SELECT RAISE(ABORT, 'the lineage is kept'); END;

-- Blind tests of a candidate against its parent, in one server.
CREATE TABLE trials (
    id         TEXT PRIMARY KEY,
    guild_id   INTEGER NOT NULL,
    candidate  TEXT NOT NULL,
    parent     TEXT NOT NULL,
    -- Of the requests that are drawn by both.
    share      REAL NOT NULL CHECK (share > 0 AND share <= 1),
    -- Duels after which a candidate that has not won has lost.
    most       INTEGER NOT NULL CHECK (most > 0),
    by_id      INTEGER,
    begun_ms   INTEGER NOT NULL,
    CHECK (candidate <> parent)
) STRICT;

CREATE TRIGGER trials_are_not_changed
    BEFORE UPDATE OF id, guild_id, candidate, parent, share, most, begun_ms
    ON trials BEGIN SELECT RAISE(ABORT, 'a trial is not changed'); END;

CREATE TABLE trial_outcomes (
    outcome  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO trial_outcomes VALUES ('candidate'), ('parent'), ('stopped');

CREATE TABLE trial_ends (
    trial_id  TEXT PRIMARY KEY REFERENCES trials (id),
    outcome   TEXT NOT NULL REFERENCES trial_outcomes (outcome),
    by_id     INTEGER,
    at_ms     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER trial_ends_are_not_changed
    BEFORE UPDATE OF trial_id, outcome, at_ms
    ON trial_ends BEGIN SELECT RAISE(ABORT, 'a trial is not changed'); END;

-- A request that both models draw once more for the test; it goes with its member's rows.
CREATE TABLE trial_pairs (
    request_id     TEXT PRIMARY KEY REFERENCES requests (id) ON DELETE CASCADE,
    trial_id       TEXT NOT NULL REFERENCES trials (id),
    candidate_job  TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    parent_job     TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    -- The id that its duel has, or will have.
    duel_id        TEXT NOT NULL UNIQUE,
    -- The candidate's picture stands left; nobody is told before they have chosen.
    candidate_left INTEGER NOT NULL CHECK (candidate_left IN (0, 1)),
    -- There is a duel, or there will be none.
    settled        INTEGER NOT NULL DEFAULT 0 CHECK (settled IN (0, 1))
) STRICT, WITHOUT ROWID;

CREATE INDEX trial_pairs_open ON trial_pairs (trial_id) WHERE settled = 0;
CREATE INDEX trial_pairs_candidate ON trial_pairs (candidate_job);
CREATE INDEX trial_pairs_parent ON trial_pairs (parent_job);

-- What each duel decided, in the order in which it did: the evidence cannot be told anew.
CREATE TABLE trial_steps (
    trial_id  TEXT NOT NULL REFERENCES trials (id),
    number    INTEGER NOT NULL CHECK (number > 0),
    duel_id   TEXT NOT NULL UNIQUE,
    win       INTEGER NOT NULL CHECK (win IN (0, 1)),
    e_value   REAL NOT NULL,
    at_ms     INTEGER NOT NULL,
    PRIMARY KEY (trial_id, number)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER trial_steps_are_not_changed
    BEFORE UPDATE ON trial_steps BEGIN SELECT RAISE(ABORT, 'a step is not changed'); END;
CREATE TRIGGER trial_steps_are_kept
    BEFORE DELETE ON trial_steps BEGIN SELECT RAISE(ABORT, 'a step is kept'); END;

-- How many members were ever forgotten: what was exported for a training before is stale after.
ALTER TABLE installation ADD COLUMN forgotten INTEGER NOT NULL DEFAULT 0;
