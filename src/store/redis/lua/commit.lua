-- One turn: record, mailbox, lanes, alarm and journal, if the token still matches.
-- KEYS r m a j [k] [f] [x xt] (lane w)*
-- ARGV now expect new hold ids alarm journal blob lease k keep sendlease who stop aside
--      adds removes versions  add* remove* (version delta)*  (count due take body*)*
local r, m, a, j = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local contact = string.sub(r, 12)
local h = redis.call('GETRANGE', r, 0, 23)
if h == '' then return {'gone'} end
local token = string.sub(h, 9, 24)
if token == ARGV[3] then return {'already'} end
if token ~= ARGV[2] then return {'stale'} end
-- Redis does not roll back: everything is looked at before the first write.
local ids, hold, k = ARGV[5], ARGV[4] == '1', tonumber(ARGV[10])
local n = #ids / 16
local washeld = string.sub(h, 1, 1) == '1'
local box = redis.call('LRANGE', m, 0, (hold or washeld) and -1 or n + k - 1)
local inorder, rest, place, mine, left = true, {}, {}, {}, n
for i = 1, n do place[string.sub(ids, i * 16 - 15, i * 16)] = i end
for i, entry in ipairs(box) do
  local id = string.sub(entry, 2, 17)
  if place[id] then
    if place[id] ~= i then inorder = false end
    mine[place[id]] = entry
    place[id] = nil
    left = left - 1
  elseif #rest < k and (not hold or string.sub(entry, 1, 1) == 'p') then
    rest[#rest + 1] = entry
  end
end
if left > 0 then return {'missing'} end
redis.call('SET', r, ARGV[4] .. '0' .. string.sub(h, 3, 4) .. ARGV[14] .. '---' .. ARGV[3] .. ARGV[8])
if n > 0 then
  if inorder then redis.call('LPOP', m, n) else for i = 1, n do redis.call('LREM', m, 1, mine[i]) end end
end
local adds, removes, versions = tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18])
local key, p = 5, 19
if adds + removes > 0 then
  for i = 1, adds do redis.call('HSET', KEYS[key], ARGV[p], '1') p = p + 1 end
  for i = 1, removes do redis.call('HDEL', KEYS[key], ARGV[p]) p = p + 1 end
  key = key + 1
end
if versions > 0 then
  for i = 1, versions do
    if redis.call('HINCRBY', KEYS[key], ARGV[p], ARGV[p + 1]) == 0 then redis.call('HDEL', KEYS[key], ARGV[p]) end
    p = p + 2
  end
  key = key + 1
end
if ARGV[15] ~= '' then
  for i = 1, #ARGV[15] / 16 do
    local id = string.sub(ARGV[15], i * 16 - 15, i * 16)
    for _, entry in ipairs(mine) do
      if string.sub(entry, 2, 17) == id then
        redis.call('HSET', KEYS[key], id, 'I' .. contact .. entry)
        redis.call('ZADD', KEYS[key + 1], now, id)
      end
    end
  end
  key = key + 2
end
local started, idle = {}, false
while key < #KEYS do
  local lane, w = KEYS[key], KEYS[key + 1]
  local count, due = tonumber(ARGV[p]), tonumber(ARGV[p + 1])
  local bodies = {unpack(ARGV, p + 3, p + 2 + count)}
  if redis.call('RPUSH', lane, unpack(bodies)) == count then
    if ARGV[p + 2] == '1' and due <= now then
      local taken = 's01' .. string.sub(bodies[1], 4, 7) .. ARGV[13] .. string.sub(bodies[1], 16)
      redis.call('LSET', lane, 0, taken)
      redis.call('ZADD', w, now + ARGV[12] + frac, string.sub(lane, 12))
      started[#started + 1] = string.sub(lane, 12)
      started[#started + 1] = taken
    else
      redis.call('ZADD', w, math.max(due, now), string.sub(lane, 12))
      idle = idle or due <= now
    end
  end
  key, p = key + 2, p + 3 + count
end
redis.call('XADD', j, '*', 'b', ARGV[7])
if #rest > 0 then
  if ARGV[11] == '1' then
    redis.call('ZADD', a, now + ARGV[9], contact)
  else
    redis.call('ZADD', a, now, contact)
    rest, idle = {}, true
  end
elseif ARGV[6] ~= '' then redis.call('ZADD', a, ARGV[6], contact)
else redis.call('ZREM', a, contact) end
if idle then hint(r) end
return {'ok', now, rest, started}
