-- Takes inputs as seen, and effects as awaited. What would be too many for one generation becomes the older one, so that nothing is forgotten at once.
-- KEYS r d e k   ARGV now ttl cap awaited effect* hash*     awaited: how many effects
local r, d, e = KEYS[1], KEYS[2], KEYS[3]
local awaited = tonumber(ARGV[4])
local n = #ARGV - 4 - awaited
-- Nobody awaits anything who is not there.
local there = redis.call('EXISTS', r) == 1 and redis.call('GETRANGE', r, 0, 0) ~= 'A'
if redis.call('SCARD', d) + n > tonumber(ARGV[3]) then
  redis.call('SUNIONSTORE', e, d, e)
  redis.call('PEXPIRE', e, ARGV[2])
  redis.call('DEL', d)
  if redis.call('EXISTS', r) == 1 then redis.call('SETRANGE', r, 3, '1') end
end
for i = 5 + awaited, #ARGV do redis.call('SADD', d, ARGV[i]) end
if n > 0 then redis.call('PEXPIRE', d, ARGV[2]) end
if there then
  for i = 5, 4 + awaited do redis.call('HSET', KEYS[4], ARGV[i], '1') end
end
return {'ok'}
