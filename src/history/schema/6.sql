-- A contact that became part of another keeps a row of its own, which says no more than which one: mode 'moved', target that one, which leads nowhere
-- further. When that one is deleted the row stays as 'gone' for a while: what comes late of the contact is not kept.
ALTER TABLE contact ADD COLUMN target TEXT;
CREATE INDEX contact_target ON contact (target) WHERE target IS NOT NULL;
