-- Attributes are looked up by their contact; an index over their texts has no use, and in PostgreSQL a long one does not fit into it.
DROP INDEX contact_attribute_text;

-- What is looked for among much that is something else.
CREATE INDEX message_waits ON message (at) WHERE status IN ('queued', 'unsure');
CREATE INDEX run_key ON run (key, started_at) WHERE key IS NOT NULL;
CREATE INDEX entry_unread ON entry (at) WHERE kind = 'unread';

-- Words of what was deleted do not stay in the index until it is merged.
INSERT INTO message_text (message_text, rank) VALUES ('secure-delete', 1);

-- What a row of an import said, as a hash: under the same name only the same file goes on.
ALTER TABLE import_row ADD COLUMN mark BIGINT;
