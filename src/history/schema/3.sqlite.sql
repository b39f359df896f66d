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

-- The words of messages. The index keeps no texts of its own; accents count, as in PostgreSQL.
CREATE VIRTUAL TABLE message_text USING fts5 (text, content = 'message', content_rowid = 'n', columnsize = 0, tokenize = 'unicode61 remove_diacritics 0');
INSERT INTO message_text (rowid, text) SELECT n, text FROM message WHERE text IS NOT NULL AND text <> '';
CREATE TRIGGER message_text_new AFTER INSERT ON message WHEN new.text IS NOT NULL AND new.text <> '' BEGIN
    INSERT INTO message_text (rowid, text) VALUES (new.n, new.text);
END;
CREATE TRIGGER message_text_gone AFTER DELETE ON message WHEN old.text IS NOT NULL AND old.text <> '' BEGIN
    INSERT INTO message_text (message_text, rowid, text) VALUES ('delete', old.n, old.text);
END;
CREATE TRIGGER message_text_other AFTER UPDATE OF text ON message WHEN old.text IS NOT new.text BEGIN
    INSERT INTO message_text (message_text, rowid, text) SELECT 'delete', old.n, old.text WHERE old.text IS NOT NULL AND old.text <> '';
    INSERT INTO message_text (rowid, text) SELECT new.n, new.text WHERE new.text IS NOT NULL AND new.text <> '';
END;
