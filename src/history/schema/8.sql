-- What would have left for test contacts: nothing of it did. id: the effect's. headers: [[name, value]].
CREATE TABLE tried (
    id TEXT NOT NULL PRIMARY KEY, contact TEXT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL, method TEXT NOT NULL, host TEXT NOT NULL,
    path TEXT NOT NULL, headers TEXT NOT NULL, body TEXT NOT NULL, cut BIGINT NOT NULL, left_for TEXT NOT NULL
);
CREATE INDEX tried_at ON tried (at, id);
CREATE INDEX tried_contact ON tried (contact, at, id);
-- Test contacts by how long nothing happened.
CREATE INDEX contact_test ON contact (changed_at, id) WHERE mode = 'test' AND simulated = 0;
