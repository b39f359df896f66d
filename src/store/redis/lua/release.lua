-- Gives a claim back untouched: the record is in a newer format.
-- KEYS r a   ARGV now token who3 pause
local h = redis.call('GETRANGE', KEYS[1], 0, 23)
if string.sub(h, 9, 24) ~= ARGV[2] then return {'stale'} end
if string.sub(h, 6, 8) == ARGV[3] then
  redis.call('SETRANGE', KEYS[1], 1, math.max(0, tonumber(string.sub(h, 2, 2)) - 1) .. string.sub(h, 3, 5) .. '---')
end
redis.call('ZADD', KEYS[2], now + ARGV[4], string.sub(KEYS[1], 12))
return {'ok'}
