-- An operator's retry: a failed effect goes to the end of its lane as a fresh, sure attempt.
-- KEYS x xt j lane w   ARGV now id value journal     value: what the caller read, so that lane and set are the right ones
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return {'gone'} end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
local n = redis.call('RPUSH', KEYS[4], 'q00' .. string.sub(ARGV[3], 28, 31) .. '--------' .. string.sub(ARGV[3], 40))
if n == 1 then redis.call('ZADD', KEYS[5], now, string.sub(KEYS[4], 12)) end
redis.call('XADD', KEYS[3], '*', 'b', ARGV[4])
hint(KEYS[1])
return {'ok'}
