-- What operators are told: how urgent it is, and which team is named. Such rows are few among many. In what is said a quotation mark has a backslash
-- before it, so that these patterns find nothing there.
ALTER TABLE happening ADD COLUMN level TEXT;
ALTER TABLE happening ADD COLUMN team TEXT;
UPDATE happening SET level = substring(detail from '"level":"([a-z]+)"'), team = substring(detail from '"to":"([^"]+)"') WHERE kind = 'alert.raised';
CREATE INDEX happening_alert ON happening (mode, at, contact, token, idx) WHERE kind = 'alert.raised';
