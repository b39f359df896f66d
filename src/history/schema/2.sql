-- What was copied before is taken over entry by entry, beside the service: see `history/takeover`.
ALTER TABLE entry RENAME TO entry_before;
DROP INDEX IF EXISTS entry_at;
DROP INDEX IF EXISTS entry_contact;
CREATE TABLE IF NOT EXISTS sink (
    name TEXT PRIMARY KEY, sent BIGINT NOT NULL DEFAULT 0, dropped BIGINT NOT NULL DEFAULT 0, missed BIGINT NOT NULL DEFAULT 0
){compact};
CREATE TABLE IF NOT EXISTS sink_place (
    sink TEXT NOT NULL, shard BIGINT NOT NULL, time BIGINT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (sink, shard)
){compact};

-- The journal as it was. (contact, token) is an entry's identity: whether it could be inserted decides whether its rows are made.
-- kind: entry, overflow (an input that was dropped), forgotten (its words are gone, its identity stays until it is too old).
CREATE TABLE entry (
    contact TEXT NOT NULL, token TEXT NOT NULL, shard BIGINT NOT NULL, time BIGINT NOT NULL, number BIGINT NOT NULL,
    at BIGINT NOT NULL, kind TEXT NOT NULL, body BYTEA NOT NULL,
    PRIMARY KEY (contact, token)
);
CREATE INDEX entry_place ON entry (shard, time, number);
CREATE INDEX entry_when ON entry (at);

-- private: names of what has a value that was given in private, as JSON. topics: [{topic, in: [kinds], out: [kinds]}].
CREATE TABLE contact (
    id TEXT NOT NULL PRIMARY KEY, mode TEXT NOT NULL, simulated BIGINT NOT NULL DEFAULT 0,
    name TEXT, phone TEXT, whatsapp_id TEXT, email TEXT, external TEXT, verbatim TEXT, language TEXT, timezone TEXT,
    channel TEXT, created_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, last_seen BIGINT, last_sent BIGINT,
    stop BIGINT NOT NULL DEFAULT 0, consent BIGINT NOT NULL DEFAULT 0, dead_email TEXT,
    private TEXT, topics TEXT
);
CREATE INDEX contact_changed ON contact (mode, changed_at, id);
CREATE INDEX contact_seen ON contact (mode, last_seen, id);
CREATE INDEX contact_created ON contact (mode, created_at, id);
CREATE INDEX contact_name ON contact (name);
CREATE INDEX contact_phone ON contact (phone);
CREATE INDEX contact_email ON contact (email);
CREATE INDEX contact_external ON contact (external);

CREATE TABLE contact_tag (contact TEXT NOT NULL, tag TEXT NOT NULL, PRIMARY KEY (contact, tag)){compact};
CREATE INDEX contact_tag_tag ON contact_tag (tag, contact);
-- text: the value for people and for comparisons of texts; number: where it is one, a moment or a day too.
CREATE TABLE contact_attribute (
    contact TEXT NOT NULL, name TEXT NOT NULL, text TEXT, number DOUBLE PRECISION, PRIMARY KEY (contact, name)
){compact};
CREATE INDEX contact_attribute_text ON contact_attribute (name, text);
CREATE INDEX contact_attribute_number ON contact_attribute (name, number);
CREATE TABLE contact_address (address TEXT NOT NULL PRIMARY KEY, contact TEXT NOT NULL){compact};
CREATE INDEX contact_address_contact ON contact_address (contact);
-- kind: of channel. topic: none where it is about marketing as a whole. state: in, out (no marketing any more), stopped (nothing any more).
CREATE TABLE consent_event (
    contact TEXT NOT NULL, token TEXT NOT NULL, idx BIGINT NOT NULL, kind TEXT NOT NULL, at BIGINT NOT NULL,
    topic TEXT, state TEXT NOT NULL, how TEXT, proof TEXT, by TEXT, PRIMARY KEY (contact, token, idx, kind)
){compact};

-- id: the effect's, of one that came in its input's. rank: how far its status is; it only rises. reported: whether its failure was reported.
-- n: its number, by which the index of its words finds it.
CREATE TABLE message (
    n {counted}, id TEXT NOT NULL UNIQUE, contact TEXT NOT NULL, mode TEXT NOT NULL, direction TEXT NOT NULL, channel TEXT, kind TEXT, address TEXT,
    run TEXT, flow TEXT, notification TEXT, system TEXT, text TEXT, content TEXT, status TEXT NOT NULL, rank BIGINT NOT NULL DEFAULT 0,
    reported BIGINT NOT NULL DEFAULT 0, status_at BIGINT NOT NULL, reason TEXT, code TEXT, detail TEXT, provider_id TEXT, segments BIGINT,
    price DOUBLE PRECISION, currency TEXT, attempts BIGINT NOT NULL DEFAULT 0, decision TEXT, rule TEXT,
    at BIGINT NOT NULL, sent_at BIGINT, delivered_at BIGINT, read_at BIGINT, failed_at BIGINT
);
CREATE INDEX message_contact ON message (contact, at);
CREATE INDEX message_at ON message (at);
CREATE INDEX message_flow ON message (flow, at) WHERE flow IS NOT NULL;
CREATE INDEX message_provider ON message (provider_id) WHERE provider_id IS NOT NULL;

-- open: the steps that it is in, the innermost last, as JSON [[n, flow, state, entered_at]]. steps: how many it made. day: on which it began.
CREATE TABLE run (
    contact TEXT NOT NULL, id TEXT NOT NULL, mode TEXT NOT NULL, flow TEXT NOT NULL, version TEXT NOT NULL, key TEXT, channel TEXT NOT NULL,
    language TEXT NOT NULL, arm TEXT NOT NULL, started_at BIGINT NOT NULL, reason TEXT, continues TEXT, state TEXT, state_since BIGINT,
    waits TEXT, ended_at BIGINT, "end" TEXT, end_reason TEXT, steps BIGINT NOT NULL DEFAULT 0, open TEXT NOT NULL DEFAULT '[]',
    day TEXT NOT NULL, PRIMARY KEY (contact, id)
);
CREATE INDEX run_flow ON run (flow, started_at);
CREATE INDEX run_started ON run (started_at);
CREATE INDEX run_live ON run (flow, state) WHERE ended_at IS NULL;
CREATE INDEX run_ended ON run (ended_at) WHERE ended_at IS NOT NULL;
CREATE TABLE step (
    contact TEXT NOT NULL, run TEXT NOT NULL, n BIGINT NOT NULL, flow TEXT NOT NULL, state TEXT NOT NULL, entered_at BIGINT NOT NULL,
    left_at BIGINT, outcome TEXT, reason TEXT, PRIMARY KEY (contact, run, n)
);
CREATE TABLE run_value (
    contact TEXT NOT NULL, run TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (contact, run, name)
);
CREATE TABLE call (
    id TEXT NOT NULL PRIMARY KEY, contact TEXT NOT NULL, run TEXT NOT NULL, api TEXT NOT NULL, method TEXT NOT NULL, path TEXT NOT NULL,
    at BIGINT NOT NULL, outcome TEXT, attempts BIGINT, took BIGINT, reason TEXT, answer TEXT
);
CREATE INDEX call_run ON call (contact, run);
CREATE INDEX call_at ON call (at);
CREATE TABLE happening (
    contact TEXT NOT NULL, token TEXT NOT NULL, idx BIGINT NOT NULL, at BIGINT NOT NULL, kind TEXT NOT NULL, run TEXT, detail TEXT NOT NULL,
    PRIMARY KEY (contact, token, idx)
);
CREATE INDEX happening_contact ON happening (contact, at);
CREATE INDEX happening_at ON happening (at);
CREATE TABLE handoff (
    contact TEXT NOT NULL, run TEXT NOT NULL, team TEXT NOT NULL, note TEXT, opened_at BIGINT NOT NULL, until BIGINT, taken_at BIGINT,
    taken_by TEXT, closed_at BIGINT, how TEXT, resolution TEXT, PRIMARY KEY (contact, run)
);
CREATE INDEX handoff_open ON handoff (team, opened_at) WHERE closed_at IS NULL;

-- Counters, exact: changed in the transaction that makes the rows. day: on which the run began (YYYY-MM-DD, UTC), so that shares add up.
-- what: entered, left (bucket: the outcome), ended (state: where; bucket: the result), took (bucket: how long, see `history/figures`).
-- state '': the flow as a whole.
CREATE TABLE figure (
    flow TEXT NOT NULL, version TEXT NOT NULL, day TEXT NOT NULL, channel TEXT NOT NULL, language TEXT NOT NULL, arm TEXT NOT NULL,
    mode TEXT NOT NULL, state TEXT NOT NULL, what TEXT NOT NULL, bucket TEXT NOT NULL, n BIGINT NOT NULL,
    PRIMARY KEY (flow, version, day, channel, language, arm, mode, state, what, bucket)
){compact};

CREATE TABLE api_key (
    id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL, scopes TEXT NOT NULL, mode TEXT NOT NULL, created_at BIGINT NOT NULL,
    created_by TEXT, expires_at BIGINT, last_used_at BIGINT, revoked_at BIGINT
);
CREATE UNIQUE INDEX api_key_hash ON api_key (hash);
CREATE TABLE audit (
    id TEXT NOT NULL PRIMARY KEY, at BIGINT NOT NULL, who TEXT, key TEXT, action TEXT NOT NULL, target TEXT, detail TEXT, request TEXT
);
CREATE INDEX audit_at ON audit (at, id);
CREATE INDEX audit_target ON audit (target, at);
CREATE TABLE import_job (
    id TEXT NOT NULL PRIMARY KEY, created_at BIGINT NOT NULL, created_by TEXT, state TEXT NOT NULL, total BIGINT, done BIGINT NOT NULL DEFAULT 0,
    created BIGINT NOT NULL DEFAULT 0, changed BIGINT NOT NULL DEFAULT 0, failed BIGINT NOT NULL DEFAULT 0, skipped BIGINT NOT NULL DEFAULT 0
);
CREATE TABLE import_row (job TEXT NOT NULL, n BIGINT NOT NULL, result TEXT NOT NULL, contact TEXT, problem TEXT, PRIMARY KEY (job, n));
CREATE INDEX import_row_contact ON import_row (contact);
