-- An operator forgets a failed effect or input.
-- KEYS x xt j   ARGV now id journal
if redis.call('HDEL', KEYS[1], ARGV[2]) == 0 then return {'gone'} end
redis.call('ZREM', KEYS[2], ARGV[2])
redis.call('XADD', KEYS[3], '*', 'b', ARGV[3])
return {'ok'}
