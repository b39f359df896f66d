-- Makes a version the current one of a name, if nothing else was published under it since `base`.
-- KEYS current said log mark   ARGV now name version base body most
local last = redis.call('HGET', KEYS[2], ARGV[2])
local number = last and tonumber(string.match(last, '^%d+')) or 0
local base = tonumber(ARGV[4])
local entry = string.format('%d', base + 1) .. ' ' .. ARGV[3] .. ' ' .. ARGV[5]
-- The same once more: its answer was lost.
if last == entry then return {'ok', number} end
if number ~= base then return {'stale', number} end
redis.call('HSET', KEYS[1], ARGV[2], ARGV[3])
redis.call('HSET', KEYS[2], ARGV[2], entry)
redis.call('RPUSH', KEYS[3], entry)
redis.call('LTRIM', KEYS[3], -tonumber(ARGV[6]), -1)
redis.call('INCR', KEYS[4])
return {'ok', base + 1}
