-- What came after the first release of the layout: made at each opening where it is missing. A release that does not know it leaves it alone.
-- Requests that take effect once: who works on one until when, its answer if it is done, when it is forgotten.
CREATE TABLE IF NOT EXISTS request (
    seq INTEGER PRIMARY KEY AUTOINCREMENT, key BLOB NOT NULL UNIQUE, print BLOB NOT NULL, who INTEGER NOT NULL, until INTEGER NOT NULL,
    forget INTEGER NOT NULL, answer BLOB
);
CREATE INDEX IF NOT EXISTS request_forget ON request (forget);
