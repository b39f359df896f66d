-- The first k inputs that may be processed now: any class when open, only class p while a call is pending.
local function hand(m, held, k)
  if not held then return redis.call('LRANGE', m, 0, k - 1) end
  local out = {}
  for _, entry in ipairs(redis.call('LRANGE', m, 0, -1)) do
    if string.sub(entry, 1, 1) == 'p' then
      out[#out + 1] = entry
      if #out >= k then break end
    end
  end
  return out
end
