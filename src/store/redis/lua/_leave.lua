-- What is taken out of a key goes at the end, in one command: while a slot moves to another node, a script fails at a key that it emptied
-- itself, and Redis does not roll back.
local leaving = {}
local function leave(command, key, member)
  local last = leaving[command .. key]
  if not last or #last > 64 then
    last = {command, key}
    leaving[command .. key] = last
    leaving[#leaving + 1] = last
  end
  last[#last + 1] = member
end
local function leave_now()
  for _, last in ipairs(leaving) do redis.call(unpack(last)) end
end
