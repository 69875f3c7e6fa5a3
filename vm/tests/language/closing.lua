-- To-be-closed variables: order, errors, and yields in `__close`.
local yield = coroutine.yield
local function shown(v) return type(v) == "table" and (rawget(v, "name") or "table") or tostring(v) end
local function drive(title, f, ...)
  local co = coroutine.create(f)
  local answers, trace = {...}, {}
  local results = table.pack(coroutine.resume(co))
  local turn = 0
  while coroutine.status(co) == "suspended" do
    turn = turn + 1
    trace[#trace + 1] = shown(results[2])
    results = table.pack(coroutine.resume(co, answers[turn]))
  end
  for i = 1, results.n do results[i] = shown(results[i]) end
  print(title, table.concat(trace, " "), "|", table.concat(results, " "))
end
local function closer(f) return setmetatable({}, {__close = f}) end
local function slow(name) return closer(function(_, e) yield(name .. ":" .. shown(e)) end) end
local function failing(name) return closer(function(_, e) yield(name .. ":" .. shown(e)) error(name .. " failed", 0) end) end

drive("end of a block", function()
  do local a <close> = slow "a" local b <close> = slow "b" local c <close> = nil local d <close> = false end
  return "after"
end)
drive("return", function()
  local a <close> = slow "a"
  local b <close> = slow "b"
  return 1, 2, 3
end)
drive("return of one", function() local a <close> = slow "a" return "one" end)
drive("return of nothing", function() local a <close> = slow "a" end)
drive("return of a list", function(...)
  local function list(n)
    local a <close> = slow "a"
    local x, y, z
    local b <close> = slow "b"
    return table.unpack({n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7, n + 8, n + 9, n + 10, n + 11, n + 12}, 1, n)
  end
  local function all(...) local a <close> = slow "v" return ... end
  return select("#", list(0)), select("#", list(12)), select("#", list(1)), all(list(5))
end)
drive("not a tail call", function()
  local function f() return yield "in f" end
  local a <close> = slow "a"
  return f()
end, "from f")
drive("loops", function()
  local out = {}
  for i = 1, 3 do
    local a <close> = slow("a" .. i)
    if i == 2 then goto continue end
    out[#out + 1] = i
    if i == 3 then break end
    ::continue::
  end
  while true do local b <close> = slow "w" do local c <close> = slow "inner" break end end
  repeat local d <close> = slow "r" local done = true until done
  for i in function(_, i) i = (i or 0) + 1 if i < 3 then return i end end, nil, nil, slow "for" do
    out[#out + 1] = i
  end
  for i in function(_, i) return (i or 0) + 1 end, nil, nil, slow "broken for" do
    if i == 2 then break end
  end
  for i in function(_, i) return (i or 0) + 1 end, nil, nil, slow "returned for" do
    if i == 2 then return table.concat(out, " ") end
  end
end)
drive("goto", function()
  local n = 0
  ::again::
  do
    local a <close> = slow("g" .. n)
    n = n + 1
    if n < 3 then goto again end
  end
  return n
end)
drive("captured", function()
  local get
  do
    local v = 1
    local a <close> = closer(function() v = v + yield "captured" end)
    get = function() return v end
  end
  return get()
end, 41)

drive("error", function()
  local a <close> = slow "a"
  local b <close> = slow "b"
  error("failed", 0)
end)
drive("error in pcall", function()
  return pcall(function()
    local a <close> = slow "a"
    local b <close> = slow "b"
    error("failed", 0)
  end)
end)
drive("errors replace errors", function()
  return pcall(function()
    local a <close> = slow "a"
    local b <close> = failing "b"
    local c <close> = failing "c"
    local d <close> = slow "d"
    error("first", 0)
  end)
end)
drive("error in close of a return", function()
  return pcall(function()
    local a <close> = slow "a"
    local b <close> = failing "b"
    return "value"
  end)
end)
drive("error objects", function()
  local e = {name = "object"}
  return pcall(function() local a <close> = slow "a" error(e) end)
end)
drive("handler", function()
  return xpcall(function()
    local a <close> = slow "a"
    local b <close> = failing "b"
    error("first", 0)
  end, function(m) return "handled(" .. m .. ")" end)
end)
drive("handler after a yield", function()
  return xpcall(function()
    yield "early"
    local a <close> = slow "a"
    local b <close> = failing "b"
    error("first", 0)
  end, function(m) return "handled(" .. m .. ")" end)
end)
drive("nested protection", function()
  return pcall(function()
    local a <close> = closer(function(_, e)
      print("inner", pcall(function() local b <close> = slow "b" error("inner", 0) end))
      yield("a:" .. shown(e))
    end)
    local ok, message = pcall(function() local c <close> = failing "c" error("lost", 0) end)
    error("outer after " .. message, 0)
  end)
end)
drive("deep", function()
  local function level(n)
    local a <close> = slow(tostring(n))
    if n == 0 then error("bottom", 0) end
    return (level(n - 1))
  end
  return pcall(level, 5)
end)
drive("in a metamethod", function()
  local t = setmetatable({}, {__index = function(_, k) local a <close> = slow("close " .. k) return k end})
  return t.x .. t.y, pcall(function() return t.z + 1 end)
end)

-- Without yields.
local function note(name) return closer(function(_, e) print("close " .. name, e) end) end
local function refuse(...) print("ok", pcall(...)) end
refuse(function() local a <close> = note "a" local b <close> = note "b" return "r" end)
refuse(function() local a <close> = 1 end)
refuse(function() local a <close> = {} end)
refuse(function() local abc <close> = setmetatable({}, {__close = nil}) end)
refuse(function() for i in pairs({}), nil, nil, 42 do end end)
refuse(function() local mt = {__close = print} local a <close> = setmetatable({}, mt) mt.__close = nil end)
refuse(function() local mt = {__close = print} local a <close> = setmetatable({}, mt) mt.__close = 12 error("first", 0) end)
refuse(function() yield() end)
refuse(function() local a <close> = closer(function() yield() end) end)
refuse(function() local a <close> = closer(function() error("in close") end) return 1 end)
print(load("local x <const> = 1; x = 2"))
print(load("local x <close> = nil; x = 2"))
print(load("local x <close>, y <close> = nil; x = 2"))
print(load("local x <foo> = 1"))
print(load("local function f() local x <const> = 1; return function() x = 2 end end"))
print(load("goto l; local a; ::l:: print(a)"))
print(type(load("goto l; local a; ::l::")))
print(type(load("do goto l end; local a; ::l:: ; ; ")))
print(load("::a:: ::a::"))
print(load("break"))
print(load("goto nowhere"))
print(load("repeat if x then goto c end; local y; ::c:: until y"))

-- Closing a coroutine.
local co = coroutine.create(function()
  local a <close> = closer(function(_, e) print("a", e, coroutine.isyieldable(), pcall(yield, 1)) end)
  local b <close> = closer(function(_, e) print("b", e) error("b failed", 0) end)
  local c <close> = closer(function(_, e) print("c", e, debug.traceback("trace")) end)
  yield(1)
end)
print(coroutine.resume(co))
print(coroutine.close(co))
print(coroutine.status(co), coroutine.close(co))
co = coroutine.create(function() local a <close> = note "a" error("dies", 0) end)
print(coroutine.resume(co))
print(coroutine.close(co))
print(coroutine.close(co))
print(coroutine.close(coroutine.create(print)))
co = coroutine.create(function() local a <close> = closer(function() yield "closing" end) yield "body" end)
print(coroutine.resume(co))
print(coroutine.resume(co))
print(coroutine.close(co))
local self
self = coroutine.create(function()
  local a <close> = closer(function() print(coroutine.running() == self, coroutine.status(self)) print(pcall(coroutine.close, self)) print(coroutine.resume(self)) end)
  yield()
end)
coroutine.resume(self)
print(coroutine.close(self))
local wrapped = coroutine.wrap(function() local a <close> = note "wrapped" error("w", 0) end)
print(pcall(wrapped))
print(pcall(wrapped))
wrapped = coroutine.wrap(function() local a <close> = closer(function() error({}) end) error("w", 0) end)
print(pcall(wrapped) == false, type(select(2, pcall(wrapped))))
local function wrapper() return wrapped() end
wrapped = coroutine.wrap(function() error("text", 0) end)
print(pcall(wrapper))
wrapped = coroutine.wrap(function() local x = nil + 1 end)
print(pcall(function() wrapped() end))
