-- § 2.4: __index and __newindex: tables, functions and other values as handlers, chains, raw access, and writes that change what reads have cached.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

local KEYS = { "name", "", 1, 0, -1, 1.5, 2.0, true, false, print, math.maxinteger }

print "-- function handlers"
local function logged(name)
  return setmetatable({ own = "own " .. name, [1] = "one" }, {
    __index = function(o, k, ...) return name .. " reads " .. show(k) .. select("#", ...), "lost" end,
    __newindex = function(o, k, v, ...) io.write(name, " writes ", show(k), " ", show(v), " ", select("#", ...), "\n") rawset(o, k, v) end,
  })
end
local object = logged "object"
for _, key in ipairs(KEYS) do print(show(key), list(object[key])) end
print(object.own, object[1], object[nil], object[0 / 0])
for _, key in ipairs(KEYS) do object[key] = "value" object[key] = "again" end
print(list(object.name, object[2], object[2.0], object[true]))
object.name = nil
print(object.name)
object.name = 5
print(object.name)
t("nil key", function() object[nil] = 1 end)
t("nan key", function() object[0 / 0] = 1 end)
print(select("#", object.missing), (object.missing))

print "-- table handlers and chains"
local base = { a = "base a", b = "base b", f = function(self, x) return self.id, x end }
local middle = setmetatable({ b = "middle b" }, { __index = base })
local top = setmetatable({ c = "top c", id = "top" }, { __index = middle })
print(top.a, top.b, top.c, top.d, top:f(1), rawget(top, "a"), rawget(top, "c"))
base.d = "late"
print(top.d)
middle.a = "middle a"
print(top.a)
middle.a = nil
print(top.a)
getmetatable(middle).__index = nil
print(top.a, top.b)
getmetatable(middle).__index = function(_, k) return "computed " .. k end
print(top.a, top.zzz)
getmetatable(middle).__index = base
setmetatable(top, nil)
print(top.a, top.c)
setmetatable(top, { __index = middle })
print(top.a)

print "-- __newindex to a table"
local store, proxied = {}, nil
proxied = setmetatable({ present = 1 }, { __newindex = store, __index = store })
proxied.x, proxied[1], proxied.present = 10, "one", 2
print(rawget(proxied, "x"), store.x, proxied.x, proxied[1], proxied.present, store.present)
proxied.present = nil
proxied.present = 3
print(rawget(proxied, "present"), store.present)
local chain = setmetatable({}, { __newindex = setmetatable({}, { __newindex = store }) })
chain.y = 5
print(store.y, rawget(chain, "y"))
setmetatable(store, { __newindex = function(_, k, v) print("store", show(k), show(v)) end })
chain.z = 6
chain.y = 7
chain[3] = "three"
print(store.y, store.z)
setmetatable(store, nil)
local readonly = setmetatable({}, { __newindex = function(_, k) error("no " .. tostring(k), 2) end })
t("read only", function() readonly.field = 1 end)
t("read only", function() readonly[1] = 1 end)
t("read only raw", rawset, readonly, "field", 1)
print(readonly.field)

print "-- other values as handlers"
for _, handler in ipairs { 1, true, "text", setmetatable({}, { __call = function(self, ...) return select("#", ...), ... end }), io.stdout, coroutine.create(print) } do
  local x = setmetatable({}, { __index = handler, __newindex = handler })
  print(type(handler), try(function() return x.len ~= nil end), try(function() return x.missing end), try(function() return x[1] end), try(function() x.y = 1 return rawget(x, "y") end))
end
t("false", function() return setmetatable({}, { __index = false }).x end)
t("false write", function() setmetatable({}, { __newindex = false }).x = 1 end)
t("string", function() return setmetatable({}, { __index = "text" }).upper end)

print "-- loops of handlers"
local loop = {}
setmetatable(loop, { __index = loop, __newindex = loop })
t("read", function() return loop.x end)
t("write", function() loop.x = 1 end)
t("present", function() rawset(loop, "x", 2) loop.x = 3 return loop.x end)
local long = {}
local last = long
for i = 1, 150 do local up = { [i] = i } setmetatable(last, { __index = up }) last = up end
print(long[1], long[100], long[150], long[151])

print "-- values that are not tables"
t("number", function() return (5).x end) t("boolean", function() return (true).x end) t("function", function() return print.x end) t("nil", function() local n return n.x end)
t("string", function() return ("x").len end) t("string missing", function() return ("x").nope end) t("string index", function() return ("x")[1] end) t("string write", function() ("x").y = 1 end)
t("thread", function() return coroutine.create(print).x end) t("number write", function() (5).x = 1 end)
debug.setmetatable(5, { __index = function(n, k) return n .. k end, __newindex = function(n, k, v) print("write", n, k, v) end })
print((5).x, (2.5).y, (5)[1])
do local n = 7 n.z = 1 end
debug.setmetatable(5, nil)
debug.setmetatable(nil, { __index = function(_, k) return "nil " .. show(k) end })
print((nil).x, undefined.y, undefined[1])
debug.setmetatable(nil, nil)
debug.setmetatable(true, { __index = { yes = 1 } })
print((true).yes, (false).yes, (1 == 2).no)
debug.setmetatable(true, nil)
debug.setmetatable(print, { __index = { called = "as table" } })
print(print.called, t.called, (function() end).called)
debug.setmetatable(print, nil)
getmetatable "".__index = function(text, k) if type(k) == "number" then return text:sub(k, k) end return string[k] end
print(("hello")[2], ("hello"):len(), ("x").y)
getmetatable "".__index = string

print "-- caches: one site sees many shapes, and shapes change under it"
local function read(o) return o.v end
local function write(o, v) o.v = v end
local function method(o, ...) return o:m(...) end
local objects = { { v = 1 }, { a = 0, v = 2 }, setmetatable({}, { __index = { v = 3 } }), setmetatable({}, { __index = function() return 4 end }), { [1] = 1 }, setmetatable({ v = 5 }, { __index = error }) }
for round = 1, 3 do
  local row = {}
  for i, o in ipairs(objects) do row[i] = show(read(o)) end
  print(table.concat(row, " "))
  for _, o in ipairs(objects) do write(o, round * 10) end
  objects[1].v = nil
  objects[3].v = nil
end
local class = { m = function(self, x) return "first", x end }
class.__index = class
local instance = setmetatable({}, class)
for i = 1, 50 do if i == 20 then class.m = function(_, x) return "second", x end end if i == 40 then instance.m = function(_, x) return "own", x end end if i % 10 == 0 then print(i, method(instance, i)) end end
instance.m = nil
print(method(instance, "x"))
class.m = nil
t("gone", method, instance)
class.__index = { m = function() return "other table" end }
print(method(instance))
for i = 1, 40 do
  local o = setmetatable({}, i % 2 == 0 and { __newindex = function(o, k, v) rawset(o, k, -v) end } or nil)
  write(o, i)
  if i > 36 then print(read(o)) end
end
local counted = 0
local lazy = setmetatable({}, { __index = function(o, k) counted = counted + 1 o[k] = k * 2 return o[k] end })
local sum = 0
for round = 1, 3 do for i = 1, 20 do sum = sum + lazy[i] end end
print(sum, counted, #lazy)

print "-- metatables: getmetatable, setmetatable, __metatable"
local protected = setmetatable({}, { __metatable = "locked" })
t("get", getmetatable, protected) t("set", setmetatable, protected, {}) t("set nil", setmetatable, protected, nil) print(getmetatable "" .__name, getmetatable("x").__index == string)
t("false", getmetatable, setmetatable({}, { __metatable = false })) t("set false", setmetatable, setmetatable({}, { __metatable = false }), {})
t("none", setmetatable, {}) t("number", setmetatable, {}, 1) t("string", setmetatable, "x", {}) t("no arguments", setmetatable) t("get nothing", getmetatable) t("get nil", getmetatable, nil) t("get number", getmetatable, 1)
local m = {}
local same = setmetatable({}, m)
print(getmetatable(same) == m, setmetatable(same, nil) == same, getmetatable(same))
