-- Changes what the suppression list has of an address, if it has what the caller read.
-- KEYS entries order mark   ARGV now address was body most bits
local was = redis.call('HGET', KEYS[1], ARGV[2]) or ''
-- The same once more: its answer was lost.
if was == ARGV[4] then return {'ok'} end
if was ~= ARGV[3] then return {'other', was} end
if ARGV[4] == '' then
  redis.call('HDEL', KEYS[1], ARGV[2])
  redis.call('ZREM', KEYS[2], ARGV[2])
  return {'ok'}
end
if was == '' and redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[5]) then return {'full'} end
local number = redis.call('HINCRBY', KEYS[3], 'number', 1)
redis.call('HSET', KEYS[3], 'bits', ARGV[6])
redis.call('HSET', KEYS[1], ARGV[2], ARGV[4])
redis.call('ZADD', KEYS[2], number, ARGV[2])
return {'ok'}
