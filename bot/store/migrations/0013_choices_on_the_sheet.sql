-- The contact sheet counts choices too: where there are no thumbs, a picture that was chosen beside
-- others in a grid or a duel is "chosen", and one that stood there and never was is "passed over".

DROP VIEW contact_sheet;
CREATE VIEW contact_sheet AS
SELECT picture, stamp, caption, prompt, up, down, chosen, offered,
       CASE WHEN up > down THEN 'liked' WHEN up < down THEN 'disliked'
            WHEN up > 0 THEN 'undecided' WHEN chosen > 0 THEN 'chosen'
            WHEN offered > 0 THEN 'passed over' ELSE 'none' END AS votes,
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
               ifnull(told.chosen, 0) AS chosen,
               ifnull(told.offered, 0) AS offered,
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
          -- Every choice, once for each picture that stood to choose; a skip says nothing of either.
          LEFT JOIN (SELECT job_id, sum(won) AS chosen, count(*) AS offered
                       FROM (SELECT post_pictures.job_id, choices.place = post_pictures.place AS won
                               FROM choices
                               JOIN posts ON owed_post_id = about
                               JOIN post_pictures ON post_pictures.message_id = posts.message_id
                              WHERE axis = 'pick' AND NOT self_vote
                             UNION ALL
                             SELECT left_job, place = 1 FROM choices JOIN duels ON duels.id = about
                              WHERE axis = 'duel' AND NOT self_vote AND place > 0
                             UNION ALL
                             SELECT right_job, place = 2 FROM choices JOIN duels ON duels.id = about
                              WHERE axis = 'duel' AND NOT self_vote AND place > 0)
                      GROUP BY job_id) AS told ON told.job_id = pictures.job_id
         WHERE pictures.deleted_ms IS NULL AND jobs.state <> 'held'
           AND (SELECT layout FROM requests WHERE requests.id = request_id) <> 'private')
 -- As one piece: SQLite 3.40 counts no tag where the page's query and the view are made one.
 LIMIT -1;
