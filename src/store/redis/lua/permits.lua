-- Up to `want` permits of a bucket that fills evenly (GCRA): its value is the time at which it will be full again.
-- KEYS b   ARGV now want step burst
local step, burst = tonumber(ARGV[3]), tonumber(ARGV[4])
local t = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
local free = math.floor((now + burst * step - t) / step + 1e-9)
local granted = math.max(0, math.min(tonumber(ARGV[2]), free))
if granted > 0 then
  t = t + granted * step
  redis.call('SET', KEYS[1], string.format('%.3f', t), 'PX', math.ceil(t - now) + 1000)
  return {granted, 0}
end
return {0, math.max(0, math.ceil(t - now - (burst - 1) * step))}
