-- Stores an input once, and claims the contact if it is free.
-- KEYS r m d e a j s   ARGV now hash class id body lease k max headroom ttl cap birth claim refuse known
local r, m, d, e, a, j = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5], KEYS[6]
local hash, class, contact = ARGV[2], ARGV[3], string.sub(KEYS[1], 12)
local day = string.char(33 + math.floor(now / 86400000) % 94)
local record = redis.call('GET', r) or ''
local flag = string.sub(record, 1, 1)
-- The test-and-set comes first and is undone where the input turns out to be known or not ours.
if redis.call('SADD', d, hash) == 0 then return {'dup'} end
if (record == '' or string.sub(record, 4, 4) == '1') and redis.call('SISMEMBER', e, hash) == 1 then
  redis.call('SREM', d, hash)
  return {'dup'}
end
if flag == 'A' then
  redis.call('SREM', d, hash)
  return {'moved', string.sub(record, 25, 46)}
end
if record == '' and ARGV[15] == '1' then
  redis.call('SREM', d, hash)
  return {'nobody'}
end
local entry = class .. ARGV[4] .. string.format('%013d', now) .. ARGV[5]
local max = tonumber(ARGV[8])
if class == 'p' then max = max + tonumber(ARGV[9]) end
local n = redis.call('RPUSH', m, entry)
local full = n > max
if full then
  redis.call('RPOP', m)
  -- Whoever sent it hears that it was not taken, and may send it again.
  if ARGV[14] == '1' then
    redis.call('SREM', d, hash)
    return {'full'}
  end
  redis.call('XADD', j, '*', 'o', contact .. entry)
end
if record == '' then
  redis.call('PEXPIRE', d, ARGV[10])
  if not full then
    -- Whoever opted out and was deleted begins as somebody who opted out.
    local stop = redis.call('HGET', KEYS[7], contact) or '0'
    record = '00' .. day .. redis.call('EXISTS', e) .. stop .. '---' .. ARGV[12]
    flag = '0'
    redis.call('SET', r, record)
  end
elseif redis.call('SCARD', d) > tonumber(ARGV[11]) then
  redis.call('COPY', d, e, 'REPLACE')
  only(d, hash)
  redis.call('PEXPIRE', d, ARGV[10])
  redis.call('SETRANGE', r, 2, day .. '1')
elseif string.sub(record, 3, 3) ~= day then
  redis.call('PEXPIRE', d, ARGV[10])
  redis.call('SETRANGE', r, 2, day)
end
if full then return {'full'} end
if flag == 'M' or (flag == '1' and class ~= 'p') or (flag == '0' and n > 1) then return {'queued'} end
if ARGV[13] == '0' then
  redis.call('ZADD', a, now, contact)
  hint(r)
  return {'queued'}
end
redis.call('ZADD', a, now + ARGV[6], contact)
return {'claimed', now, record, n == 1 and {entry} or hand(m, flag == '1', tonumber(ARGV[7]))}
