-- Tells the instances that listen that something of this shard is due and nobody has it. Lost hints cost a tick.
local function hint(key)
  redis.call('SPUBLISH', 'rf1:n:' .. string.sub(key, 7, 10), now)
end
