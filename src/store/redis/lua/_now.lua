-- ARGV[1] is the time in milliseconds; 0 means the server's clock. `frac` keeps two leases of one millisecond apart.
local now, frac = tonumber(ARGV[1]), 0
if now == 0 then
  local t = redis.call('TIME')
  now = t[1] * 1000 + math.floor(t[2] / 1000)
  frac = t[2] % 1000 / 1000
end
