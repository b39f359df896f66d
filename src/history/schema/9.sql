-- Of which mode what is written down was at that moment: whoever a simulator plays can become somebody who is meant. Of an entry also 'none': it
-- tells of a contact whom nobody knows any more, and is told to nobody.
ALTER TABLE entry ADD COLUMN mode TEXT NOT NULL DEFAULT 'live';
ALTER TABLE happening ADD COLUMN mode TEXT NOT NULL DEFAULT 'live';
ALTER TABLE audit ADD COLUMN mode TEXT NOT NULL DEFAULT 'live';
UPDATE entry SET mode = 'test' WHERE contact IN
    (SELECT c.id FROM contact c LEFT JOIN contact t ON t.id = c.target WHERE COALESCE(t.mode, c.mode) = 'test');
UPDATE happening SET mode = 'test' WHERE contact IN (SELECT id FROM contact WHERE mode = 'test');
UPDATE audit SET mode = 'test' WHERE key IN (SELECT id FROM api_key WHERE mode = 'test');
CREATE INDEX audit_mode ON audit (mode, at, id);
