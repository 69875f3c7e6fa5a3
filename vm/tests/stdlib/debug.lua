local t = dofile "tests/stdlib/lib/show.lua"
local D = debug

t(D.getinfo, 1, "x") t(D.getinfo, print, ">S") t(D.getinfo, 100) t(D.getinfo, "x") t(D.getinfo)
local function fields(info)
  local list = {}
  for k, v in pairs(info) do list[#list + 1] = k .. "=" .. tostring(v):gsub("0x%x+", "ADDRESS"):gsub("builtin: ", "") end
  table.sort(list)
  print(table.concat(list, " "))
end
fields(D.getinfo(1)) fields(D.getinfo(print)) fields(D.getinfo(fields, "Su"))
local function f(a, b, ...)
  local c = 1
  print(D.getlocal(1, 1)) print(D.getlocal(1, 2)) print(D.getlocal(1, 3)) print(D.getlocal(1, -1)) print(D.getlocal(1, -3))
  print(D.setlocal(1, 1, 9), a)
  print(D.getinfo(1, "n").name, D.getinfo(1, "n").namewhat, D.getinfo(1, "l").currentline)
end
f(1, 2, "x", "y")
print(D.getlocal(f, 1), D.getlocal(f, 2), D.getlocal(f, 3)) t(D.getlocal, 100, 1) t(D.getlocal, 1, "x") t(D.getlocal, print, 1)
local x, y = 1, 2
local function g() return x, y end
print(D.getupvalue(g, 1)) print(D.getupvalue(g, 2)) print(D.getupvalue(g, 3)) print(D.setupvalue(g, 1, 5), x)
t(D.getupvalue, 1, 1) t(D.getupvalue, g, "x") t(D.setupvalue, g, 1) t(D.upvalueid, g, 5)
print(D.upvalueid(g, 1) == D.upvalueid(g, 1), D.upvalueid(g, 1) == D.upvalueid(g, 2))
t(D.upvaluejoin, g, 5, g, 1) t(D.upvaluejoin, print, 1, g, 1)
do
  local a, b = "a", "b"
  local function h() return a end
  local function i() return b end
  D.upvaluejoin(h, 1, i, 1)
  b = "changed"
  print(h())
end
t(D.gethook) t(D.sethook) t(D.traceback, {}) t(D.setmetatable, {}, 1) t(D.getuservalue, 1) t(D.setuservalue, 1, 2)
print(D.setmetatable(10, { __index = function(_, k) return k end }), (5).x) D.setmetatable(10, nil) print(D.getmetatable(10))
print(D.getmetatable("").__index == string, D.getmetatable(print))
print(type(D.getregistry()))
local co = coroutine.create(function(a) local z = 7 coroutine.yield() end)
coroutine.resume(co, 3)
print(D.traceback(co)) print(D.traceback(co, "hi", 1)) print(D.getlocal(co, 1, 1)) print(D.getlocal(co, 1, 2))
print(D.getinfo(co, 1, "l").currentline, D.getinfo(co, 0, "S").what)
local function deep(n) if n == 0 then return D.traceback("deep") end local text = deep(n - 1) return text end
print(deep(3))
print(deep(40))
local lines = {}
for line in pairs(D.getinfo(f, "L").activelines) do lines[#lines + 1] = line end
table.sort(lines)
print(table.concat(lines, " "))
