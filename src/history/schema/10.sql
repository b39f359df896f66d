-- The counters of `figure` by day and without what else runs have in common: the figures of a month are few rows.
CREATE TABLE figure_day (
    flow TEXT NOT NULL, mode TEXT NOT NULL, day TEXT NOT NULL, state TEXT NOT NULL, what TEXT NOT NULL, bucket TEXT NOT NULL, n BIGINT NOT NULL,
    PRIMARY KEY (flow, mode, day, state, what, bucket)
){compact};
INSERT INTO figure_day (flow, mode, day, state, what, bucket, n)
    SELECT flow, mode, day, state, what, bucket, CAST(SUM(n) AS BIGINT) FROM figure GROUP BY flow, mode, day, state, what, bucket;
-- Those under way are counted by the day on which they began, too.
DROP INDEX run_live;
CREATE INDEX run_live ON run (flow, mode, state, day, ended_at) WHERE ended_at IS NULL;
