-- Runs by their id alone, and those under way by what they are counted by.
CREATE INDEX run_id ON run (id);
DROP INDEX run_live;
CREATE INDEX run_live ON run (flow, mode, state) WHERE ended_at IS NULL;

-- What is rare is found among what is not: the query names the same constant.
CREATE INDEX run_test ON run (started_at) WHERE mode = 'test';
CREATE INDEX message_test ON message (at) WHERE mode = 'test';
CREATE INDEX message_failed ON message (at) WHERE status = 'failed';

-- The counters of `figure` without what runs have in common, and those of whole flows in the order in which they are grouped.
CREATE TABLE figure_total (
    flow TEXT NOT NULL, mode TEXT NOT NULL, state TEXT NOT NULL, what TEXT NOT NULL, bucket TEXT NOT NULL, n BIGINT NOT NULL,
    PRIMARY KEY (flow, mode, state, what, bucket)
){compact};
CREATE INDEX figure_whole ON figure (flow, mode, day, channel, language, version, arm, what, bucket, n) WHERE state = '';

-- The words of messages, of no language in particular.
CREATE INDEX message_words ON message USING gin (to_tsvector('simple', coalesce(text, '')));
