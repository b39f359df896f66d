-- Leases what is due by moving its time; the new time is the ticket. Nothing is removed: a taker that dies loses nothing.
-- KEYS z   ARGV now n lease
local got = redis.call('ZRANGE', KEYS[1], '-inf', now, 'BYSCORE', 'LIMIT', 0, ARGV[2])
local ticket = string.format('%.3f', now + ARGV[3] + frac)
if #got > 0 then
  local moved = {}
  for i, member in ipairs(got) do
    moved[i * 2 - 1] = ticket
    moved[i * 2] = member
  end
  redis.call('ZADD', KEYS[1], unpack(moved))
end
local head = redis.call('ZRANGE', KEYS[1], 0, 0, 'WITHSCORES')
return {now, got, head[2] or '', ticket}
