-- One message of a channel's day, counted by the hour.
-- KEYS bd   ARGV now most hours back     back: 1 gives one back that did not leave
local hour, hours = math.floor(now / 3600000), tonumber(ARGV[3])
local all = redis.call('HGETALL', KEYS[1])
local used, recent, first, last, old = 0, 0, hour, nil, {}
for i = 1, #all, 2 do
  local h, n = tonumber(all[i]), tonumber(all[i + 1])
  if h <= hour - hours then old[#old + 1] = all[i]
  else
    used = used + n
    first = math.min(first, h)
    if n > 0 then last = math.max(last or h, h) end
    if h >= hour - 1 then recent = recent + n end
  end
end
for _, h in ipairs(old) do leave('HDEL', KEYS[1], h) end
if ARGV[4] == '1' then
  if last then redis.call('HINCRBY', KEYS[1], last, -1) end
  leave_now()
  return {0, math.max(0, used - 1), math.max(0, recent - 1), 0}
end
if used >= tonumber(ARGV[2]) then
  leave_now()
  return {0, used, recent, math.max(0, (first + hours) * 3600000 - now)}
end
redis.call('HINCRBY', KEYS[1], hour, 1)
redis.call('PEXPIRE', KEYS[1], (hours + 1) * 3600000)
leave_now()
return {1, used + 1, recent + 1, 0}
