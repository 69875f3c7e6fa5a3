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
