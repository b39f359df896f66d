-- The layout of the embedded store. Names and meanings are those of the Redis store: contact = r and a, seen = d, lane = w.
CREATE TABLE meta (layout INTEGER NOT NULL, secret BLOB NOT NULL);
-- flag: 0 open, 1 held (a call is pending), 2 moving, 3 alias (record = the other contact). leased: attend is the end of a
-- lease and not an alarm.
CREATE TABLE contact (
    id TEXT PRIMARY KEY, token INTEGER NOT NULL, flag INTEGER NOT NULL, tries INTEGER NOT NULL, claimer INTEGER NOT NULL,
    stop INTEGER NOT NULL, attend INTEGER, leased INTEGER NOT NULL, record BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX contact_attend ON contact (attend) WHERE attend IS NOT NULL;
-- class: 0 normal, 1 priority
CREATE TABLE mailbox (
    seq INTEGER PRIMARY KEY, contact TEXT NOT NULL, class INTEGER NOT NULL, id INTEGER NOT NULL, at INTEGER NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX mailbox_contact ON mailbox (contact, seq);
CREATE TABLE seen (contact TEXT NOT NULL, hash INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (contact, hash)) WITHOUT ROWID;
CREATE INDEX seen_at ON seen (at);
CREATE TABLE awaited (contact TEXT NOT NULL, effect TEXT NOT NULL, PRIMARY KEY (contact, effect)) WITHOUT ROWID;
-- Lanes that are not empty. id: the contact, then `:` and the effect that owns the lane. ticket: 0 when nobody may start it.
CREATE TABLE lane (
    id TEXT PRIMARY KEY, work TEXT NOT NULL, due INTEGER NOT NULL, leased INTEGER NOT NULL, ticket INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX lane_due ON lane (work, due);
-- state: q surely not sent, s begun, v begun and an earlier attempt may have arrived, u may have been sent
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY, lane TEXT NOT NULL, id TEXT NOT NULL, work TEXT NOT NULL, state TEXT NOT NULL,
    attempt INTEGER NOT NULL, who INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE INDEX outbox_lane ON outbox (lane, seq);
-- contact is only set for an overflow: class, id, at and body are then the input's. A number is never used twice, because
-- subscribers remember numbers.
CREATE TABLE journal (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, contact TEXT, class INTEGER, id INTEGER, at INTEGER, body BLOB NOT NULL
);
CREATE TABLE cursor (name TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID;
-- lane is set for an effect (with work and attempt), class and accepted for an input.
CREATE TABLE failed (
    id TEXT PRIMARY KEY, contact TEXT NOT NULL, at INTEGER NOT NULL, lane TEXT, work TEXT, attempt INTEGER,
    class INTEGER, accepted INTEGER, body BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX failed_at ON failed (at);
CREATE TABLE live (version INTEGER PRIMARY KEY, n INTEGER NOT NULL);
CREATE TABLE works (name TEXT PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE version (id INTEGER PRIMARY KEY, content BLOB NOT NULL);
CREATE TABLE current (name TEXT PRIMARY KEY, version INTEGER NOT NULL) WITHOUT ROWID;
