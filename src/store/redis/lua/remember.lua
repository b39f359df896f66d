-- Takes inputs as seen, and effects as awaited. All that was seen becomes the older generation, with these: it is forgotten after a whole new one.
-- KEYS r d e k   ARGV now ttl awaited effect* hash*     awaited: how many effects
local r, d, e = KEYS[1], KEYS[2], KEYS[3]
local awaited = tonumber(ARGV[3])
local there = redis.call('GETRANGE', r, 0, 0)
if #ARGV > 3 + awaited then
  redis.call('SUNIONSTORE', e, d, e)
  for i = 4 + awaited, #ARGV do redis.call('SADD', e, ARGV[i]) end
  redis.call('PEXPIRE', e, ARGV[2])
  -- One of them stays in the newer generation, which would have no end else.
  only(d, ARGV[#ARGV])
  redis.call('PEXPIRE', d, ARGV[2])
  if there ~= '' then redis.call('SETRANGE', r, 3, '1') end
end
-- Nobody awaits anything who is not there.
if there ~= '' and there ~= 'A' then
  for i = 4, 3 + awaited do redis.call('HSET', KEYS[4], ARGV[i], '1') end
end
return {'ok'}
