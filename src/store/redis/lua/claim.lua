-- Takes a contact that `due` named. Counts tries before the turn, so that a process that dies in it is counted.
-- KEYS r m a   ARGV now lease k who3 most
local r, m, a = KEYS[1], KEYS[2], KEYS[3]
local contact = string.sub(r, 12)
if not redis.call('ZSCORE', a, contact) then return {'free'} end
local record = redis.call('GET', r)
if not record then
  redis.call('ZREM', a, contact)
  return {'gone'}
end
local tries = tonumber(string.sub(record, 2, 2))
-- The same `who` again is a lost answer: it must not make a contact look poisoned.
if tries < tonumber(ARGV[5]) and string.sub(record, 6, 8) ~= ARGV[4] then
  tries = tries + 1
  local gone = string.sub(record, 3, 5)
  redis.call('SETRANGE', r, 1, tries .. gone .. ARGV[4])
end
redis.call('ZADD', a, now + ARGV[2], contact)
return {'claimed', now, string.sub(record, 1, 1) .. tries .. string.sub(record, 3), hand(m, string.sub(record, 1, 1) == '1', tonumber(ARGV[3]))}
