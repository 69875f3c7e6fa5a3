-- Stores into objects that the collector may have reached, each by one site in a function of its own: nothing else holds
-- what is stored.

local ballast = {}
for i = 1, 30 do ballast[i] = {i, {i}} end
local function breathe(n) for i = 1, n do local t = {i} end end
local rounds = STRESS and 20 or 120

-- Old objects, a store into each at some time of the cycle, and what they hold afterwards.
local function try(name, make, store, read)
  local sum = 0
  for r = 1, rounds do
    local objects = {}
    for i = 1, 6 do objects[i] = make(r + i) end
    breathe(r % 23 + 20)
    for i = 1, 6 do store(objects[i], r + i) breathe(1) end
    breathe(r % 7)
    for i = 1, 6 do sum = sum + read(objects[i]) end
  end
  print(name, sum)
end

try("own field", function(r) return {a = {r}, b = 1} end, function(o, r) o.a = {r + 1} end, function(o) return o.a[1] end)
try("new field", function(r) return {b = 1} end, function(o, r) o.a = {r + 1} end, function(o) return o.a[1] end)
try("field of two shapes", function(r) return r % 2 == 0 and {a = {r}} or {b = 1, a = {r}} end,
  function(o, r) o.a = {r + 1} end, function(o) return o.a[1] end)
try("new field with room", function(r) local o = {} o.b = 1 o.c = 2 return o end, function(o, r) o.a = {r + 1} end,
  function(o) return o.a[1] end)
do -- shapes that stay, so that they are found without an inline cache
  local kept = {}
  local function make(r) local o = {} o["k" .. r % 40] = 1 o.a = {r} return o end
  local function store(o, r) if o.a then o.a = {r + 1} end end
  local function read(o) return o.a[1] end
  for i = 0, 39 do kept[i] = make(i) end
  for i = 0, 79 do store(kept[i % 40], i) read(kept[i % 40]) end
  try("field of many shapes", make, store, read)
end
try("element", function(r) return {{r}, {r}} end, function(o, r) o[2] = {r + 1} end, function(o) return o[2][1] end)
try("element by variable", function(r) return {{r}, {r}} end, function(o, r) local i = r % 2 + 1 o[i] = {r + 1} end,
  function(o) return o[1][1] + o[2][1] end)
try("element of numbers", function(r) return {1, 2, 3} end, function(o, r) o[2] = {r + 1} end, function(o) return o[2][1] end)
try("appended", function(r) return {{r}} end, function(o, r) o[#o + 1] = {r + 1} end, function(o) return o[2][1] end)
try("key", function(r) return {[1.5] = 1} end, function(o, r) o[{r}] = r end,
  function(o) local sum = 0 for k in pairs(o) do sum = sum + (type(k) == "table" and k[1] or 0) end return sum end)
try("value of a key", function(r) return {[1.5] = {r}} end, function(o, r) o[1.5] = {r + 1} end, function(o) return o[1.5][1] end)
try("upvalue", function(r) local v = {r} return {set = function(x) v = {x} end, get = function() return v[1] end} end,
  function(o, r) o.set(r) end, function(o) return o.get() end)
try("metatable", function(r) return {} end, function(o, r) setmetatable(o, {__index = {x = {r}}}) end, function(o) return o.x[1] end)
try("becomes a metatable", function(r) return {__index = {x = {r}}} end, function(o, r) o[1] = setmetatable({}, o) end,
  function(o) return o[1].x[1] end)
try("becomes a dictionary", function(r) return setmetatable({}, {}) end,
  function(o, r) for i = 1, 514 do o["key" .. i] = i end end, function(o) return o.key514 end)
try("variables that are closed", function(r)
  return {co = coroutine.wrap(function(o)
    local v = {r}
    o.get = function() return v[1] end
    coroutine.yield()
    v = {r + 1}
  end)}
end, function(o, r) o.co(o) breathe(25) o.co() o.co = nil end, function(o) return o.get() end)

-- A list that is long in the making: what is put into it comes from calls.
local long = load("local v = ... return {" .. ("v(), "):rep(180) .. "}")
local sum = 0
for r = 1, STRESS and 5 or 20 do
  local n = 0
  local list = long(function() n = n + 1 breathe(n % 3) return {n} end)
  for i = 1, #list do sum = sum + list[i][1] end
end
print("constructor", sum)

-- Caches are filled with what nothing else refers to.
local function fill(name, source, argument)
  try(name, function(r) return {f = load(source)} end, function(o, r) o.result = o.f(argument(r)) end,
    function(o) return o.result end)
end
local function unique(r) return setmetatable({x = r}, {__index = {y = r, m = function() return r end}}) end
fill("cache of a field", "return (...).x", unique)
fill("cache of an inherited field", "return (...).y", unique)
fill("cache of a method", "local o = ... return o:m()", unique)
fill("cache of a store", "local o = ... o.x = 5 return 1", unique)
fill("cache of a new field", "local o = ... o.z = 5 return o.z", unique)
fill("cache of a call", "return ((...)())", function(r) return load("return " .. r) end)
fill("cache of a native", "return ((...)('x') or 0)", function(r)
  local find = ("1 2 3"):gmatch("%d") return function() return tonumber(find()) end
end)
fill("cache of a native function", "return tonumber((...)())", function(r) return ("1 2 3"):gmatch("%d") end)

-- A file's metatable.
local file, original = io.stdout, debug.getmetatable(io.stdout)
for r = 1, rounds do
  local copy = {}
  for k, v in pairs(original) do copy[k] = v end
  debug.setmetatable(file, copy)
  copy = nil
  breathe(r % 31)
end
print("metatable of a file", type(file.write))
debug.setmetatable(file, original)
