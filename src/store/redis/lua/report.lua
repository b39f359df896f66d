-- A delivery report: journaled; an input only for a run that awaits the effect.
-- KEYS r m d e a j k   ARGV now effect journal hash id body lease k ttl     hash empty: it wakes nobody
local r, m, d, e, a, j = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local contact = string.sub(r, 12)
local head = redis.call('GETRANGE', r, 0, 3)
if string.sub(head, 1, 1) == 'A' then return {'moved', redis.call('GETRANGE', r, 24, 45)} end
local awaited = ARGV[4] ~= '' and redis.call('HEXISTS', KEYS[7], ARGV[2]) == 1
local flag = awaited and string.sub(head, 1, 1) or ''
if flag == '' then
  redis.call('XADD', j, '*', 'b', ARGV[3])
  return {'journaled'}
end
if redis.call('SADD', d, ARGV[4]) == 0 then return {'journaled'} end
if string.sub(head, 4, 4) == '1' and redis.call('SISMEMBER', e, ARGV[4]) == 1 then
  redis.call('SREM', d, ARGV[4])
  return {'journaled'}
end
redis.call('PEXPIRE', d, ARGV[9])
redis.call('XADD', j, '*', 'b', ARGV[3])
-- It passes a pending call: what it was waited for would otherwise come too late.
local entry = 'p' .. ARGV[5] .. string.format('%013d', now) .. ARGV[6]
local n = redis.call('RPUSH', m, entry)
if flag ~= '1' and (flag ~= '0' or n > 1) then return {'queued'} end
redis.call('ZADD', a, now + ARGV[7], contact)
return {'claimed', now, redis.call('GET', r), flag == '1' and hand(m, true, tonumber(ARGV[8])) or {entry}}
