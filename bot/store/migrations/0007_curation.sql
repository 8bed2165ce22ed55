-- What the operator makes of pictures before a model learns from them, and the page that shows them.

CREATE TABLE stamps (
    stamp  TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

INSERT INTO stamps VALUES ('approved'), ('rejected');

CREATE TABLE curations (
    job_id   TEXT PRIMARY KEY REFERENCES pictures (job_id) ON DELETE CASCADE,
    stamp    TEXT REFERENCES stamps (stamp),
    -- The operator's words, which stand for the prompt.
    caption  TEXT,
    at_ms    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What `python -m bot curate` shows, and all that it shows: no member, and no prompt that its member
-- does not share. Whoever changes a table that it reads drops it first and makes it anew.
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
         WHERE pictures.deleted_ms IS NULL AND jobs.state <> 'held')
 -- As one piece: SQLite 3.40 counts no tag where the page's query and the view are made one.
 LIMIT -1;
