-- Leaves one member in a set, which is never empty on the way: see _leave.
local function only(set, member)
  redis.call('SADD', set, member)
  local others = {}
  for _, other in ipairs(redis.call('SMEMBERS', set)) do
    if other ~= member then others[#others + 1] = other end
  end
  for i = 1, #others, 64 do redis.call('SREM', set, unpack(others, i, math.min(i + 63, #others))) end
end
