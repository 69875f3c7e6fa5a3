local function loops(t, n)
  while n > 0 do
    n = n - 1
    if t[n] then break end
  end
  while true do
    local x = t.x
    t.f = function() return x end
    if x == n then break end
    if not x then goto continue end
    n = x
    ::continue::
  end
  repeat
    local done = t:next(n)
    t.g = function() return done end
  until done or n < 10
  repeat n = n + 1 until true
  for i = 1, n do
    if i == 5 then goto skip end
    t[i] = i
    ::skip::
  end
  for i = n, 1.5, -1 do t[#t + 1] = function() return i end end
  for k, v in pairs(t) do
    if v then break end
    t[k] = nil
  end
  ::top::
  n = n // 2
  if n ~= 0 then goto top end
  do
    local c <close> = t
    goto top
  end
end
