-- Ends the move of a contact: what was moved leaves the mailbox; when nothing is left the contact is a stub that leads to the other one.
-- KEYS r m d e a j k f   ARGV now into ids journal stop (version delta)*
--      stop: all kinds, so that what is done again for the contact from here on asks the other one first
local r, m = KEYS[1], KEYS[2]
local h = redis.call('GETRANGE', r, 0, 45)
if h == '' then return {'gone'} end
local flag, there = string.sub(h, 1, 1), string.sub(h, 25, 46) == ARGV[2]
if flag == 'A' and there then return {'ok'} end
if flag ~= 'M' or not there then return {'not'} end
local moved, n = {}, #ARGV[3] / 16
for i = 1, n do moved[string.sub(ARGV[3], i * 16 - 15, i * 16)] = true end
local gone = 0
for _, entry in ipairs(redis.call('LRANGE', m, 0, n - 1)) do
  if not moved[string.sub(entry, 2, 17)] then break end
  gone = gone + 1
end
if redis.call('LLEN', m) > gone then
  if gone > 0 then redis.call('LPOP', m, gone) end
  return {'more', redis.call('LRANGE', m, 0, -1)}
end
redis.call('UNLINK', m, KEYS[3], KEYS[4], KEYS[7])
redis.call('ZREM', KEYS[5], string.sub(r, 12))
redis.call('SET', r, 'A' .. string.sub(h, 2, 4) .. ARGV[5] .. string.sub(h, 6, 24) .. ARGV[2])
for i = 6, #ARGV, 2 do
  if redis.call('HINCRBY', KEYS[8], ARGV[i], ARGV[i + 1]) == 0 then leave('HDEL', KEYS[8], ARGV[i]) end
end
leave_now()
redis.call('XADD', KEYS[6], '*', 'b', ARGV[4])
return {'ok'}
