-- A provider said that a channel is too fast: a pause for all, and half of the rate.
-- KEYS bp   ARGV now pause lower recovers every least
local paused, factor, since = 0, 1, 0
local before = redis.call('GET', KEYS[1])
if before then
  local a, b, c = string.match(before, '^(%S+) (%S+) (%S+)$')
  paused, factor, since = tonumber(a), tonumber(b), tonumber(c)
end
local recovers = tonumber(ARGV[4])
paused = math.max(paused, now + tonumber(ARGV[2]))
local present = math.min(1, factor + math.max(0, now - since) / recovers)
if ARGV[3] == '1' and (since == 0 or now - since >= tonumber(ARGV[5])) then
  present = math.max(tonumber(ARGV[6]), present / 2)
  factor, since = present, now
end
redis.call('SET', KEYS[1], string.format('%.0f %.6f %.0f', paused, factor, since), 'PX', math.ceil(math.max(paused - now, recovers)) + 1000)
return {string.format('%.6f', present)}
