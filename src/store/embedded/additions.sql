-- What came after the first release of the layout: made at each opening where it is missing. A release that does not know it leaves it alone.
-- Requests that take effect once: who works on one until when, its answer if it is done, when it is forgotten.
CREATE TABLE IF NOT EXISTS request (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, print BLOB NOT NULL, who INTEGER NOT NULL, until INTEGER NOT NULL,
    forget INTEGER NOT NULL, answer BLOB
);
CREATE INDEX IF NOT EXISTS request_forget ON request (forget);
-- How many there are: counting them each time would take longer than all else. Kept by the file itself, so that no release forgets it.
CREATE TABLE IF NOT EXISTS request_count (one INTEGER PRIMARY KEY CHECK (one = 1), n INTEGER NOT NULL);
INSERT OR IGNORE INTO request_count SELECT 1, count(*) FROM request;
CREATE TRIGGER IF NOT EXISTS request_added AFTER INSERT ON request BEGIN UPDATE request_count SET n = n + 1; END;
CREATE TRIGGER IF NOT EXISTS request_gone AFTER DELETE ON request BEGIN UPDATE request_count SET n = n - 1; END;
-- Publications of flows, the last of each name. A release that does not know them publishes into `current` alone.
CREATE TABLE IF NOT EXISTS publication (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT NOT NULL, number INTEGER NOT NULL, version INTEGER NOT NULL, body BLOB NOT NULL,
    UNIQUE (name, number)
);
-- Where people opted out whose contacts were deleted: a keyed hash of an address, and the kinds of channel.
CREATE TABLE IF NOT EXISTS suppressed (hash TEXT PRIMARY KEY, stop INTEGER NOT NULL) WITHOUT ROWID;
-- The suppression list: a keyed hash of an address, and what is said of it, by the number of its last change; and how far it has come.
CREATE TABLE IF NOT EXISTS listed (address TEXT PRIMARY KEY, number INTEGER NOT NULL UNIQUE, body BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS list_mark (one INTEGER PRIMARY KEY CHECK (one = 1), number INTEGER NOT NULL, n INTEGER NOT NULL);
INSERT OR IGNORE INTO list_mark SELECT 1, coalesce(max(number), 0), count(*) FROM listed;
CREATE TRIGGER IF NOT EXISTS listed_added AFTER INSERT ON listed BEGIN UPDATE list_mark SET n = n + 1; END;
CREATE TRIGGER IF NOT EXISTS listed_gone AFTER DELETE ON listed BEGIN UPDATE list_mark SET n = n - 1; END;
-- Into whom a contact is being moved (flag 2).
CREATE TABLE IF NOT EXISTS moving (contact TEXT PRIMARY KEY, target TEXT NOT NULL) WITHOUT ROWID;
-- Stubs that lead to a contact who was deleted, and since when: they go when all that was seen is forgotten.
CREATE TABLE IF NOT EXISTS fading (contact TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
-- What channels with a cap send in a day, by the hour.
CREATE TABLE IF NOT EXISTS spent (channel TEXT NOT NULL, hour INTEGER NOT NULL, n INTEGER NOT NULL, PRIMARY KEY (channel, hour)) WITHOUT ROWID;
-- What holds channels back: `KIND:CHANNEL`.
CREATE TABLE IF NOT EXISTS held (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
-- When the messages that went to a contact are paid back, where those to one contact are counted.
CREATE TABLE IF NOT EXISTS paced (contact TEXT PRIMARY KEY, paid INTEGER NOT NULL) WITHOUT ROWID;
-- What keeps it from being used: `left`, it was moved into another store; `arriving`, another one is being moved into it.
CREATE TABLE IF NOT EXISTS mark (name TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;
-- The time in the places of the journal: 0, until another store was moved into this one or a backup was put back. Who remembers places of that
-- one takes what comes here for new.
CREATE TABLE IF NOT EXISTS journal_base (one INTEGER PRIMARY KEY CHECK (one = 1), time INTEGER NOT NULL);
INSERT OR IGNORE INTO journal_base VALUES (1, 0);
-- What failed is named beside its contact: one event may concern several. What an older release wrote is named anew.
UPDATE failed SET id = contact || id WHERE lane IS NULL AND length(id) = 16;
