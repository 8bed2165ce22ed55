-- A post can show the pictures of a request side by side, and goes on without one that went.

INSERT INTO layouts VALUES ('grid');

-- A post shows a picture otherwise than it is to be shown now: one is gone, or goes behind a spoiler.
DROP INDEX posts_spoiler_owed;
ALTER TABLE posts RENAME COLUMN spoiler_owed TO amendment_owed;
CREATE INDEX posts_amendment_owed ON posts (posted_ms)
    WHERE amendment_owed = 1 AND deleted_ms IS NULL;
