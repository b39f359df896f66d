-- An operator's retry: an input that was set aside goes back to the end of the mailbox.
-- KEYS x xt j r m a   ARGV now id value journal
if redis.call('HGET', KEYS[1], ARGV[2]) ~= ARGV[3] then return {'gone'} end
local flag = redis.call('GETRANGE', KEYS[4], 0, 0)
if flag == '' or flag == 'A' then return {'gone'} end
redis.call('HDEL', KEYS[1], ARGV[2])
redis.call('ZREM', KEYS[2], ARGV[2])
local entry = string.sub(ARGV[3], 24)
local n = redis.call('RPUSH', KEYS[5], entry)
if (flag == '0' and n == 1) or (flag == '1' and string.sub(entry, 1, 1) == 'p') then
  redis.call('ZADD', KEYS[6], now, string.sub(KEYS[4], 12))
  hint(KEYS[1])
end
redis.call('XADD', KEYS[3], '*', 'b', ARGV[4])
return {'ok'}
