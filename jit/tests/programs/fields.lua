-- Named fields at sites that have seen nothing when they are compiled, one shape, another shape than before, and many.
local unpack = table.unpack

-- Tables whose shapes differ from each other, with field `v` in different slots.
local function shapes(n, metatable)
  local made = {}
  for i = 1, n do
    local t = {}
    for j = 1, i % 7 do t["p" .. i .. "_" .. j] = j end
    t.v = i
    t["q" .. i] = i
    made[i] = setmetatable(t, metatable)
  end
  return made
end

local function get(t) return t.v end
local function put(t, v) t.v = v end
local function call(t, ...) return t:method(...) end
local function total(list) local sum = 0 for i = 1, #list do sum = sum + (get(list[i]) or 1000) end return sum end

-- Nothing seen; then one shape; another; many.
print(get({}), get({ v = 1 }), get({ v = 2 }), get({ w = 1, v = 3 }), get({ v = nil, w = 1 }))
for _ = 1, 40 do put({ v = 1 }, 2) end
local many = shapes(60)
for _ = 1, 5 do print(total(many)) end
for round = 1, 3 do
  for i = 1, #many do put(many[i], i * round) end
  print(total(many))
end

-- Nil in a field, and over it.
for i = 1, #many, 3 do put(many[i], nil) end
print(total(many))
for i = 1, #many do put(many[i], i) end
print(total(many))

-- The same with metatables: nil asks `__index`, and a store over nil `__newindex`.
local stored, asked = {}, 0
local meta = {
  __index = function(_, key) asked = asked + 1 return key == "v" and 7 or nil end,
  __newindex = function(t, key, value) stored[#stored + 1] = value if #stored % 2 == 0 then rawset(t, key, value) end end,
}
local watched = shapes(60, meta)
for round = 1, 4 do
  for i = 1, #watched do put(watched[i], i + round) end
  print(total(watched), asked, #stored)
  for i = round, #watched, 4 do watched[i].v = nil end
  print(total(watched), asked, #stored)
end

-- Methods through `__index` of many classes: replaced, removed, hidden by a field, inherited anew.
local base = { method = function(self, x) return "base" .. self.v + x end }
base.__index = base
local objects = {}
for i = 1, 50 do
  local class = setmetatable({}, base)
  class.__index = class
  if i % 3 == 0 then class.method = function(self, x) return "class" .. self.v * x end end
  class["k" .. i] = i
  objects[i] = setmetatable({ v = i, ["o" .. i % 5] = i }, class)
end
local function methods()
  local text = {}
  for round = 1, 3 do for i = 1, #objects do text[i] = call(objects[i], round) end end
  local sum = 0
  for i = 1, #text do sum = (sum * 31 + #text[i] + text[i]:byte(1)) % 1000003 end
  return sum, text[1], text[3], text[50]
end
print(methods())
function base:method(x) return "again" .. self.v - x end
print(methods())
getmetatable(objects[3]).method = nil
print(methods())
objects[1].method = function() return "own" end
print(methods())
setmetatable(getmetatable(objects[50]), { __index = { method = function() return "other" end } })
print(methods())
base.method = nil
print(pcall(methods))
base.method = function() return "back" end
print(methods())

-- Classes as the receivers of such stores: what was looked up through them ends.
local function define(t, f) t.method = f end
for i = 1, 40 do define({ ["d" .. i] = 1, method = 0 }, i) end
for i = 1, 40 do define({ ["e" .. i] = 1 }, i) end
for round = 1, 3 do
  for i = 2, #objects, 5 do
    local class = getmetatable(objects[i])
    define(class, function(self) return "defined" .. i + round end)
    print(call(objects[i], 1), rawget(class, "method") ~= nil)
    get(class)
    class.method = class.method
    define(class, nil)
    print(call(objects[i], 1))
  end
end

-- A field that is no function is not remembered through `__index`.
local defaults = { v = 1 }
local heirs = {}
for i = 1, 50 do heirs[i] = setmetatable({ ["h" .. i] = i }, { __index = defaults }) end
for i = 1, 3 do defaults.v = i print(total(heirs)) end

-- Strings, long names, values that have no fields.
local function upper(s) return s:upper() end
print(upper("a"), pcall(upper, 1), upper({ upper = function() return "table" end }), upper("b"))
string.upper, base.saved = function(s) return s .. "?" end, string.upper
print(upper("a"), ("x"):upper())
string.upper = base.saved
print(upper("a"), pcall(get, nil), pcall(get, 5), get("abc"), pcall(put, nil, 1), pcall(put, "x", 1))
local function long(t) t.a_name_of_more_than_forty_bytes_is_not_interned_here = 1 return t.a_name_of_more_than_forty_bytes_is_not_interned_here end
for i = 1, 50 do long({ ["l" .. i] = 1 }) end
print(long({}), long(setmetatable({}, { __newindex = rawset })))

-- Fields added at one site to tables of many shapes, with and without room.
local function add(t, x) t.x = x t.y = x t.z = x return t end
local sum = 0
for round = 1, 3 do
  for i = 1, 50 do
    local t = add({ ["a" .. i] = i }, i)
    sum = sum + t.x + t.y + t.z
    t = add({}, nil)
    for _ in pairs(t) do sum = sum + 1e6 end
    t = add(setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, -v) end }), i)
    sum = sum + t.x + t.y + t.z
  end
end
print(sum)

-- Globals: many environments at one site.
local chunk = "local set, get = ... ; if set then g = set end return g"
local environments = {}
for i = 1, 50 do environments[i] = { ["n" .. i] = 1, g = i } end
local access
do
  local _ENV = environments[1]
  function access(env, set) _ENV = env if set then g = set end return g end
end
local found = 0
for round = 1, 3 do
  for i = 1, #environments do found = found + access(environments[i], i % round == 0 and round or nil) end
end
print(found, access(setmetatable({}, { __index = { g = "inherited" } })), load(chunk, "=c", "t", { g = 5 })())

-- Shapes come and go; stores into old tables of what is new.
local kept = shapes(50)
local function fill(i) put(kept[i], { i }) return get(kept[i])[1] end
local checked = 0
for round = 1, 12 do
  for i = 1, #kept do checked = checked + fill(i) end
  local passing = shapes(40)
  for i = 1, #passing do put(passing[i], { passing[i] }) end
  if round % 4 == 0 then collectgarbage() else collectgarbage("step") end
  for i = 1, #kept do checked = checked + get(kept[i])[1] end
end
print(checked, (unpack({ get({ v = 9 }) })))

-- Nil in a field of an object: what its class says about that changes.
do
  local class = {}
  class.__index = class
  local function new(i) return setmetatable({ v = i, ["n" .. i % 40] = i, spare = 1 }, class) end
  local function visit(list)
    local present, sum = 0, 0
    for i = 1, #list do
      local t = list[i]
      if t.spare then present = present + 1 sum = sum + t.spare end
      t.spare = i
      t.spare = nil
      if get(t) then present = present + 1 end
      put(t, nil)
      put(t, i)
      if i % 2 == 0 then put(t, nil) end
    end
    return present, sum
  end
  for _, count in ipairs({ 1, 100 }) do
    local list = {}
    for i = 1, count do list[i] = new(i) end
    print(visit(list)) print(visit(list))
    class.spare = 5 print(visit(list))
    class.v = 6 print(visit(list))
    class.spare, class.v = nil, nil print(visit(list))
    class.__newindex = function(t, k, x) rawset(t, k, k == "spare" and x or 0) end
    print(visit(list)) print(visit(list))
    class.__newindex = nil print(visit(list))
    setmetatable(class, { __index = { spare = 3 } }) print(visit(list))
    getmetatable(class).__index.spare = nil print(visit(list))
    getmetatable(class).__index = function(_, k) return k == "spare" and 2 or nil end
    print(visit(list))
    setmetatable(class, nil) print(visit(list))
    class.__index = nil print(visit(list))
    class.__index = class
    setmetatable(list[1], nil) print(visit(list))
    collectgarbage() print(visit(list))
  end
end

-- Fields by keys that are no constants.
do
  local class = { greet = function(self) return "greet" .. (self.v or 0) end }
  class.__index = class
  local function at(t, key) return t[key] end
  local function send(t, message) return at(t, message) and t[message](t) end
  local long = ("k"):rep(50)
  local list = {}
  for i = 1, 40 do list[i] = setmetatable({ v = i, ["f" .. i] = i, [long] = i }, i % 2 == 0 and class or nil) end
  local sum = 0
  for round = 1, 4 do
    for i = 1, #list do
      sum = sum + at(list[i], "v") + at(list[i], "f" .. i) + at(list[i], long) + (at(list[i], "f" .. i + 1) or 1)
      local reply = send(list[i], "greet")
      if reply then sum = sum + #reply end
    end
    list[round].v = nil
    if at(list[round], "v") == nil then list[round].v = -round end
    local method = class.greet
    class.greet = function(self) return method(self) .. round end
    if round == 2 then class.v = 3 end
  end
  print(sum, send(list[2], "greet"), at({ 7 }, 1), at({ [true] = 8 }, true), at("text", "len") == string.len, pcall(at, nil, "x"))
  class.greet = nil
  print(send(list[2], "greet"), at(list[2], "__index") == class, at(setmetatable({}, { __index = function(_, k) return k .. "!" end }), "x"))
end

-- One constructor for many classes: adding fields, until a class has a say.
do
  local function init(self, i)
    self.id, self.items, self.link = i, { i }, i % 3 ~= 0 and { id = -i } or nil
    self.a, self.b, self.c, self.d = i, i, i, i
    return self
  end
  local classes = {}
  for i = 1, 45 do classes[i] = {} classes[i].__index = classes[i] end
  local function round(n)
    local sum, kept = 0, {}
    for i = 1, n * #classes do
      local t = init(setmetatable({}, classes[i % #classes + 1]), i)
      kept[#kept + 1] = t
      sum = sum + t.id + t.items[1] + (t.link and t.link.id or 0) + t.a + t.b + t.c + t.d
    end
    local keys = 0
    for i = 1, #kept do for _ in pairs(kept[i]) do keys = keys + 1 end end
    return sum, keys
  end
  print(round(4)) print(round(4))
  classes[1].__newindex = function(t, k, v) rawset(t, k, k == "a" and 0 or v) end
  local sink = {}
  classes[2].__newindex, classes[2].__index = sink, sink
  print(round(2))
  for i = 3, 6 do classes[i].id, classes[i].a = 7, 8 end
  print(round(2))
  classes[1].__newindex, classes[2].__newindex, classes[2].__index = nil, nil, classes[2]
  collectgarbage()
  print(round(3))
  -- A class is written to by the same constructor: lookups through it end.
  local heir = setmetatable({}, classes[9])
  print(heir.a, heir.id)
  init(classes[9], 5)
  print(heir.a, heir.id, heir.items[1], round(1))
end
