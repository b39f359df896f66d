//! Deliberate defects of the Redis store, each a change of its scripts. Whatever claims to prove the protocol must
//! catch all of them.

use replyflow::store::Script;

/// A defect: what is wrong, and the changes that make it so.
pub type Defect = (&'static str, &'static [(Script, &'static str, &'static str)]);

/// All of them.
pub const DEFECTS: [Defect; 29] = [
    ("commit: no version check", &[(Script::Commit, "if token ~= ARGV[2] then return {'stale'} end", "")]),
    ("commit: releases without looking at the mailbox", &[(Script::Commit, "if #rest > 0 then", "rest = {} if #rest > 0 then")]),
    (
        "one queue: the result of a call waits behind replies",
        &[
            (Script::Settle, "if flag == '1' or (flag == '0' and n == 1) then", "if n == 1 then"),
            (Script::Claim, "hand(m, string.sub(record, 1, 1) == '1',", "hand(m, false,"),
        ],
    ),
    (
        "accept: no dedupe",
        &[(Script::Accept, "if redis.call('SADD', d, hash) == 0 then return {'dup'} end", "redis.call('SADD', d, hash)")],
    ),
    ("accept: a claim without a lease", &[(Script::Accept, "redis.call('ZADD', a, now + ARGV[6], contact)\n", "\n")]),
    (
        "start: unsure is forgotten",
        &[(Script::Start, "local unsure = state == 'u' or state == 'v' or (state == 's' and not again)", "local unsure = false")],
    ),
    ("start: no ticket", &[(Script::Start, "tonumber(redis.call('ZSCORE', w, member) or '-1') ~= tonumber(ARGV[4])", "false")]),
    ("settle: takes whatever is first", &[(Script::Settle, " or string.sub(head, 16, 35) ~= ARGV[2]", "")]),
    ("settle: a retry forgets that it is unsure", &[(Script::Settle, "(sure and 'q' or 'u')", "'q'")]),
    (
        "settle: the next one is not scheduled",
        &[(
            Script::Settle,
            "else redis.call('ZADD', w2, math.max(now + ARGV[12], later or 0), member) end",
            "else redis.call('ZREM', w2, member) end",
        )],
    ),
    (
        "due: takes away instead of leasing",
        &[(Script::Due, "redis.call('ZADD', KEYS[1], unpack(moved))", "redis.call('ZREM', KEYS[1], unpack(got))")],
    ),
    (
        "commit: the alarm is not set",
        &[(Script::Commit, "elseif ARGV[6] ~= '' then redis.call('ZADD', a, ARGV[6], contact)", "")],
    ),
    (
        "commit: a reply waits among broadcasts",
        &[(Script::Commit, "local talk = goes[string.sub(entry, 4, 7)]", "local talk = nil")],
    ),
    (
        "commit: what was processed stays in the mailbox",
        &[(
            Script::Commit,
            "if inorder then redis.call('LPOP', m, n) else for i = 1, n do redis.call('LREM', m, 1, mine[i]) end end",
            "",
        )],
    ),
    ("commit: it is not written down", &[(Script::Commit, "redis.call('XADD', j, '*', 'b', ARGV[7])", "")]),
    (
        "commit: a run that ends is counted as if it began",
        &[(
            Script::Commit,
            "redis.call('HINCRBY', KEYS[key], ARGV[p], ARGV[p + 1]) == 0",
            "redis.call('HINCRBY', KEYS[key], ARGV[p], math.abs(ARGV[p + 1])) == 0",
        )],
    ),
    (
        "commit: a message waits in no set",
        &[(
            Script::Commit,
            "redis.call('ZADD', w, math.max(due, now, later or 0), string.sub(lane, 12))",
            "redis.call('ZREM', w, string.sub(lane, 12))",
        )],
    ),
    (
        "commit: the last message comes first",
        &[(
            Script::Commit,
            "redis.call('RPUSH', lane, unpack(bodies)) == count + gone",
            "redis.call('LPUSH', lane, unpack(bodies)) == count + gone",
        )],
    ),
    (
        "commit: what cannot be processed is shown to nobody",
        &[(Script::Commit, "redis.call('ZADD', KEYS[key + 1], now, contact .. id)", "")],
    ),
    ("accept: a reply is worked on while a call is pending", &[(Script::Accept, " or (flag == '1' and class ~= 'p')", "")]),
    (
        "claim: nobody looks after a claim that is given up",
        &[(Script::Claim, "redis.call('ZADD', a, now + ARGV[2], contact)", "redis.call('ZREM', a, contact)")],
    ),
    (
        "start: no lease",
        &[(Script::Start, "redis.call('ZADD', w, now + ARGV[2] + frac, member)", "redis.call('ZADD', w, now, member)")],
    ),
    ("start: anybody is taken for whoever began it", &[(Script::Start, " and string.sub(head, 8, 15) == ARGV[3]", "")]),
    ("settle: what has ended stays in its lane", &[(Script::Settle, "redis.call('LPOP', lane)", "redis.call('LLEN', lane)")]),
    ("settle: what failed is shown to nobody", &[(Script::Settle, "redis.call('ZADD', KEYS[9], now, ARGV[2])", "")]),
    ("settle: it is not written down", &[(Script::Settle, "redis.call('XADD', j, '*', 'b', ARGV[6])", "")]),
    (
        "settle: the result of a call wakes nobody",
        &[(Script::Settle, "if flag == '1' or (flag == '0' and n == 1) then", "if false then")],
    ),
    (
        "publish: over what somebody else has published",
        &[(Script::Publish, "if number ~= base then return {'stale', number} end", "")],
    ),
    (
        "report: it wakes nobody",
        &[(
            Script::Report,
            "local awaited = ARGV[4] ~= '' and redis.call('HEXISTS', KEYS[7], ARGV[2]) == 1",
            "local awaited = false",
        )],
    ),
];

/// Deliberate defects of how contacts leave. What `freeze`, `remember` and `flip` could do wrong the conformance suite sees: a contact that is about to move has
/// nearly nothing to do any more, so a run of the simulation hardly ever meets it.
pub const LEAVING: [Defect; 5] = [
    ("forget: no version check", &[(Script::Forget, "if string.sub(h, 9, 24) ~= ARGV[2] then return {'stale'} end", "")]),
    (
        "forget: what was seen goes too",
        &[(Script::Forget, "redis.call('UNLINK', r, m, k, o)", "redis.call('UNLINK', r, m, k, o, d)")],
    ),
    ("forget: the mailbox stays", &[(Script::Forget, "redis.call('UNLINK', r, m, k, o)", "redis.call('UNLINK', r, k, o)")]),
    (
        "forget: the opt-out goes too",
        &[(Script::Forget, "redis.call('HSET', s, contact, ARGV[4])", "redis.call('HDEL', s, contact)")],
    ),
    ("accept: somebody begins without the opt-out", &[(Script::Accept, "redis.call('HGET', KEYS[7], contact) or '0'", "'0'")]),
];

/// What a script that counts messages to one person writes down.
const PAID: &str = "redis.call('SET', p, string.format('%.0f', paid + every), 'PX', math.ceil(paid + every - now) + 60000)";

/// Deliberate defects of how fast messages leave: to one person, over one channel.
pub const PACING: [Defect; 2] = [
    (
        "start, settle, commit: what went to one person is not counted",
        &[(Script::Start, PAID, ""), (Script::Settle, PAID, ""), (Script::Commit, PAID, "")],
    ),
    (
        "permits: what was given is not counted",
        &[(Script::Permits, "redis.call('SET', KEYS[1], string.format('%.3f', t), 'PX', math.ceil(t - now) + 1000)", "")],
    ),
];
