-- Compare-and-set of a subscriber's cursor; a guard's move trims behind it.
-- KEYS jc j   ARGV now subscriber from to guard
local at = redis.call('HGET', KEYS[1], ARGV[2]) or '0-0'
-- Where it goes already is a repeat whose answer was lost.
if at ~= ARGV[3] and at ~= ARGV[4] then return {'stale', at} end
if at ~= ARGV[4] then redis.call('HSET', KEYS[1], ARGV[2], ARGV[4]) end
if ARGV[5] == '1' then redis.call('XTRIM', KEYS[2], 'MINID', ARGV[4]) end
return {'ok'}
