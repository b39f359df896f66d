-- Lets an address at which nobody is lead to a contact; or ends that, when all that was seen is forgotten.
-- KEYS r   ARGV now to token link ttl
local r = KEYS[1]
local h = redis.call('GETRANGE', r, 0, 45)
local leads = string.sub(h, 1, 1) == 'A' and string.sub(h, 25, 46)
if ARGV[4] == '0' then
  if leads == ARGV[2] then redis.call('PEXPIRE', r, ARGV[5]) end
  return {'ok'}
end
if h == '' then
  redis.call('SET', r, 'A0' .. string.char(33 + math.floor(now / 86400000) % 94) .. '00---' .. ARGV[3] .. ARGV[2])
  return {'ok'}
end
if leads == ARGV[2] then
  redis.call('PERSIST', r)
  return {'ok'}
end
if leads then return {'elsewhere', leads} end
return {'taken'}
