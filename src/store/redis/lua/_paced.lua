-- Counts one more message to a contact, one each `every` ms and so many at once (GCRA), and gives nothing; where there is no room it gives the time from
-- which there is. The key keeps when all that went is paid back.
local function paced(p, every, burst)
  local paid = math.max(tonumber(redis.call('GET', p) or '0'), now)
  local room = paid - (burst - 1) * every
  if room > now then return room end
  redis.call('SET', p, string.format('%.0f', paid + every), 'PX', math.ceil(paid + every - now) + 60000)
end
