-- Takes inputs as seen. What would be too many for one generation becomes the older one, so that nothing is forgotten at once.
-- KEYS r d e   ARGV now ttl cap hash*
local r, d, e = KEYS[1], KEYS[2], KEYS[3]
local n = #ARGV - 3
if redis.call('SCARD', d) + n > tonumber(ARGV[3]) then
  redis.call('SUNIONSTORE', e, d, e)
  redis.call('PEXPIRE', e, ARGV[2])
  redis.call('DEL', d)
  if redis.call('EXISTS', r) == 1 then redis.call('SETRANGE', r, 3, '1') end
end
for i = 4, #ARGV do redis.call('SADD', d, ARGV[i]) end
redis.call('PEXPIRE', d, ARGV[2])
return {'ok'}
