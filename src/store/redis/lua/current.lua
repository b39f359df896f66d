-- What is current and what was said of it, at one moment.
-- KEYS current said   ARGV now
return {redis.call('HGETALL', KEYS[1]), redis.call('HGETALL', KEYS[2])}
