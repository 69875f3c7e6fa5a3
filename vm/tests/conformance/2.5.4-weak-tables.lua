-- § 2.5.4: __mode: weak keys, weak values, both, ephemerons, and what is never removed.
local s = dofile "tests/conformance/lib/show.lua"

local function count(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
local function collect() collectgarbage() collectgarbage() end

for _, mode in ipairs { "k", "v", "kv", "vk", "", "x", "kx", "strong" } do
  local t = setmetatable({}, { __mode = mode })
  local kept = {}
  local function fill()
    t[1] = {} t[2] = kept t[3] = function() return t end t[4] = "string" t[5] = 5 t[6] = true
    t[{}] = 1 t[kept] = 2 t[{}] = {} t.name = {} t.text = ("x"):rep(100) t[print] = print
    t[coroutine.create(print)] = 1
    t["key" .. ("y"):rep(100)] = 1
  end
  fill()
  local before = count(t)
  collect()
  print(mode, before, count(t), type(t[1]), type(t[2]), type(t[3]), t[4], t[5], t[6], t[kept], type(t.name), t.text and #t.text, t[print] == print)
end
for _, mode in ipairs { 5, true } do
  local t = setmetatable({}, { __mode = mode })
  t[1] = {}
  collect()
  print(mode, type(t[1]))
end

print "-- ephemerons: a value that refers to its own key does not keep it"
do
  local e = setmetatable({}, { __mode = "k" })
  local function fill()
    local k = {}
    e[k] = { k }
    local a, b = {}, {}
    e[a] = b
    e[b] = a
    local f = {}
    e[f] = function() return f end
  end
  fill()
  collect()
  print(count(e))
  local root = {}
  local at = root
  for i = 1, 20 do local next = {} e[at] = next at = next end
  at = nil
  collect()
  print(count(e), type(e[e[e[root]]]))
  root = nil
  collect()
  print(count(e))
end

print "-- all weak: either end suffices"
do
  local t = setmetatable({}, { __mode = "kv" })
  local k, v = {}, {}
  t[k], t[{}], t[v] = {}, v, k
  collect()
  print(count(t), t[k], t[v] == k)
end

print "-- weak values in lists: holes"
do
  local list = setmetatable({}, { __mode = "v" })
  local keep = {}
  for i = 1, 10 do list[i] = i % 2 == 0 and {} or i keep[i] = i % 4 == 0 and list[i] or nil end
  collect()
  local out = {}
  for i = 1, 10 do out[i] = type(list[i]) end
  print(table.concat(out, " "))
  print(count(list))
end

print "-- strings, numbers, booleans are values: never removed"
do
  local t = setmetatable({}, { __mode = "kv" })
  for i = 1, 10 do t["s" .. i] = "v" .. i t[i + 0.5] = i t[i] = i % 2 == 0 end
  t[("long"):rep(50)] = ("longer"):rep(50)
  collect()
  print(count(t))
end

print "-- traversal with removal, reuse after collection"
do
  local t = setmetatable({}, { __mode = "k" })
  for round = 1, 3 do
    for i = 1, 50 do t[{}] = i end
    collect()
    print(round, count(t), next(t))
  end
  local anchor = {}
  for i = 1, 20 do anchor[i] = {} t[anchor[i]] = i t[{}] = -i end
  collect()
  local sum = 0
  for _, v in pairs(t) do sum = sum + v end
  print(count(t), sum)
end

print "-- the mode may change"
do
  local meta = {}
  local t = setmetatable({}, meta)
  t[1] = {}
  collect()
  print(type(t[1]))
  meta.__mode = "v"
  setmetatable(t, meta)
  collect()
  print(type(t[1]))
  t[1] = {}
  meta.__mode = nil
  setmetatable(t, meta)
  collect()
  print(type(t[1]))
end

print "-- weak caches"
do
  local made = 0
  local cache = setmetatable({}, { __mode = "v" })
  local function get(k) local o = cache[k] if not o then made = made + 1 o = { k } cache[k] = o end return o end
  local held = get "a"
  get "a" get "b"
  collect()
  get "a" get "b"
  print(made, held == get "a")
end

print "-- collectgarbage's options"
print(collectgarbage "isrunning", collectgarbage "stop", collectgarbage "isrunning", collectgarbage "restart", collectgarbage "isrunning")
print(collectgarbage(), collectgarbage "collect", math.type(collectgarbage "count"), collectgarbage "count" > 0)
print(collectgarbage "generational", collectgarbage "incremental", collectgarbage "incremental", collectgarbage("incremental", 100, 200, 10))
print(type(collectgarbage "step"), type(collectgarbage("step", 100)), math.type(collectgarbage("setpause", 160)), collectgarbage("setpause", 200), math.type(collectgarbage("setstepmul", 300)), collectgarbage("setstepmul", 100))
for _, bad in ipairs { "no", "", "Collect", 5, {} } do print(s.try(collectgarbage, bad)) end
print(s.try(collectgarbage, "step", "x"), s.try(collectgarbage, "setpause", {}), s.try(collectgarbage, nil))
