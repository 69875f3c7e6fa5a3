-- Everything that can store a reference into an object, while the collector may be at any point of a cycle.

local out = {}
local function note(...) out[#out + 1] = table.concat({...}, " ") end
local rounds = STRESS and 30 or 400

-- something to mark, so that a cycle takes its time, and something to poll at
local ballast = {}
for i = 1, 200 do ballast[i] = {i, {i}, name = "ballast" .. i} end
local function breathe(n) for i = 1, n do local t = {i} end end

local function check(name, list, count)
  local sum = 0
  for i = 1, count do sum = sum + list[i].v[1] end
  note(name, sum)
end

do -- array elements, appended and overwritten
  local list = {}
  for i = 1, 50 do list[i] = {v = {i}} end
  for r = 1, rounds do
    local at = r % 50 + 1
    list[at] = {v = {r}}
    list[#list + 1] = {v = {r}}
    breathe(3)
  end
  check("array", list, #list)
end

do -- elements that move: insert, remove, sort, move
  local list = {}
  for i = 1, 150 do list[i] = {v = {i}} end
  for r = 1, rounds do
    local taken = table.remove(list, r % 17 + 1)
    breathe(2)
    table.insert(list, r % 29 + 1, {v = {taken.v[1] + r}})
    if r % 10 == 0 then table.sort(list, function(a, b) return a.v[1] < b.v[1] end) end
    if r % 13 == 0 then list = table.move(list, 1, #list, 1, {}) end
  end
  check("moves", list, #list)
  local names = {}
  for i = 1, 300 do names[i] = "a name that is too long to be interned, number " .. (i * 7919) % 1000 end
  for r = 1, rounds do
    names[r % 300 + 1] = "another name that is too long to be interned, number " .. r
    table.sort(names)
    breathe(1)
  end
  note("names", names[1], names[150], names[300])
end

do -- fields: new ones, old ones, many shapes
  local objects = {}
  for r = 1, rounds do
    local o = objects[r % 20 + 1] or {}
    objects[r % 20 + 1] = o
    breathe(1)
    o.first = {r}
    o["field" .. r % 7] = {r + 1}
    if r % 5 == 0 then o.late = {v = {r}} end
    breathe(1)
  end
  local sum = 0
  for i = 1, 20 do for _, value in pairs(objects[i] or {}) do sum = sum + (value[1] or value.v[1]) end end
  note("fields", sum)
end

do -- dictionaries that grow and shrink, keys that are objects
  local map, keys = {}, {}
  for r = 1, rounds * 3 do
    local key = {r}
    map[key] = {v = {r}}
    map["key number " .. r % 600] = {v = {r}}
    map[r * 1000] = {v = {r}}
    keys[r % 40 + 1] = key
    if r % 3 == 0 then map[(r - 30) * 1000] = nil end
    breathe(1)
  end
  local sum, n = 0, 0
  for key, value in pairs(map) do
    n = n + 1
    sum = sum + value.v[1] + (type(key) == "table" and key[1] or 0)
  end
  note("dictionary", n, sum)
end

do -- upvalues, shared and closed
  local shared = {0}
  local function get() return shared[1] end
  local function set(v) shared = {v} end
  local counters = {}
  for i = 1, 20 do
    local state = {0}
    counters[i] = function() state = {state[1] + 1} return state[1] end
  end
  for r = 1, rounds do
    set(get() + 1)
    counters[r % 20 + 1]()
    breathe(2)
  end
  local sum = get()
  for i = 1, 20 do sum = sum + counters[i]() end
  note("upvalues", sum)
end

do -- coroutines: stacks that change while they are suspended or dead to the collector
  local workers, getters = {}, {}
  for i = 1, 15 do
    workers[i] = coroutine.wrap(function()
      local held, n = {0}, 0
      getters[i] = function() return held[1] end
      while true do
        n = n + 1
        held = {n}
        local other = {n * 2}
        breathe(1)
        coroutine.yield(held[1] + other[1])
        held = {held[1] + other[1]}
      end
    end)
  end
  local sum = 0
  for r = 1, rounds do
    local at = r % 15 + 1
    sum = sum + workers[at]() + getters[at]()
    breathe(1)
    if r % 25 == 0 then -- its thread dies, its variable lives
      local i = r // 25 % 15 + 1
      local getter = getters[i]
      workers[i] = coroutine.wrap(function()
        local held = {i}
        getters[i] = function() return held[1] + getter() end
        while true do held = {held[1] + 1} coroutine.yield(held[1]) end
      end)
      workers[i]()
    end
  end
  for i = 1, 15 do sum = sum + getters[i]() end
  note("coroutines", sum)
  local deep = coroutine.wrap(function()
    local function down(n, held)
      if n == 0 then
        for r = 1, rounds do
          held = {held[1] + 1}
          coroutine.yield(held[1])
        end
        return held[1]
      end
      return down(n - 1, {held[1] + 1}) + held[1]
    end
    return down(300, {1})
  end)
  local last
  for r = 1, rounds do last = deep() breathe(2) end
  note("deep", last, deep())
end

do -- metatables and methods
  local classes, objects = {}, {}
  for r = 1, rounds do
    local class = {name = {r}}
    class.__index = class
    function class:get() return self.name[1] + (self.extra and self.extra[1] or 0) end
    classes[r % 10 + 1] = class
    local object = setmetatable(objects[r % 30 + 1] or {}, class)
    objects[r % 30 + 1] = object
    breathe(2)
    object.extra = {r}
    if r % 6 == 0 then class.name = {r + 1} end
  end
  local sum = 0
  for i = 1, 30 do if objects[i] then sum = sum + objects[i]:get() end end
  note("metatables", sum)
end

do -- weak tables whose mode changes
  local weak, held = setmetatable({}, {__mode = "v"}), {}
  for r = 1, rounds do
    local o = {r}
    weak[r % 20 + 1] = o
    held[r % 20 + 1] = o
    if r % 7 == 0 then setmetatable(weak, nil) end
    if r % 7 == 3 then setmetatable(weak, {__mode = r % 2 == 0 and "k" or "v"}) end
    breathe(2)
  end
  local sum = 0
  for i = 1, 20 do if held[i] then sum = sum + (weak[i] == held[i] and held[i][1] or 0) end end
  note("weak", sum)
end

do -- upvalues that are joined or set from outside
  local function make(v) local state = {v} return function() return state[1] end end
  local functions = {}
  for i = 1, 10 do functions[i] = make(i) end
  local sum = 0
  for r = 1, rounds do
    local a, b = functions[r % 10 + 1], functions[r % 7 + 1]
    if r % 3 == 0 then debug.upvaluejoin(a, 1, make(r), 1) else debug.setupvalue(b, 1, {r}) end
    breathe(2)
    sum = sum + a() + b()
  end
  note("debug", sum)
end

do -- strings that die, and are made again
  local n = 0
  for r = 1, rounds do
    local map = {}
    for i = 1, 20 do map["interned " .. (r * i) % 97] = i end
    breathe(2)
    for i = 0, 96 do if map["interned " .. i] then n = n + 1 end end
  end
  note("strings", n)
end

do -- finalizers, resurrected and not
  local count, saved = 0, {}
  local meta = {__gc = function(o) count = count + 1 saved[count % 10 + 1] = o.payload end}
  for r = 1, rounds do setmetatable({payload = {r}}, meta) breathe(2) end
  collectgarbage() collectgarbage()
  local ok = true
  for _, payload in pairs(saved) do ok = ok and type(payload[1]) == "number" end
  note("finalizers", count, tostring(ok))
end

local sum = 0
for i = 1, 200 do sum = sum + ballast[i][1] + ballast[i][2][1] + #ballast[i].name end
note("ballast", sum)
print(table.concat(out, "\n"))
