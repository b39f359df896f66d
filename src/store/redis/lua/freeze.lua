-- Stops work on a contact that is to be moved: a new token, nobody looks at it any more. Inputs are still accepted, and wait.
-- KEYS r m d e a k o   ARGV now into new effect
local r, m, d, e, a, k, o = unpack(KEYS)
local record = redis.call('GET', r)
if not record then return {'gone'} end
local flag = string.sub(record, 1, 1)
if flag == 'A' then return {'moved', string.sub(record, 25, 46)} end
if flag == 'M' then
  if string.sub(record, 25, 46) ~= ARGV[2] then return {'elsewhere', string.sub(record, 25, 46)} end
else
  local head = redis.call('LINDEX', o, 0)
  if not head or string.sub(head, 16, 35) ~= ARGV[4] then return {'settled'} end
  if redis.call('LLEN', o) > 1 then return {'busy'} end
  record = 'M0' .. string.sub(record, 3, 5) .. '---' .. ARGV[3] .. ARGV[2] .. string.sub(record, 25)
  redis.call('SET', r, record)
  redis.call('ZREM', a, string.sub(r, 12))
end
return {
  'frozen', record, redis.call('LRANGE', m, 0, -1), redis.call('SMEMBERS', d), redis.call('SMEMBERS', e), redis.call('HKEYS', k)
}
