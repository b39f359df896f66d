-- Attributes are looked up by their contact; an index over their texts has no use, and in PostgreSQL a long one does not fit into it.
DROP INDEX contact_attribute_text;

-- What is looked for among much that is something else.
CREATE INDEX message_waits ON message (at) WHERE status IN ('queued', 'unsure');
CREATE INDEX run_key ON run USING hash (key) WHERE key IS NOT NULL;
CREATE INDEX entry_unread ON entry (at) WHERE kind = 'unread';

-- A name may be long: a hash has room for any, and it is only ever asked for as a whole.
DROP INDEX contact_name;
CREATE INDEX contact_name ON contact USING hash (name);

-- What a row of an import said, as a hash: under the same name only the same file goes on.
ALTER TABLE import_row ADD COLUMN mark BIGINT;
