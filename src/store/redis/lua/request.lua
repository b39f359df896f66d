-- One step of a request that takes effect once. A field of `q` is print16 who8 until13 state1 answer (state b begun, d done); its score in
-- `qt` is when it is forgotten.
-- KEYS q qt   ARGV now key print who step lease keep max answer
local q, qt, key, print, who, step = KEYS[1], KEYS[2], ARGV[2], ARGV[3], ARGV[4], ARGV[5]
local kept = redis.call('HGET', q, key)
local forgotten = tonumber(redis.call('ZSCORE', qt, key) or '0')
if kept and forgotten <= now then kept = false end
local same = kept and string.sub(kept, 1, 16) == print
local mine = same and string.sub(kept, 17, 24) == who
local done = same and string.sub(kept, 38, 38) == 'd'
local function put(till, state, answer)
  redis.call('HSET', q, key, print .. who .. string.format('%013d', till) .. state .. answer)
end
if step == 'begin' then
  if kept and not same then return {'other'} end
  if done then return {'answered', string.sub(kept, 39)} end
  if same then
    local till = tonumber(string.sub(kept, 25, 37))
    if till > now and not mine then return {'busy', till - now} end
  else
    -- What is old goes first, a bounded number at once.
    local old = redis.call('ZRANGEBYSCORE', qt, '-inf', now, 'LIMIT', 0, 32)
    local full = redis.call('HLEN', q) - #old >= tonumber(ARGV[8])
    for _, one in ipairs(old) do
      if one ~= key or full then
        leave('HDEL', q, one)
        leave('ZREM', qt, one)
      end
    end
    if full then
      leave_now()
      return {'full'}
    end
    redis.call('ZADD', qt, now + ARGV[7], key)
  end
  put(now + ARGV[6], 'b', '')
  leave_now()
  return {'yours'}
end
if step == 'answer' then
  if same and not done then put(now, 'd', ARGV[9]) end
elseif mine and not done then
  if step == 'again' then
    put(now, 'b', '')
  else
    redis.call('HDEL', q, key)
    redis.call('ZREM', qt, key)
  end
end
return {'done'}
