-- One turn: record, mailbox, lanes, alarm and journal, if the token still matches.
-- KEYS r m a j [k] [f] [x xt] [lane w w2] [lane wb wt] (lane w)* [p]
-- ARGV now expect new hold ids alarm journal blob lease k keep sendlease who stop aside
--      adds removes versions given hurried  add* remove* (version delta)*  [w4 w42 (id journal reply)*]  [wb4]  (count due take body*)*
--      take: 0, 1, or `EVERY BURST` where messages to one contact are counted, in p
--      given: messages that are given up. w and w4: the set of the lane's head, w2 and w42: of the next one, as the caller thinks
--      hurried: pairs of sets; what waits in the first gives way to conversations, which now follow, and goes to the second. wb4: where
--      the lane's head waits, if it is one of these, as the caller thinks; wb and wt: that set and where it goes
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
local adds, removes, versions, given = tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18]), tonumber(ARGV[19])
local g = 5 + (adds + removes > 0 and 1 or 0) + (versions > 0 and 1 or 0) + (ARGV[15] ~= '' and 2 or 0)
local q = 21 + adds + removes + 2 * versions
local hg, hq = g + (given > 0 and 3 or 0), q + (given > 0 and 2 + given * 3 or 0)
-- Only what nobody has begun, or what was surely not sent, can be given up.
local out, headgone, after, leaves = {}, nil, nil, {}
if given > 0 then
  local asked = {}
  for i = 0, given - 1 do asked[ARGV[q + 2 + i * 3]] = q + 2 + i * 3 end
  for i, entry in ipairs(redis.call('LRANGE', KEYS[g], 0, -1)) do
    local at = asked[string.sub(entry, 16, 35)]
    if at and string.sub(entry, 1, 1) == 'q' then
      out[#out + 1] = {entry, at}
      leaves[string.sub(entry, 16, 35)] = true
      if i == 1 then headgone = string.sub(entry, 4, 7) end
    elseif not after then after = string.sub(entry, 4, 7) end
  end
  if headgone and (headgone ~= ARGV[q] or (after and after ~= ARGV[q + 1])) then
    return {'redo', headgone, after or headgone, ''}
  end
end
local goes, hurries, first = {}, false, true
if ARGV[20] ~= '' then
  for i = 1, #ARGV[20], 8 do goes[string.sub(ARGV[20], i, i + 3)] = string.sub(ARGV[20], i + 4, i + 7) end
  for _, entry in ipairs(redis.call('LRANGE', KEYS[hg], 0, -1)) do
    if not leaves[string.sub(entry, 16, 35)] then
      local set = string.sub(entry, 4, 7)
      hurries = hurries or goes[set]
      if first and goes[set] and set ~= ARGV[hq] then return {'redo', '', '', set} end
      first = false
    end
  end
end
redis.call('SET', r, ARGV[4] .. '0' .. string.sub(h, 3, 4) .. ARGV[14] .. '---' .. ARGV[3] .. ARGV[8])
local key, p = 5, 21
if adds + removes > 0 then
  for i = 1, adds do redis.call('HSET', KEYS[key], ARGV[p], '1') p = p + 1 end
  for i = 1, removes do leave('HDEL', KEYS[key], ARGV[p]) p = p + 1 end
  key = key + 1
end
if versions > 0 then
  for i = 1, versions do
    if redis.call('HINCRBY', KEYS[key], ARGV[p], ARGV[p + 1]) == 0 then leave('HDEL', KEYS[key], ARGV[p]) end
    p = p + 2
  end
  key = key + 1
end
if ARGV[15] ~= '' then
  for i = 1, #ARGV[15] / 16 do
    local id = string.sub(ARGV[15], i * 16 - 15, i * 16)
    for _, entry in ipairs(mine) do
      if string.sub(entry, 2, 17) == id then
        redis.call('HSET', KEYS[key], contact .. id, 'I' .. contact .. entry)
        redis.call('ZADD', KEYS[key + 1], now, contact .. id)
      end
    end
  end
  key = key + 2
end
local started, idle, told, stands = {}, false, false, nil
if given > 0 then
  for _, one in ipairs(out) do
    local reply = ARGV[one[2] + 2]
    if reply ~= '' then
      redis.call('RPUSH', m, 'p' .. string.sub(reply, 1, 16) .. string.format('%013d', now) .. string.sub(reply, 17))
      told = true
    end
  end
  if headgone and after then
    redis.call('ZADD', KEYS[g + 2], now, string.sub(KEYS[g], 12))
    stands, idle = KEYS[g + 2], true
  end
  key, p = g + 3, q + 2 + given * 3
end
if ARGV[20] ~= '' then
  local lane, member, ahead = KEYS[hg], string.sub(KEYS[hg], 12), true
  for i, entry in ipairs(hurries and redis.call('LRANGE', lane, 0, -1) or {}) do
    local stays = not leaves[string.sub(entry, 16, 35)]
    local talk = goes[string.sub(entry, 4, 7)]
    if talk and stays then
      redis.call('LSET', lane, i - 1, string.sub(entry, 1, 3) .. talk .. string.sub(entry, 8))
      local at = ahead and redis.call('ZSCORE', KEYS[hg + 1], member)
      if at then
        leave('ZREM', KEYS[hg + 1], member)
        -- Whoever has a ticket for it begins nothing with that any more: it is due. What was never begun waits so long only for a lease,
        -- and what was tried and surely did not leave may wait for what only broadcasts lack.
        local tried = string.sub(entry, 2, 3) ~= '00'
        if string.sub(entry, 1, 1) == 'q' and (tried or tonumber(at) > now + tonumber(ARGV[12]) / 2) then
          at = math.min(tonumber(at), now)
        end
        redis.call('ZADD', KEYS[hg + 2], at, member)
        stands, idle = KEYS[hg + 2], idle or tonumber(at) <= now
      end
    end
    ahead = ahead and not stays
  end
  key, p = hg + 3, hq + 1
end
while key < #KEYS do
  local lane, w = KEYS[key], KEYS[key + 1]
  local count, due = tonumber(ARGV[p]), tonumber(ARGV[p + 1])
  local bodies = {unpack(ARGV, p + 3, p + 2 + count)}
  -- What is given up is still there.
  local gone = given > 0 and lane == KEYS[g] and #out or 0
  if redis.call('RPUSH', lane, unpack(bodies)) == count + gone then
    if gone > 0 then stands = w end
    local takes = ARGV[p + 2] ~= '0' and due <= now
    local every, burst = string.match(ARGV[p + 2], '^(%d+) (%d+)$')
    local later = takes and every and paced(KEYS[#KEYS], tonumber(every), tonumber(burst))
    if takes and not later then
      local taken = 's01' .. string.sub(bodies[1], 4, 7) .. ARGV[13] .. string.sub(bodies[1], 16)
      redis.call('LSET', lane, gone, taken)
      redis.call('ZADD', w, now + ARGV[12] + frac, string.sub(lane, 12))
      started[#started + 1] = string.sub(lane, 12)
      started[#started + 1] = taken
    else
      redis.call('ZADD', w, math.max(due, now, later or 0), string.sub(lane, 12))
      idle = idle or (due <= now and not later)
    end
  end
  key, p = key + 2, p + 3 + count
end
for _, one in ipairs(out) do redis.call('LREM', KEYS[g], 1, one[1]) end
if headgone and stands ~= KEYS[g + 1] then leave('ZREM', KEYS[g + 1], string.sub(KEYS[g], 12)) end
if n > 0 then
  if inorder then redis.call('LPOP', m, n) else for i = 1, n do redis.call('LREM', m, 1, mine[i]) end end
end
leave_now()
redis.call('XADD', j, '*', 'b', ARGV[7])
local withdrawn = {}
for i, one in ipairs(out) do
  redis.call('XADD', j, '*', 'b', ARGV[one[2] + 1])
  withdrawn[i] = ARGV[one[2]]
end
if #rest > 0 then
  if ARGV[11] == '1' then
    redis.call('ZADD', a, now + ARGV[9], contact)
  else
    redis.call('ZADD', a, now, contact)
    rest, idle = {}, true
  end
elseif told then
  redis.call('ZADD', a, now, contact)
  idle = true
elseif ARGV[6] ~= '' then redis.call('ZADD', a, ARGV[6], contact)
else redis.call('ZREM', a, contact) end
if idle then hint(r) end
return {'ok', now, rest, started, withdrawn}
