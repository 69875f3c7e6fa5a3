-- Found by random programs.

-- Key 0 is an entry of the dictionary to `next`, the start to the iterator of `ipairs`.
local function keys(iterate, ...)
  local found, steps = {}, 0
  for key in iterate(...) do
    steps = steps + 1
    if steps > 20 then return "endless" end
    found[#found + 1] = tostring(key)
  end
  return table.concat(found, " ")
end
local mixed = {}
for _, key in ipairs { 1, "k", 2, 0 } do mixed[key] = true end
for _ = 1, 3 do
  print(keys(pairs, mixed))
  print(keys(function(t) return next, t end, mixed))
  print(keys(ipairs, mixed))
end

-- Integer keys between length and capacity of the array part are in the dictionary: `next` goes on behind them.
do
  local function listed(t)
    local found = {}
    local key, value = next(t)
    while key ~= nil and #found < 20 do
      found[#found + 1] = tostring(key) .. "=" .. type(value)
      key, value = next(t, key)
    end
    table.sort(found)
    return table.concat(found, " ")
  end
  -- The same loop on a table inside of the table.
  local function nested(t)
    local count = 0
    for _, value in next, t do
      count = count + 1
      if count > 20 then return "endless" end
      if type(value) == "table" then count = count + nested(value) end
    end
    return count
  end
  local function keyed(a, b, value)
    return { [a] = value, [b] = 1 }
  end
  for _ = 1, 30 do keyed(3, 1, 0) end
  print(listed(keyed(3, 1, 0)), listed(keyed(4, 1, 0)), listed(keyed(2, 1, 0)))
  print(nested(keyed(3, 1, keyed(3, 1, { [3] = 3, c = 5 }))))
  -- A key that has moved from the dictionary to the array, which then shrinks while it is traversed.
  local t = { x = 1, y = 2 }
  t[3] = 3
  t[1] = 1
  t[2] = 2
  local seen = 0
  local key = next(t)
  while key ~= nil do
    seen = seen + 1
    if math.type(key) then t[key] = nil end
    key = next(t, key)
  end
  print(seen, listed(t))
end
