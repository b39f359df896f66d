-- Broadcasts. plan: what contacts get, as JSON. audience: a query or an import, as JSON; listed: those who were named one by one, 16 bytes each.
-- place: the last contact that was looked at while it was found out who gets it. Counters are what was handed over; what became of it is in `message`.
-- owner: the instance that works on it until owned_until. A change of `state` says from which one, a change by the owner that it still is.
CREATE TABLE broadcast (
    id TEXT NOT NULL PRIMARY KEY, mode TEXT NOT NULL, name TEXT NOT NULL, schedule TEXT, created_at BIGINT NOT NULL, created_by TEXT NOT NULL,
    state TEXT NOT NULL, changed_at BIGINT NOT NULL, plan TEXT NOT NULL, audience TEXT NOT NULL, listed BYTEA,
    starts_at BIGINT NOT NULL, begun_at BIGINT, resolved_at BIGINT, ended_at BIGINT, problem TEXT, place TEXT,
    total BIGINT NOT NULL DEFAULT 0, pieces BIGINT NOT NULL DEFAULT 0, fed BIGINT NOT NULL DEFAULT 0, held BIGINT NOT NULL DEFAULT 0,
    gone BIGINT NOT NULL DEFAULT 0,
    owner TEXT, owned_until BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX broadcast_created ON broadcast (mode, created_at, id);
CREATE INDEX broadcast_schedule ON broadcast (schedule, created_at) WHERE schedule IS NOT NULL;
CREATE INDEX broadcast_live ON broadcast (starts_at) WHERE ended_at IS NULL;

-- Its contacts, some hundred together: 16 bytes of each key. due: when they get it. begun_at: when somebody began to hand it over, fed_at: when all was.
CREATE TABLE broadcast_piece (
    broadcast TEXT NOT NULL, n BIGINT NOT NULL, due BIGINT NOT NULL, contacts BYTEA NOT NULL, begun_at BIGINT, fed_at BIGINT,
    PRIMARY KEY (broadcast, n)
);
CREATE INDEX broadcast_piece_next ON broadcast_piece (broadcast, due, n) WHERE fed_at IS NULL;

-- Those who are there and got nothing, and why: the words of `domain/broadcast`.
CREATE TABLE broadcast_member (
    broadcast TEXT NOT NULL, contact TEXT NOT NULL, reason TEXT NOT NULL, detail TEXT, at BIGINT NOT NULL, PRIMARY KEY (broadcast, contact)
){compact};
CREATE INDEX broadcast_member_reason ON broadcast_member (broadcast, reason, contact);
CREATE INDEX broadcast_member_contact ON broadcast_member (contact);

-- What begins broadcasts again and again. brief: what each is made of, as JSON. next_at: the next time and its day; who moves it on makes the broadcast.
CREATE TABLE schedule (
    id TEXT NOT NULL PRIMARY KEY, mode TEXT NOT NULL, name TEXT NOT NULL, created_at BIGINT NOT NULL, created_by TEXT NOT NULL,
    changed_at BIGINT NOT NULL, paused_at BIGINT, rule TEXT NOT NULL, plan TEXT NOT NULL, audience TEXT NOT NULL, listed BYTEA,
    next_at BIGINT, next_date TEXT, last_at BIGINT, last_broadcast TEXT, missed BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX schedule_created ON schedule (mode, created_at, id);
CREATE INDEX schedule_next ON schedule (next_at) WHERE next_at IS NOT NULL AND paused_at IS NULL;

-- The contacts of an import, each once and in order.
CREATE INDEX import_row_of ON import_row (job, contact) WHERE contact IS NOT NULL;

-- What became of a broadcast's messages is counted in an index alone.
CREATE INDEX message_broadcast_status ON message (broadcast, direction, status, contact) WHERE broadcast IS NOT NULL;
