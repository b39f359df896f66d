-- Up to `want` permits of a bucket that fills evenly (GCRA): its value is the time at which it will be full again.
-- KEYS b bs bp   ARGV now want step burst share recovers     share: for broadcasts, one permit of so many is theirs; 0 for conversations
local step, burst = tonumber(ARGV[3]), tonumber(ARGV[4])
local kept = redis.call('MGET', KEYS[1], KEYS[3])
-- The provider said "too fast": see slow_down.
local pace = kept[2]
if pace then
  local paused, factor, since = string.match(pace, '^(%S+) (%S+) (%S+)$')
  if now < tonumber(paused) then return {0, math.ceil(tonumber(paused) - now)} end
  factor = math.min(1, tonumber(factor) + math.max(0, now - tonumber(since)) / tonumber(ARGV[6]))
  step, burst = step / factor, math.max(1, math.ceil(burst * factor))
end
local share = tonumber(ARGV[5]) * step
local want = tonumber(ARGV[2])
local t = math.max(tonumber(kept[1] or '0'), now)
local free = math.floor((now + burst * step - t) / step + 1e-9)
local granted = math.max(0, math.min(want, free))
local theirs = share > 0 and math.min(tonumber(redis.call('GET', KEYS[2]) or '0'), now + share)
-- Conversations take all that there is: this one is taken before its time, and they wait for it.
if granted == 0 and want > 0 and theirs and theirs <= now then granted = 1 end
if granted > 0 then
  t = t + granted * step
  redis.call('SET', KEYS[1], string.format('%.3f', t), 'PX', math.ceil(t - now) + 1000)
  if theirs then redis.call('SET', KEYS[2], string.format('%.3f', now + share), 'PX', math.ceil(share) + 1000) end
  return {granted, 0}
end
local wait = math.ceil(t - now - (burst - 1) * step)
if theirs then wait = math.min(wait, math.ceil(theirs - now)) end
return {0, math.max(0, wait)}
