-- A job may name the model that it is to be drawn with; the queue is claimed by it. The draw says it
-- already, so the column only shows it. A draw that cannot be read names none, and is claimed and
-- ended as before.
ALTER TABLE jobs ADD COLUMN model TEXT GENERATED ALWAYS AS
    (CASE WHEN json_valid(draw) THEN draw ->> '$.model' END) VIRTUAL;
