-- Locals of coroutines that are set from outside, while the collector may be at any point of a cycle.

local ballast = {}
for i = 1, 200 do ballast[i] = {i, {i}, name = "ballast" .. i} end
local function breathe(n) for i = 1, n do local t = {i} end end

local co = coroutine.wrap(function() local held = {1} while true do coroutine.yield(coroutine.running(), held[1]) end end)
local thread = co()
local sum = 0
for r = 1, STRESS and 30 or 400 do
  if r % 2 == 0 then debug.setlocal(thread, 1, 1, {r}) end
  breathe(2)
  if r % 5 == 0 then sum = sum + select(2, co()) end
end
print("locals", sum)
