-- An ask that waits until its user accepts a licence names it, and the channel of the terms: they
-- are shown once for all of them. Both are null where an ask waits for another press.
ALTER TABLE waiting_asks ADD COLUMN licence_sha256 TEXT;
ALTER TABLE waiting_asks ADD COLUMN channel_id INTEGER;
