-- Begins or ends what holds a channel back, by what was said of it at some time: the latest counts, in whatever order it comes.
-- KEYS held   ARGV now field mark said holds body
local last = redis.call('HGET', KEYS[1], ARGV[3])
if last and tonumber(last) > tonumber(ARGV[4]) then return {0} end
redis.call('HSET', KEYS[1], ARGV[3], ARGV[4])
if ARGV[5] == '0' then
  redis.call('HDEL', KEYS[1], ARGV[2])
elseif redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then
  redis.call('HSET', KEYS[1], ARGV[2], ARGV[6])
end
return {1}
