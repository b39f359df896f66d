-- How the head of a lane ended; takes the next one if the caller can start it.
-- KEYS lane w w2 r m a j [x xt] [p]
-- ARGV now id attempt result due journal reply take sendlease lease k gap who w4 w42 instead hurried
--      w and w4: the set of this head, w2 and w42: of the next one, as the caller thinks
--      take: 0, 1, or `EVERY BURST` where messages to one contact are counted, in p
--      instead: with `retry`, the body that takes this one's place; w2 and w42 are where it waits
--      hurried: 1 if this head gave way to nobody any more when it ended: then it is due at once, if it surely did not leave
local lane, w, w2, r, m, a, j = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7]
local result, member, contact = ARGV[4], string.sub(KEYS[1], 12), string.sub(KEYS[4], 12)
local head = redis.call('LINDEX', lane, 0)
if not head or string.sub(head, 16, 35) ~= ARGV[2] then
  local listed = result == 'arrived' and redis.call('HGET', KEYS[8], ARGV[2])
  if listed and string.sub(listed, 2, 23) == contact then
    redis.call('HDEL', KEYS[8], ARGV[2])
    redis.call('ZREM', KEYS[9], ARGV[2])
    redis.call('XADD', j, '*', 'b', ARGV[6])
  end
  return {'gone'}
end
-- What a report says of an earlier attempt is no news of one that surely did not leave.
if result == 'ended' and string.sub(head, 1, 1) == 'q' then return {'stale'} end
if result == 'arrived' or result == 'ended' then result = 'done' end
local retry = result == 'retry' or result == 'retry_unsure'
-- "Done" is a fact and needs no attempt; "try again" and "failed" are for the holder of the current one.
if result ~= 'done' and string.sub(head, 2, 3) ~= ARGV[3] then return {'stale'} end
local after = not retry and redis.call('LINDEX', lane, 1)
if string.sub(head, 4, 7) ~= ARGV[14] or (after and string.sub(after, 4, 7) ~= ARGV[15]) then
  return {'redo', string.sub(head, 4, 7), after and string.sub(after, 4, 7) or string.sub(head, 4, 7)}
end
if retry then
  -- An attempt that began unsure stays unsure, whatever its holder says.
  local sure = result == 'retry' and (string.sub(head, 1, 1) == 's' or string.sub(head, 1, 1) == 'q')
  local due = tonumber(ARGV[5])
  if sure and ARGV[17] == '1' then due = math.min(due, now) end
  if sure and ARGV[16] ~= '' then
    redis.call('LSET', lane, 0, 'q' .. string.sub(head, 2, 3) .. ARGV[15] .. string.sub(head, 8, 35) .. ARGV[16])
    if w2 ~= w then redis.call('ZREM', w, member) end
    redis.call('ZADD', w2, due, member)
  else
    redis.call('LSET', lane, 0, (sure and 'q' or 'u') .. string.sub(head, 2))
    redis.call('ZADD', w, due, member)
  end
  redis.call('XADD', j, '*', 'b', ARGV[6])
  return {'ok', now, ''}
end
redis.call('LPOP', lane)
-- Of somebody who was deleted nothing is kept for an operator to look at; nor of a stub that led to them, which fades since then.
if result == 'failed' and redis.call('PTTL', r) == -1 then
  redis.call('HSET', KEYS[8], ARGV[2], 'E' .. contact .. (#member > 22 and '1' or '0') .. head)
  redis.call('ZADD', KEYS[9], now, ARGV[2])
end
local h, taken, later = '', '', nil
if after then
  local every, burst = string.match(ARGV[8], '^(%d+) (%d+)$')
  later = every and paced(KEYS[#KEYS], tonumber(every), tonumber(burst))
end
local takes = after and ARGV[8] ~= '0' and not later
if ARGV[7] ~= '' or takes then h = redis.call('GETRANGE', r, 0, 23) end
if after then
  if w2 ~= w then redis.call('ZREM', w, member) end
  if takes then
    taken = 's' .. string.format('%02d', math.min(99, tonumber(string.sub(after, 2, 3)) + 1)) .. ARGV[15] .. ARGV[13] .. string.sub(after, 16)
    redis.call('LSET', lane, 0, taken)
    redis.call('ZADD', w2, now + ARGV[9] + frac, member)
  else redis.call('ZADD', w2, math.max(now + ARGV[12], later or 0), member) end
else redis.call('ZREM', w, member) end
redis.call('XADD', j, '*', 'b', ARGV[6])
local stop = string.sub(h, 5, 5)
if ARGV[7] ~= '' and h ~= '' then
  local flag = string.sub(h, 1, 1)
  if flag == 'A' then return {'moved', now, taken, stop, redis.call('GETRANGE', r, 24, -1)} end
  local n = redis.call('RPUSH', m, 'p' .. string.sub(ARGV[7], 1, 16) .. string.format('%013d', now) .. string.sub(ARGV[7], 17))
  if flag == '1' or (flag == '0' and n == 1) then
    redis.call('ZADD', a, now + ARGV[10], contact)
    return {'claimed', now, taken, stop, redis.call('GET', r), hand(m, flag == '1', tonumber(ARGV[11]))}
  end
end
return {'ok', now, taken, stop}
