-- Deletes a contact, if its record is at the token. The sets of what was seen stay until they expire.
-- KEYS r m d a j k o w s f x xt (lane w)*
-- ARGV now expect w4 stop ttl journals seens faileds versions  journal* hash* id* (version delta)*
--      w and w4: the set of the send lane's head, as the caller thinks; stop: what is kept under this address
local r, m, d, a, j, k, o, w, s, f = unpack(KEYS, 1, 10)
local contact = string.sub(r, 12)
local h = redis.call('GETRANGE', r, 0, 45)
if h == '' then return {'gone'} end
if string.sub(h, 1, 1) == 'A' then return {'moved', string.sub(h, 25, 46)} end
if string.sub(h, 1, 1) == 'M' then return {'moving', string.sub(h, 25, 46)} end
if string.sub(h, 9, 24) ~= ARGV[2] then return {'stale'} end
local head = redis.call('LINDEX', o, 0)
if head and string.sub(head, 4, 7) ~= ARGV[3] then return {'redo', string.sub(head, 4, 7)} end
local inputs, messages, lanes, failed = redis.call('LLEN', m), redis.call('LLEN', o), 0, 0
redis.call('UNLINK', r, m, k, o)
redis.call('ZREM', a, contact)
leave('ZREM', w, contact)
if ARGV[4] == '0' then redis.call('HDEL', s, contact) else redis.call('HSET', s, contact, ARGV[4]) end
local p = 10
for _ = 1, tonumber(ARGV[6]) do
  redis.call('XADD', j, '*', 'b', ARGV[p])
  p = p + 1
end
for _ = 1, tonumber(ARGV[7]) do
  redis.call('SADD', d, ARGV[p])
  p = p + 1
end
if redis.call('PTTL', d) == -1 then redis.call('PEXPIRE', d, ARGV[5]) end
for _ = 1, tonumber(ARGV[8]) do
  local value = redis.call('HGET', KEYS[11], ARGV[p])
  if value and string.sub(value, 2, 23) == contact then
    leave('HDEL', KEYS[11], ARGV[p])
    leave('ZREM', KEYS[12], ARGV[p])
    failed = failed + 1
  end
  p = p + 1
end
for _ = 1, tonumber(ARGV[9]) do
  if redis.call('HINCRBY', f, ARGV[p], ARGV[p + 1]) == 0 then leave('HDEL', f, ARGV[p]) end
  p = p + 2
end
for i = 13, #KEYS, 2 do
  lanes = lanes + redis.call('UNLINK', KEYS[i])
  leave('ZREM', KEYS[i + 1], string.sub(KEYS[i], 12))
end
leave_now()
return {'ok', inputs, messages, lanes, failed}
