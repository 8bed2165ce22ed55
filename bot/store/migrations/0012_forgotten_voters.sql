-- A vote that is read back from Discord may be older than its voter's wish to be forgotten.

-- How many members had been forgotten when the latest whole reading of its reactions began; 0 before
-- the first. NULL where several pictures are shown, for reactions are no votes there.
ALTER TABLE posts ADD COLUMN read_after INTEGER DEFAULT 0;
UPDATE posts SET read_after = NULL
 WHERE (SELECT count(*) FROM post_pictures
         WHERE post_pictures.message_id = posts.message_id) > 1;
CREATE INDEX posts_read_after ON posts (read_after)
    WHERE read_after IS NOT NULL AND deleted_ms IS NULL;

-- Who was forgotten, until every post that they may have reacted to has been read.
CREATE TABLE nameless_voters (
    -- A keyed hash of the member, as in nameless_exclusions.
    mark      BLOB PRIMARY KEY,
    -- As which of all members they were forgotten: the clock may step back, this does not.
    number    INTEGER NOT NULL,
    -- When they asked for it; 0 if it is not known.
    asked_ms  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
