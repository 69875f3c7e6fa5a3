-- Library functions that calls run without a frame: edges of their arguments, errors, and what takes their place.
local inf, nan = math.huge, 0 / 0
local numbers = {
  0, 1, -1, 7, math.maxinteger, math.mininteger, 0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2^53, -2^53, 2^53 + 1, 2^62, 2^63, -2^63,
  -2^63 - 2048, 1e300, -1e300, inf, -inf, nan, 5e-324,
}

-- What a call comes to, NaN without its sign.
local function show(...)
  local shown = table.pack(...)
  for index = 1, shown.n do
    local value = shown[index]
    if value ~= value then
      shown[index] = "nan"
    elseif type(value) == "table" or type(value) == "function" then
      shown[index] = type(value)
    else
      shown[index] = tostring(value)
    end
  end
  return table.concat(shown, " ", 1, shown.n)
end

-- The same sites meet every argument, so that their code is made by what came first.
local function numeric(x, y)
  local whole, up, size, known = math.floor(x), math.ceil(x), math.abs(x), math.tointeger(x)
  local greater, smaller = math.max(x, y), math.min(x, y)
  local root = math.sqrt(size)
  return show(whole, up, size, known, greater, smaller, root, math.type(x), math.ult(whole, 1) or nil)
end

for round = 1, 3 do
  for _, x in ipairs(numbers) do
    for _, y in ipairs({ 1, 1.5, -0.0, nan, math.mininteger, -inf }) do
      local ok, text = pcall(numeric, x, y)
      if round == 3 then print(ok, text) end
    end
  end
end

local function transcendental(x)
  return math.sin(x), math.cos(x), math.tan(x), math.exp(x), math.log(math.abs(x) + 1), math.fmod(x, 3), math.fmod(x, 2.5)
end
for _ = 1, 20 do
  for _, x in ipairs({ 1, 0.25, -7, 1e3, -0.0 }) do transcendental(x) end
end
for _, x in ipairs({ 1, 0.25, -7, 1e3, -0.0, inf }) do print(show(transcendental(x))) end

math.randomseed(42)
local function roll() return math.random(), math.random(6), math.random(-3, 3), math.random(0) end
for _ = 1, 30 do roll() end
print(show(roll()))

-- Strings: positions from both ends, and out of range.
local function bytes(s, i, j)
  local code = s:byte(i)
  return show(code, string.byte(s, i), (s:byte()), #s, s:len(), string.len(s)), show(s:sub(i), s:sub(i, j), string.sub(s, -3, i)),
    show(s:byte(i, j))
end
for round = 1, 3 do
  for _, s in ipairs({ "", "a", "hello", ("x"):rep(100) .. "\0\255" }) do
    for i = -7, 7 do
      local one, two, three = bytes(s, i, i + 1)
      if round == 3 then print(one, two, three) end
    end
    for _, i in ipairs({ math.maxinteger, math.mininteger, 2.0 }) do
      local one, two, three = bytes(s, i, -1)
      if round == 3 then print(one, two, three) end
    end
  end
end
local function spell(a, b) return string.char(a, b), string.char(), ("AbC" .. a):lower(), ("AbC" .. b):upper() end
for _ = 1, 20 do spell(65, 255) end
print(#spell(0, 255), select(2, spell(104, 105)))

-- Values of every type.
local things = { false, true, 1, 1.5, "text", {}, print, show, coroutine.create(show), io.stdout, [0] = nil }
local function kind(value)
  local name = type(value)
  return name, type(value) == "table", math.type(value), rawequal(value, value), (select("#", value, nil)), select(-1, name, "last")
end
for round = 1, 3 do
  for index = 0, 10 do
    local text = show(kind(things[index]))
    if round == 3 then print(text) end
  end
end

local function convert(value) return tostring(value), tonumber(value), tonumber(tostring(value)) end
for _ = 1, 3 do
  for _, value in ipairs(numbers) do convert(value) end
end
for _, value in ipairs({ 0, -1, math.mininteger, 1e15, -0.0, 0.1, "0x10", " 7 ", "x", "1e1" }) do print(show(convert(value))) end

-- Tables.
local function stack(n)
  local t = {}
  for i = 1, n do table.insert(t, i) end
  table.insert(t, 1, "first")
  local last, first = table.remove(t), table.remove(t, 1)
  return #t, rawlen(t), rawlen("four"), last, first, rawget(t, 2), rawget(t, "none"), rawset(t, "k", n) == t, t.k, table.remove({}), table.unpack(t)
end
for n = 0, 20 do stack(n) end
print(show(stack(0)))
print(show(stack(1)))
print(show(stack(5)))
print(show(table.unpack({ 1, 2, 3 }, 2)), show(table.unpack({ 1, 2, 3 }, 2, 5)), show(table.unpack({}, 3, 2)), #{ table.unpack({}, 1, 300) })

local function walk(t, ...)
  local list = {}
  for i, v in ipairs(t) do list[#list + 1] = show(i, v) end
  for k, v in pairs(t) do list[#list + 1] = show(k, v) end
  for k, v in next, t do list[#list + 1] = show(k, v) end
  local step, state, control = ipairs(t)
  local step2, state2, control2, extra = pairs(t)
  list[#list + 1] = show(step ~= step2, state == t, control, step2 == next, state2 == t, control2, extra, select("#", ...))
  list[#list + 1] = show(next(t), next({}), (next(t)))
  return table.concat(list, ";")
end
for _ = 1, 20 do walk({ 1, 2, x = 3 }) end
print(walk({ 4, 5, 6 }, nil, nil))
print(walk({ a = 1 }, 1))
local proxied = setmetatable({}, {
  __index = function(_, i) if i <= 2 then return i * 10 end end,
  __pairs = function() return function(_, k) if not k then return 1, "one" end end, "state", nil end,
})
for i, v in ipairs(proxied) do print(i, v) end
for k, v in pairs(proxied) do print(k, v) end
print(select("#", pairs(proxied)), select("#", ipairs(proxied)))

local function varying(...)
  return select("#", ...), (select(2, ...)), select(-1, ...)
end
for _ = 1, 20 do varying(1, 2, 3) end
print(show(varying(1, nil, nil)), show(varying("a", "b")))

local Point = {}
Point.__index = Point
local function point(x) return setmetatable({ x = x }, Point) end
local function same(value) return assert(value), assert(value, "unused"), getmetatable(value) end
for i = 1, 20 do point(i); same(i) end
print(point(3).x, getmetatable(point(4)) == Point, show(same("s")), show(same(1)), getmetatable(setmetatable({}, { __metatable = "mine" })))

-- Methods of lists with metamethods.
local log = {}
local watched = setmetatable({}, {
  __index = function(_, k) log[#log + 1] = "get " .. tostring(k) end,
  __newindex = function(t, k, v) log[#log + 1] = "set " .. tostring(k); rawset(t, k, v) end,
  __len = function() return 3 end,
})
for _ = 1, 20 do table.insert({}, 1) end
local function grow(t, v) table.insert(t, v); return #t, table.remove(t) end
for _ = 1, 20 do grow({ 1, 2 }, 3) end
print(show(grow(watched, "v")), table.concat(log, ","))

-- Errors have the message and the traceback of the call.
local failing = {
  function() local x = math.floor({}) return x end,
  function() local x = math.floor("no") return x end,
  function() math.floor() end,
  function() return (math.abs(nil)) end,
  function() local x = math.sqrt(true) return x end,
  function() local x = math.max(1, "2") return x end,
  function() local x = math.max() return x end,
  function() local x = math.min(1, {}) return x end,
  function() local x = math.fmod(1, 0) return x end,
  function() local x = math.tointeger() return x end,
  function() local x = math.random(2, 1) return x end,
  function() local x = math.random(1, 2, 3) return x end,
  function() local x = math.random(1.5) return x end,
  function() local s = "x" local x = s:byte({}) return x end,
  function() local s = "x" local x = s:byte(1.5) return x end,
  function() local x = string.byte(nil) return x end,
  function() local x = string.len() return x end,
  function() local x = string.char(256) return x end,
  function() local x = string.char(65, "x") return x end,
  function() local s = "x" local x = s:sub() return x end,
  function() local x = string.lower({}) return x end,
  function() local x = type() return x end,
  function() local x = select(0, 1) return x end,
  function() local x = select(-2, 1) return x end,
  function() assert(nil) end,
  function() assert(false, "said") end,
  function() assert(nil, { "object" }) end,
  function() assert() end,
  function() local x = setmetatable({}, 1) return x end,
  function() local x = setmetatable({}) return x end,
  function() return setmetatable(setmetatable({}, { __metatable = 1 }), nil) end,
  function() for _ in pairs(nil) do end end,
  function() for _ in ipairs() do end end,
  function() local x = next({}, "none") return x end,
  function() rawset({}, nil, 1) end,
  function() rawset({}, 0 / 0, 1) end,
  function() local x = rawlen(5) return x end,
  function() local x = rawget({}) return x end,
  function() local x = rawequal(1) return x end,
  function() local x = tonumber() return x end,
  function() local x = tostring() return x end,
  function() table.insert({}, 1, 2, 3) end,
  function() table.insert({}, 5, 2) end,
  function() table.insert(nil, 1) end,
  function() table.insert({}) end,
  function() local x = table.remove({}, 5) return x end,
  function() local x = table.unpack() return x end,
  function() return table.unpack({}, 1, 1e8) end,
}
for round = 1, 3 do
  for index, fail in ipairs(failing) do
    local ok, message = pcall(fail)
    local _, trace = xpcall(fail, function(value) return debug.traceback(type(value) == "string" and value or type(value), 1) end)
    if round == 3 then
      print(index, ok, type(message) == "string" and message or type(message))
      local named = {}
      for line in trace:gmatch("[^\n]+") do
        -- The levels above the function that fails.
        if line:find("function <", 1, true) then break end
        named[#named + 1] = line
      end
      print(table.concat(named, " | "))
    end
  end
end

-- Good arguments first, bad ones at the same site later.
local function site(x) local whole = math.floor(x) return whole end
for i = 1, 40 do
  local ok, message = pcall(site, i == 30 and {} or i == 35 and "2.5" or i + 0.5)
  if i > 28 and i < 37 then print(ok, message) end
end

-- Functions are replaced while code that knows them runs.
local function through(n)
  local list = {}
  for i = 1, n do
    if i == 20 then math.floor = function(x) return "mine", x end end
    if i == 30 then math.floor = math.ceil end
    if i == 40 then string.byte = function() return "byte" end end
    local s = "z"
    list[#list + 1] = tostring(math.floor(i + 0.25)) .. tostring(s:byte(1))
  end
  return table.concat(list, " ")
end
local floor, byte = math.floor, string.byte
print(through(50))
math.floor, string.byte = floor, byte
local index = getmetatable("").__index
getmetatable("").__index = function(_, name) return function(s, ...) return name, s, ... end end
local function shadowed(s) return s:byte(1), s:len(), (s:sub(2)) end
print(shadowed("abc"))
getmetatable("").__index = index
for _ = 1, 20 do shadowed("abc") end
print(shadowed("abc"))
getmetatable("").__tostring = function() return "shown" end
local function stringify(s) return tostring(s) end
for _ = 1, 20 do stringify("abc") end
print(stringify("abc"), stringify(12))
getmetatable("").__tostring = nil
print(stringify("abc"))
debug.setmetatable(0, { __index = math, __tostring = function(x) return "#" .. math.type(x) end, __metatable = "number" })
local function methods(x) return x:floor(), x:max(2), tostring(x), getmetatable(x) end
for _ = 1, 20 do methods(1.5) end
print(methods(1.5))
print(methods(7))
debug.setmetatable(0, nil)

-- Results: none, one, too few, all of them.
local function results(s)
  math.floor(1.5)
  local a, b = math.floor(2.5)
  local c, d, e = s:byte(1, 2)
  local list = { math.ceil(2.5), s:byte(9), s:byte(2), math.max(1, 2), s:byte(1, -1) }
  return a, b, c, d, e, #list, list[1], list[2], list[3], math.floor(9.5)
end
for _ = 1, 20 do results("abc") end
print(show(results("abc")))
local function tail(x) return math.floor(x) end
local function tails(s, i) return string.byte(s, i) end
for i = 1, 20 do tail(i + 0.5); tails("abc", 1) end
print(tail(3.5), tail(-0.5), select("#", tails("abc", 9)), tails("abc", 3))
print(pcall(tail, {}))

-- Hooks see every call, from the moment they are set.
local function counted(n)
  local calls = 0
  debug.sethook(function() if debug.getinfo(2, "S").what == "C" then calls = calls + 1 end end, "c")
  for i = 1, n do
    local _ = math.floor(i + 0.5), math.max(i, 2), (("s"):byte(1))
  end
  debug.sethook()
  return calls
end
for _ = 1, 5 do counted(10) end
print(counted(10))
local meta = setmetatable({}, { __index = function(_, k) debug.sethook(k, "c") return 1 end })
local function late()
  local seen = 0
  local function count() if debug.getinfo(2, "f").func == math.abs then seen = seen + 1 end end
  local one = meta[count]
  local two = math.abs(-one)
  debug.sethook()
  return seen, two
end
for _ = 1, 5 do late() end
print(late())
