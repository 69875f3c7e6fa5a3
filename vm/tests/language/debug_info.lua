-- What the debug library says of functions, frames and variables.
local function shown(...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = tostring(t[i]):gsub(": 0x%x+", ": ADDRESS") end
  return table.concat(t, "\t")
end
local function p(...) print(shown(...)) end
local keys = {"source", "short_src", "what", "linedefined", "lastlinedefined", "currentline", "name", "namewhat", "nups", "nparams", "isvararg", "istailcall", "ftransfer", "ntransfer"}
local function show(title, i) if not i then p(title, nil) return end local t = {} for _, k in ipairs(keys) do t[#t+1] = k .. "=" .. tostring(i[k]) end
  if i.activelines then local l = {} for k in pairs(i.activelines) do l[#l+1] = k end table.sort(l) t[#t+1] = "lines=" .. table.concat(l, ",") end
  p(title, table.concat(t, " ")) end
local function f(a, b, ...) local c = a
  show("f", debug.getinfo(1, "nSlutrL"))
  return c
end
show("print", debug.getinfo(print)) show("f0", debug.getinfo(f, "SuL")) show("main", debug.getinfo(1)) show("C?", debug.getinfo(2)) show("3", debug.getinfo(3)) show("getinfo", debug.getinfo(0))
f(1)
local t = {m = f, n = {f = f}} t.m() t:m() t.n.f() local g = f g(1, 2, 3) t[1] = f t[1]() t[1.5] = f t[1.5]() local k = "m" t[k]()
globalf = f globalf(1); (f)(2);
local function up() f() globalf() end up()
local function tail() return f(1) end tail()
local function tail2() return tail() end tail2()
pcall(f) string.gsub("x", "x", function() f() end) table.sort({1, 2}, function(a, b) show("cmp", debug.getinfo(1)) return a < b end)
local mt = setmetatable({}, {__index = function(t, k) show("index", debug.getinfo(1)) end, __newindex = function() show("newindex", debug.getinfo(1)) end, __call = function() show("call", debug.getinfo(1)) end, __add = function() show("add", debug.getinfo(1)) end, __unm = function() show("unm", debug.getinfo(1)) end, __concat = function() show("concat", debug.getinfo(1)) end, __len = function() show("len", debug.getinfo(1)) end, __eq = function() show("eq", debug.getinfo(1)) end, __lt = function() show("lt", debug.getinfo(1)) end, __le = function() show("le", debug.getinfo(1)) end, __close = function() show("close", debug.getinfo(1)) end, __bnot = function() show("bnot", debug.getinfo(1)) end, __shl = function() show("shl", debug.getinfo(1)) end, __tostring = function() show("tostring", debug.getinfo(1)) return "" end, __idiv = function() show("idiv", debug.getinfo(1)) end, __pairs = function() show("pairs", debug.getinfo(1)) return next, {} end})
local _ = mt.x mt.y = 1 mt() _ = mt + 1, 1 + mt, -mt, mt .. "", #mt, mt == setmetatable({}, getmetatable(mt)), mt < 1, mt <= 1, mt > 1, mt >= 1, ~mt, mt << 1, mt // 1 do local c <close> = mt end tostring(mt) for _ in pairs(mt) do end
for i in function() show("iter", debug.getinfo(1)) end do end
local function method() show("method", debug.getinfo(1)) end
local o = {method = method} o:method() o.method()
local co = coroutine.wrap(function() show("co", debug.getinfo(1)) show("co2", debug.getinfo(2)) end) co()
load("local x\nreturn function(a)\n return a end", "=chunk")() show("loaded", debug.getinfo(load("local x\nreturn function(a)\n return a end\n\n", "=chunk"), "SL")) show("loaded", debug.getinfo(load("local x\nreturn function(a)\n return a end")(), "SL")) show("longname", debug.getinfo(load("return 1", ("x"):rep(100)))) show("multi", debug.getinfo(load("return 1", "a\nb"))) show("@", debug.getinfo(load("return 1", "@" .. ("y"):rep(100)))) show("=", debug.getinfo(load("return 1", "=" .. ("y"):rep(100)))) show("vararg", debug.getinfo(load("return 1", "...")))
p(pcall(debug.getinfo)) p(pcall(debug.getinfo, "x")) p(pcall(debug.getinfo, 1, "X")) p(pcall(debug.getinfo, 1, ">")) p(pcall(debug.getinfo, print, "?")) p(pcall(debug.getinfo, {})) p(debug.getinfo(100)) p(pcall(debug.getinfo, 1.5)) p(pcall(debug.getinfo, "1") )
for k in pairs(debug.getinfo(1, "n")) do end local n = 0 for k in pairs(debug.getinfo(1, "")) do n = n + 1 end p(n) p(debug.getinfo(1, "f").func == debug.getinfo(1).func, debug.getinfo(f, "f").func == f) p(debug.getinfo(1, "t").istailcall)
-- locals
local function loc(a, b, ...)
  local c, d = 10
  do local e = 5 end
  local f <const> = 3
  local h <close> = nil
  for i = 1, 1 do
    for k, v in pairs({x = 1}) do
      local inner = "in"
      local j = 1 while true do local name, v = debug.getlocal(1, j) if not name then break end p(j, name, type(v) == "table" and "table" or type(v) == "function" and "function" or v) j = j + 1 end
      p(debug.getlocal(1, -1)) p(debug.getlocal(1, -2)) p(debug.getlocal(1, -3)) p(debug.getlocal(1, 0)) p(debug.getlocal(1, 100))
    end
  end
  p(debug.setlocal(1, 1, "A"), a) p(debug.setlocal(1, -1, "V"), ...) p(debug.setlocal(1, 4, "D"), d) p(debug.setlocal(1, 50, 1)) p(debug.setlocal(1, -5, 1))
end
loc(1, 2, 3, 4) p(debug.getlocal(loc, 1), debug.getlocal(loc, 2), debug.getlocal(loc, 3), debug.getlocal(loc, 0), debug.getlocal(loc, -1)) p(debug.getlocal(print, 1)) p(pcall(debug.getlocal, 50, 1)) p(pcall(debug.getlocal, -1, 1)) p(pcall(debug.getlocal)) p(pcall(debug.getlocal, 1)) p(pcall(debug.setlocal, 1)) p(pcall(debug.setlocal, 50, 1, 1)) p(pcall(debug.setlocal, 1, 1))
-- upvalues
local u1, u2 = 1, 2 local function uf() return u1, u2 end local function ug() u2 = u2 return u1 end
p(debug.getupvalue(uf, 1)) p(debug.getupvalue(uf, 2)) p(debug.getupvalue(uf, 3)) p(debug.getupvalue(uf, 0)) p(debug.getupvalue(uf, -1)) p(debug.setupvalue(uf, 1, "new"), u1) p(debug.setupvalue(uf, 5, 1)) p(debug.upvalueid(uf, 1) == debug.upvalueid(ug, 2), debug.upvalueid(uf, 2) == debug.upvalueid(ug, 1), debug.upvalueid(uf, 3), type(debug.upvalueid(uf, 1))) debug.upvaluejoin(uf, 1, ug, 1) p(uf()) p(pcall(debug.upvaluejoin, uf, 5, ug, 1)) p(pcall(debug.upvaluejoin, uf, 1, ug, 7)) p(pcall(debug.upvaluejoin, print, 1, ug, 1)) p(pcall(debug.upvaluejoin, uf, 1, print, 1)) p(pcall(debug.upvalueid, 1, 1)) p(pcall(debug.upvalueid, uf, 0)) p(debug.getupvalue(string.gmatch("x", "x"), 1)) p(debug.getupvalue(print, 1)) p(pcall(debug.getupvalue, 1, 1)) p(pcall(debug.setupvalue, uf, 1)) p(debug.upvalueid(print, 1)) p(debug.setupvalue(print, 1, 1)) p(debug.getupvalue(load("return x"), 1)) p(pcall(debug.getupvalue, uf))
-- metatables
p(debug.getmetatable(1), debug.getmetatable("").__index == string, debug.setmetatable(1, {__index = function(n, k) return k .. n end}), (5).x) debug.setmetatable(1, nil) p(debug.setmetatable(nil, {__index = function() return "nilidx" end}), (nil).x) debug.setmetatable(nil, nil) p(pcall(function() return (nil).x end)) debug.setmetatable(print, {__add = function() return "fadd" end}) p(print + 1, function() end) debug.setmetatable(print, nil) debug.setmetatable(true, {__len = function() return 3 end}) p(#true, #false) debug.setmetatable(true, nil) p(pcall(debug.setmetatable, {}, 1)) p(pcall(debug.setmetatable, 1)) p(pcall(debug.getmetatable)) p(debug.setmetatable(setmetatable({}, {__metatable = "locked"}), nil) ~= nil) p(debug.getmetatable(setmetatable({}, {__metatable = "locked"})).__metatable)
p(type(debug.getregistry()), debug.getregistry()[2] == _G, type(debug.getregistry()[1]), debug.getregistry()._LOADED == package.loaded, debug.getregistry()._PRELOAD == package.preload, type(debug.getregistry()["FILE*"]))
p(debug.getuservalue(io.stdout)) p(debug.getuservalue(io.stdout, 1)) p(debug.getuservalue(1)) p(debug.getuservalue({}, 1)) p(debug.setuservalue(io.stdout, 1)) p(pcall(debug.setuservalue, 1, 1)) p(debug.getuservalue(io.stdout, 2)) p(pcall(debug.setuservalue, io.stdout, 1, 2)) p(debug.gethook()) p(pcall(debug.setcstacklimit, 200)) 
-- traceback
local function lvl(n) if n == 0 then p(debug.traceback("deep")) p(debug.traceback("deep", 5)) p(debug.traceback("deep", 30)) else lvl(n - 1) end end lvl(5) lvl(22) lvl(50)
local function tl(n) if n == 0 then p(debug.traceback("tail")) return 1 end return tl(n - 1) end tl(3)
mt2 = setmetatable({}, {__index = function() p(debug.traceback("idx")) end, __close = function() p(debug.traceback("close")) end}) _ = mt2.x do local c <close> = mt2 end
local obj = {} function obj:meth() p(debug.traceback("m")) end obj:meth() function obj.fn() p(debug.traceback("m")) end obj.fn() function globalfn() p(debug.traceback("g")) end globalfn() string.myfn = function() p(debug.traceback("lib")) end string.myfn() pcall(string.myfn) load("print(debug.traceback('ld'))")() load("print(debug.traceback('ld'))", "=(x)")() table.sort({1,2}, function() p(debug.traceback("sort")) end)
local up2 = function() p(debug.traceback("up")) end local function callup() up2() end callup() ;(function() up2() end)()
p(debug.traceback(12)) p(debug.traceback(true)) p(debug.traceback("x", "1")) p(pcall(debug.traceback, "x", "y"))
