-- § 6.10: debug: getinfo, locals, upvalues, metatables, registry, user values, tracebacks.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

print "-- getinfo"
local function info(...)
  local ok, i = pcall(debug.getinfo, ...)
  if not ok then print(i) return end
  if not i then print(i) return end
  local keys = {}
  for k in pairs(i) do keys[#keys + 1] = k end
  table.sort(keys)
  for n, k in ipairs(keys) do
    local v = i[k]
    if k == "activelines" then local lines = {} for l in pairs(v) do lines[#lines + 1] = l end table.sort(lines) v = "[" .. table.concat(lines, " ") .. "]" else v = show(v) end
    keys[n] = k .. "=" .. v
  end
  print(table.concat(keys, " "))
end
local up1, up2 = 1, 2
local function sample(a, b, ...)
  local c = up1 + up2

  return c
end
info(sample) info(print) info(sample, "S") info(sample, "nSlutfL") info(sample, "u") info(sample, "L") info(print, "L") info(print, "Su") info(sample, "") info(sample, "f") info(function() end, "S") info(function(...) end, "u") info(load "return 1", "S") info(load("return 1", "=name"), "S") info(load("local a\nreturn a", "@file"), "SL") info(load("x = 1", ("long "):rep(30)), "S")
local function level(what) info(1, what) info(2, what) end
local function named() level "nSl" end
named()
local o = { method = function(self) info(1, "n") info(2, "n") end }
o:method() o.method(o)
;(function() info(1, "nt") end)()
local function tail() return (function() info(1, "nt") info(2, "nt") end)() end
tail()
global_function = function() info(1, "n") end
global_function()
setmetatable(o, { __index = function() info(1, "n") end, __add = function() info(1, "n") end, __lt = function() info(1, "n") return true end, __call = function() info(1, "n") end, __concat = function() info(1, "n") end, __len = function() info(1, "n") end, __unm = function() info(1, "n") end, __eq = function() info(1, "n") end, __newindex = function() info(1, "n") end, __close = function() info(1, "n") end })
local _ = o.x, o + 1, o < 1, o(), o .. 1, #o, -o, o == setmetatable({}, getmetatable(o))
o.y = 1
do local closing <close> = o end
for _ in function() info(1, "n") end do end
table.sort({ 1, 2 }, function() info(1, "n") info(2, "nS") end)
coroutine.wrap(function() info(1, "nSl") info(2, "n") end)()
info(100) info(-1) info(0, "nS") info("x") info() info(1, "x") info(1, ">S") info(1, ">") info(sample, ">S") info({}) info(1, 5) info(1.0, "l") info("1", "l") info(1.5)

print "-- getlocal, setlocal"
local function locals(...) local out, i = {}, 1 while true do local n, v = debug.getlocal(...) if not n then break end break end end
local function show_locals(a, b, ...)
  local x, y = 10, "y"
  do local inner = 5 end
  local i, out = 1, {}
  while true do local name, value = debug.getlocal(1, i) if not name then break end if name ~= "out" then out[#out + 1] = name .. "=" .. show(value) end i = i + 1 end
  local varargs = {}
  i = -1
  while true do local name, value = debug.getlocal(1, i) if not name then break end varargs[#varargs + 1] = name .. "=" .. show(value) i = i - 1 end
  print(table.concat(out, " "), table.concat(varargs, " "))
  print(debug.setlocal(1, 1, "new a"), a, debug.setlocal(1, 4, "new y"), x, y, debug.setlocal(1, -1, "new vararg"), (...), debug.setlocal(1, 100, 1), debug.setlocal(1, -100, 1))
end
show_locals(1, 2, "v1", "v2") show_locals()
print(list(debug.getlocal(sample, 1)), list(debug.getlocal(sample, 2)), list(debug.getlocal(sample, 3)), list(debug.getlocal(sample, 0)), list(debug.getlocal(sample, -1)), list(debug.getlocal(print, 1)), list(debug.getlocal(show_locals, 1)))
t("level", debug.getlocal, 100, 1) t("level", debug.setlocal, 100, 1, 1) t("none", debug.getlocal) t("bad", debug.getlocal, {}, 1) t("bad", debug.getlocal, 1, "x") t("function", debug.setlocal, sample, 1, 1) t("none", debug.setlocal, 1, 1)
do local co = coroutine.create(function(a) local b = a * 2 coroutine.yield(b) return b end) coroutine.resume(co, 21) print(list(debug.getlocal(co, 1, 1)), list(debug.getlocal(co, 1, 2)), list(debug.getlocal(co, 1, 3)), debug.setlocal(co, 1, 2, "changed"), list(coroutine.resume(co)), try(debug.getlocal, co, 1, 1)) end

print "-- upvalues"
local function get() return up1, up2 end
print(list(debug.getupvalue(get, 1)), list(debug.getupvalue(get, 2)), list(debug.getupvalue(get, 3)), list(debug.getupvalue(get, 0)), list(debug.getupvalue(print, 1)), list(debug.getupvalue(load "return x", 1)) ~= nil)
print(debug.setupvalue(get, 1, "set"), up1, list(get()), debug.setupvalue(get, 3, 1), debug.setupvalue(get, 0, 1), debug.setupvalue(print, 1, 1))
t("none", debug.getupvalue) t("bad", debug.getupvalue, 1, 1) t("bad", debug.getupvalue, get) t("bad", debug.setupvalue, get, 1) t("bad", debug.setupvalue, {}, 1, 1) t("bad", debug.getupvalue, get, "x")
do
  local function counter() local n = 0 return function() n = n + 1 return n end end
  local a, b = counter(), counter()
  a() a() b()
  print(debug.upvalueid(a, 1) == debug.upvalueid(a, 1), debug.upvalueid(a, 1) == debug.upvalueid(b, 1), type(debug.upvalueid(a, 1)))
  debug.upvaluejoin(a, 1, b, 1)
  print(a(), b(), debug.upvalueid(a, 1) == debug.upvalueid(b, 1))
  t("id", debug.upvalueid, a, 2) t("id", debug.upvalueid, a, 0) t("id", debug.upvalueid, print, 1) t("id", debug.upvalueid, 5, 1) t("join", debug.upvaluejoin, a, 2, b, 1) t("join", debug.upvaluejoin, a, 1, b, 2) t("join", debug.upvaluejoin, print, 1, a, 1) t("join", debug.upvaluejoin, a, 1, print, 1) t("join", debug.upvaluejoin, a, 1)
end

print "-- metatables, registry, user values"
local m = {}
print(debug.setmetatable(10, m) == 10, getmetatable(5) == m, debug.getmetatable(1.5) == m, debug.setmetatable(10, nil), getmetatable(5), debug.getmetatable(setmetatable({}, { __metatable = "locked" })).__metatable)
t("none", debug.setmetatable) t("one", debug.setmetatable, {}) t("bad", debug.setmetatable, {}, 1) t("get none", debug.getmetatable) t("get nil", debug.getmetatable, nil)
print(type(debug.getregistry()), debug.getregistry()[2] == _G, type(debug.getregistry()[1]), debug.getregistry()._LOADED == package.loaded)
print(list(debug.getuservalue(io.stdout)), list(debug.getuservalue(io.stdout, 1)), list(debug.getuservalue(io.stdout, 0)), list(debug.getuservalue(5)), list(debug.getuservalue {}), try(debug.setuservalue, 5, 1), try(debug.setuservalue, {}, 1), try(debug.setuservalue, io.stdout, 1), try(debug.setuservalue, io.stdout, 1, 5), try(debug.getuservalue))

print "-- traceback"
local function trace(...) local text = debug.traceback(...) return type(text) == "string" and (text:gsub("0x%x+", "ADDRESS"):gsub("\n\t%[C%]: in %?$", "")) or show(text) end
print((trace())) print((trace "message")) print((trace("message", 1))) print((trace("message", 2))) print((trace(nil, 1))) print(trace({}), trace(print), trace(true), (trace(5)), (trace(1.5, 1)), (trace("deep", 100)), (trace("zero", 0)))
local function a() return (trace "in a") end
local function b() local r = a() return r end
function global_b() local r = b() return r end
print(global_b()) print((select(2, pcall(function() return (trace "in pcall") end)))) print(({ m = function(self) local r = trace "method" return r end }):m())
local deep local function recurse(n) if n == 0 then local text = trace "recursion" return text end local r = recurse(n - 1) return r end
print(recurse(5)) print(recurse(30))
local co = coroutine.create(function() local function inner() coroutine.yield() end inner() error "failed" end)
print((trace(co))) coroutine.resume(co) print((trace(co))) print((trace(co, "msg"))) print((trace(co, "msg", 1))) print((trace(co, nil, 1))) coroutine.resume(co) print((trace(co, "dead")))
print((select(2, xpcall(function() local x = nil + 1 end, function(e) local text = trace(e) return text end)))) print((select(2, xpcall(function() string.rep() end, function(e) local text = trace(e, 2) return text end))))
t("none", function() return (debug.traceback()):match "^[^\n]*" end) t("level", debug.traceback, "m", "x") t("thread", debug.traceback, co, {}) 

print "-- gethook without hooks"
print(debug.gethook()) t("sethook off", debug.sethook)
