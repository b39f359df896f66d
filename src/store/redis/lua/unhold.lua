-- Ends what holds a channel back. What was said of it until now begins it no more.
-- KEYS held   ARGV now field mark
if redis.call('HEXISTS', KEYS[1], ARGV[2]) == 0 then return {0} end
if redis.call('HEXISTS', KEYS[1], ARGV[3]) == 1 then redis.call('HINCRBY', KEYS[1], ARGV[3], 1) end
redis.call('HDEL', KEYS[1], ARGV[2])
return {1}
