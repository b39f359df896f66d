-- What operators are told: how urgent it is, and which team is named. Such rows are few among many.
ALTER TABLE happening ADD COLUMN level TEXT;
ALTER TABLE happening ADD COLUMN team TEXT;
UPDATE happening SET level = json_extract(detail, '$.level'), team = json_extract(detail, '$.to') WHERE kind = 'alert.raised';
CREATE INDEX happening_alert ON happening (mode, at, contact, token, idx) WHERE kind = 'alert.raised';
