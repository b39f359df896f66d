CREATE TABLE IF NOT EXISTS entry (
    shard BIGINT NOT NULL, time BIGINT NOT NULL, number BIGINT NOT NULL,
    at BIGINT NOT NULL, contact TEXT, kind TEXT NOT NULL, body BYTEA NOT NULL,
    PRIMARY KEY (shard, time, number)
){compact};
CREATE INDEX IF NOT EXISTS entry_at ON entry (at);
CREATE INDEX IF NOT EXISTS entry_contact ON entry (contact, at) WHERE contact IS NOT NULL;
