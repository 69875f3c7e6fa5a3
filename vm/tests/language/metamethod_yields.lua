-- A yield inside a metamethod suspends the instruction that needs it.
local yield, wrap = coroutine.yield, coroutine.wrap

local function name(v) return type(v) == "table" and rawget(v, "name") or tostring(v) end

-- Runs `f` in a coroutine; each yield is answered with a value that tells it from the others.
local function drive(title, f, ...)
  local co = coroutine.create(f)
  local answers, trace = {...}, {}
  local results = table.pack(coroutine.resume(co))
  local turn = 0
  while coroutine.status(co) == "suspended" do
    turn = turn + 1
    trace[#trace + 1] = name(results[2])
    results = table.pack(coroutine.resume(co, answers[turn]))
  end
  for i = 1, results.n do results[i] = name(results[i]) end
  print(title, table.concat(trace, " "), "|", table.concat(results, " "))
end

local mt = {}
local function object(name) return setmetatable({name = name}, mt) end
for _, event in ipairs {"add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat",
                        "eq", "lt", "le", "unm", "bnot", "len"} do
  mt["__" .. event] = function(a, b) return (yield(event .. ":" .. name(a) .. "," .. name(b))) end
end
mt.__index = function(t, k) return (yield("index:" .. name(t) .. "." .. name(k))) end
mt.__newindex = function(t, k, v) yield("newindex:" .. name(t) .. "." .. name(k) .. "=" .. tostring(v)) rawset(t, k, v) end
mt.__call = function(t, ...) return yield("call:" .. name(t), ...) end
mt.__pairs = function(t) return yield("pairs:" .. name(t)) end

local a, b = object "a", object "b"
local up = object "up"

local function binary(a, b)
  return a + b, a - b, a * b, a / b, a % b, a ^ b, a // b, a & b, a | b, a ~ b, a << b, a >> b
end
drive("binary", function() return binary(a, b) end, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
drive("binary", function() return binary(a, 7) end, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
drive("binary", function() return binary(2.5, b) end, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)
drive("constant", function() return a + 1, a - 1, a * 2, a / 2, a % 2, a ^ 2, a // 2, a & 1, a | 1, a ~ 1, a << 1, a >> 1, 1 - a, 2 << a end,
      1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14)
drive("unary", function() return -a, ~a, #a, not a end, 1, nil, "x")
drive("nil answers", function() return a + b, a.x, #a end)

drive("index", function() return a.x, a[1], a[b], a["long key " .. 1], up.field, a:method() end,
      "x", "one", "b", "long", "field", function(self, ...) return "called", self == a, ... end)
drive("global", function()
  local _ENV = setmetatable({name = "env"}, mt)
  g = x
  return g
end, "value of x")
drive("newindex", function()
  local t = object "t"
  t.x = 1
  t[1] = 2
  t[b] = 3
  up.field = 4
  local seen = rawget(t, "x") + rawget(t, 1) + rawget(t, b) + rawget(up, "field")
  rawset(up, "field", nil)
  return seen
end)

local function compare(a, b)
  local t = {}
  t[#t + 1] = a == b
  t[#t + 1] = a ~= b
  t[#t + 1] = a < b
  t[#t + 1] = a <= b
  t[#t + 1] = a > b
  t[#t + 1] = a >= b
  t[#t + 1] = not (a < b)
  for i, v in ipairs(t) do t[i] = tostring(v) end
  return table.concat(t, " ")
end
drive("compare", function() return compare(a, b) end, true, true, true, true, true, true, true)
drive("compare", function() return compare(a, b) end, false, nil, false, nil, false, nil, false)
drive("compare", function() return compare(a, b) end, 1, false, "x", false, 0, false, 2)
local function immediate(a)
  local n = 0
  if a < 1 then n = n + 1 end
  if a <= 2 then n = n + 10 end
  if a > 3 then n = n + 100 end
  if a >= 4 then n = n + 1000 end
  if 5 < a then n = n + 10000 end
  if not (6 >= a) then n = n + 100000 end
  while a < 7 do n = n + 1000000 end
  repeat n = n + 10000000 until a > 8
  return n, a < 9 and "less" or "not less"
end
drive("immediate", function() return immediate(a) end, true, true, true, true, true, true, true, true, false, true, false)
drive("immediate", function() return immediate(a) end, false, false, false, false, false, false, false, true, true)

drive("concat", function() return a .. b end, "ab")
drive("concat", function() return "x" .. a .. "y" .. b .. "z" .. 1 end, "[1]", "[2]", "[3]", "[4]")
drive("concat", function() return a .. "x" .. 1 .. 2.5 .. b .. a end, "[1]", b, "[2]", "[3]", "[4]")
drive("concat", function() local s = "p" .. 1 .. a return s .. "q" end, object "fresh", "end")

drive("call", function() return a(1, 2), (a(3)), ({a(4)})[1] end, "r1", "r2", "r3")
drive("tail call", function() return a(1, 2) end, "r")
drive("call with adjusted results", function()
  local x, y, z = a(1)
  local t = {a(2), a(3)}
  return x, y, z, #t
end, "r1", "r2", "r3")

drive("pairs", function()
  local t = {}
  for k, v, extra in pairs(a) do t[#t + 1] = tostring(k) .. "=" .. tostring(v) .. tostring(extra) end
  return table.concat(t, " ")
end, function(_, i) i = (i or 0) + 1 if i < 4 then return i, i * i end end)
mt.__pairs = function(t) local i = yield("pairs") return function(s, c) if c < s then return c + 1, yield("step " .. c) end end, 3, i end
drive("iterator", function()
  local t = {}
  for k, v in pairs(a) do t[#t + 1] = k .. "=" .. tostring(v) end
  return table.concat(t, " ")
end, 0, "one", "two", "three")

-- Functions as metamethods that are natives, and natives that call back.
drive("yield itself", function()
  local t = setmetatable({name = "t"}, {__index = yield, __add = yield, __call = yield, __len = yield, __concat = yield, __eq = yield, __newindex = yield})
  t.z = 1
  return t.x, t + 1, t(5), #t, t .. "x", t == setmetatable({}, getmetatable(t)), "x" .. t .. "y" .. "z"
end, "ignored", 1, 2, 3, 4, true, 5, 6, 7)
drive("pcall as a metamethod", function()
  local t = setmetatable({}, {__index = pcall, __call = function(self, k) return yield("called " .. k) end})
  return t.x, t.y
end, 1, 2)
drive("a chain of objects", function()
  local t = setmetatable({}, {__index = setmetatable({}, {__index = a}), __newindex = setmetatable({}, {__newindex = a})})
  t.y = "stored"
  return t.x, rawget(a, "y")
end, nil, "found")
rawset(a, "y", nil)

-- Errors after a resume.
drive("error", function()
  local t = setmetatable({}, {__index = function(_, k) yield(k) error("no " .. k, 2) end})
  local ok, message = pcall(function() return t.x end)
  print(ok, message)
  local ok, message = pcall(function() return 1 + t.y end)
  print(ok, message)
  return t.z
end)
drive("error in the rest of a concatenation", function()
  return pcall(function() return nil .. a .. "x" end)
end, "ok", "then nil")
drive("error in the rest of a concatenation", function()
  return pcall(function() return {} .. ("x" .. a) end)
end, 5)

-- Deep: each metamethod needs another one.
drive("nested", function()
  local function level(n)
    return setmetatable({}, {__index = function(_, k)
      if n == 0 then return (yield("bottom " .. k)) end
      return level(n - 1)[k] .. n
    end})
  end
  return level(20).key, level(0).key
end, "first:", "second")
drive("sum", function()
  local mt = {}
  mt.__add = function(x, y) local r = setmetatable({v = x.v + y.v + yield(x.v)}, mt) return r end
  local s = setmetatable({v = 0}, mt)
  for i = 1, 10 do s = s + setmetatable({v = i}, mt) end
  return s.v
end, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1)

-- In a loop, so that it is met by every kind of code.
local function loop(t, n)
  local s = 0
  for i = 1, n do
    s = s + t[i]
    if t < i then s = s + 1 end
    t.last = i
    s = s + #(t .. "")
  end
  return s
end
local co = wrap(function()
  local mt = {}
  mt.__index = function(_, i) if i % 10 == 0 then return yield(i) end return i end
  mt.__newindex = function(t, k, v) if v % 7 == 0 then yield(-v) end end
  mt.__lt = function(t, v) if type(v) == "number" and v % 11 == 0 then return yield(v * 100) end return false end
  mt.__concat = function() return "abc" end
  return "sum " .. loop(setmetatable({}, mt), 200)
end)
local sent, n = nil, 0
repeat
  local got = co(sent)
  n = n + 1
  sent = got
until type(got) == "string"
print(sent, n)

-- `dofile` passes a yield on; other natives do not.
local path = os.tmpname()
local file = io.open(path, "w")
file:write("local x = coroutine.yield('from the file') return x, 2, 3")
file:close()
drive("dofile", function() return dofile(path) end, "into the file")
drive("dofile in pcall", function() return pcall(dofile, path) end, "into the file")
drive("require", function()
  package.path = (path:gsub("[^/]*$", "?"))
  return pcall(require, (path:match("[^/]*$")))
end)
os.remove(path)
local function refused(title, f) drive(title, function() return pcall(f) end) end
refused("sort", function() table.sort({3, 2, 1}, function(x, y) yield(1) return x < y end) end)
refused("gsub", function() string.gsub("abc", ".", function() yield(1) end) end)
refused("tostring", function() return tostring(setmetatable({}, {__tostring = function() yield(1) return "x" end})) end)
refused("print", function() print(setmetatable({}, {__tostring = function() yield(1) return "x" end})) end)
refused("load", function() return select(2, load(function() yield(1) end)) end)
refused("table.concat", function() return table.concat(setmetatable({}, {__index = function() return yield(1) end, __len = function() return 2 end})) end)
refused("table.unpack", function() return table.unpack(setmetatable({}, {__index = function() return yield(1) end}), 1, 2) end)
refused("ipairs", function() for i in ipairs(setmetatable({}, {__index = function() return yield(1) end})) do end end)
refused("handler", function() return xpcall(error, function() yield(1) end) end)
print(pcall(yield, 1))
