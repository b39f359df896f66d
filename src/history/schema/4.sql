-- The broadcast that began a run, on the run and on every message of it, in both directions; and what a broadcast began nothing with, and why.
ALTER TABLE run ADD COLUMN broadcast TEXT;
ALTER TABLE message ADD COLUMN broadcast TEXT;
ALTER TABLE happening ADD COLUMN broadcast TEXT;
ALTER TABLE happening ADD COLUMN reason TEXT;
CREATE INDEX run_broadcast ON run (broadcast, started_at) WHERE broadcast IS NOT NULL;
CREATE INDEX message_broadcast ON message (broadcast, at) WHERE broadcast IS NOT NULL;
CREATE INDEX happening_broadcast ON happening (broadcast, reason, at) WHERE broadcast IS NOT NULL;
