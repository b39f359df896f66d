-- Takes the head of a lane, for the holder of the ticket or again for the same `who`.
-- KEYS lane w r [p]   ARGV now sendlease who ticket w4 [every burst]     p, every and burst: where messages to one contact are counted
local lane, w, member = KEYS[1], KEYS[2], string.sub(KEYS[1], 12)
local head = redis.call('LINDEX', lane, 0)
-- An empty lane, or one whose head waits in another set, has no place in this one.
if not head or string.sub(head, 4, 7) ~= ARGV[5] then
  redis.call('ZREM', w, member)
  return {'gone'}
end
local state, attempt = string.sub(head, 1, 1), tonumber(string.sub(head, 2, 3))
local again = (state == 's' or state == 'v') and string.sub(head, 8, 15) == ARGV[3]
-- The ticket is the time that `due` set: a taker whose lease lapsed starts nothing.
if not again and tonumber(redis.call('ZSCORE', w, member) or '-1') ~= tonumber(ARGV[4]) then return {'taken'} end
if not again and ARGV[6] then
  local later = paced(KEYS[4], tonumber(ARGV[6]), tonumber(ARGV[7]))
  if later then
    redis.call('ZADD', w, later, member)
    return {'taken'}
  end
end
-- Unsure: said so, or begun by somebody else and never settled. The same `who` is told what it was told before.
local unsure = state == 'u' or state == 'v' or (state == 's' and not again)
if not again then attempt = math.min(99, attempt + 1) end
local taken = (unsure and 'v' or 's') .. string.format('%02d', attempt) .. ARGV[5] .. ARGV[3] .. string.sub(head, 16)
redis.call('LSET', lane, 0, taken)
redis.call('ZADD', w, now + ARGV[2] + frac, member)
return {'ok', now, taken, redis.call('GETRANGE', KEYS[3], 4, 4)}
