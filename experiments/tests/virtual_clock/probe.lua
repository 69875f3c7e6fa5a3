-- Prints what a program could tell processes apart by, after enough work that the collector and the compilers have had
-- their say in it.
local shapes, sum = {}, 0
local function make(i)
  local object = {}
  object["f" .. i % 37] = i
  object["g" .. i % 11] = i
  return object
end
for i = 1, 40000 do
  local object = make(i)
  shapes[i % 501] = object
  -- Sites that see many shapes.
  sum = sum + (object["f" .. i % 37] or 0) + (object.f3 or 0) + (object.f5 or 0) + (object.g1 or 0)
  if i % 3 == 0 then shapes[tostring(i)] = i end
  if i % 5 == 0 then shapes[tostring(i - 2)] = nil end
  if i % 1000 == 0 then tostring(object) end
end

local weak = setmetatable({}, {__mode = "k"})
for i = 1, 10000 do
  weak[{}] = {i}
  if i % 100 == 0 then tostring(weak) end
end
local entries = 0
for _ in pairs(weak) do entries = entries + 1 end

local coroutines = {}
for i = 1, 300 do
  coroutines[i] = coroutine.wrap(function(x) while true do x = coroutine.yield(x * 2) end end)
end
for _ = 1, 5 do
  for i = 1, 300 do sum = sum + coroutines[i](i) end
end

-- Keys that are hashed by address.
local keys, order = {}, 0
for i = 1, 3000 do
  keys[{}] = i
  keys[function() end] = i
  keys[i * 1.5] = i
end
for _, value in pairs(keys) do order = (order * 31 + value) % 1000007 end

local numbers = {}
for i = 1, 2000 do numbers[i] = math.sin(i) ^ 2 * math.random(1000) end
table.sort(numbers, function(a, b) return a < b end)

local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end

setmetatable({}, {__gc = function() print("finalizer", sum) end})
collectgarbage()
print(sum, entries, order, deep(50000), string.format("%.17g %.17g", numbers[1], numbers[2000]))
print(collectgarbage("count"), tostring(keys), string.format("%p", weak), print)
print(os.time(), os.clock(), os.date(), os.date("*t").hour, os.time({year = 2024, month = 5, day = 1}))
print(math.random(), math.randomseed())
print(math.random(1000000), #arg, arg[-2], arg[-1], arg[0], arg[1])
-- As deep as the Lua stack is, in frames that are large in builds that are not optimised.
local function endless(...) return 1 + endless(...) end
for _ = 1, 3 do print(pcall(endless)) end
