local log = {}
local function ev(e, l)
  local i = debug.getinfo(2, "nSlt")
  log[#log+1] = e .. ":" .. tostring(l) .. " " .. tostring(i.name) .. " " .. i.namewhat .. " " .. i.what .. " " .. i.currentline.." "..tostring(i.istailcall)
end
local function add(a, b)
  return a + b
end
local function tail(x)
  return add(x, 1)
end
local function loop(n)
  local s = 0
  for i = 1, n do s = s + i end
  for i = 1, n do
    s = add(s, i)
  end
  while s > 100 do s = s - 50 end
  repeat
    s = s + 1
  until s > 60
  for k, v in pairs({1, 2, x = 3}) do
    s = s + v
  end
  return s
end
local mt = setmetatable({}, {__index = function(t, k) return k end,
  __add = function(a, b)
    return 1
  end})
debug.sethook(ev, "crl")
add(1, 2)
tail(3)
loop(3)
local x = mt.foo
local y = mt + 1
local t = {
  a = 1,
  b = add(1,
    2),
}
if x == "foo" then
  y = 2
else
  y = 3
end
local z = y and x
  or 5
pcall(error, "x")
pcall(function()
  error("y")
end)
table.sort({3, 2, 1}, function(a, b)
  return a < b
end)
string.gsub("abc", "%w", function(c) return c end)
local function va(...)
  local a, b = ...
  return select("#", ...)
end
va(1, 2, 3)
va()
do
  local c <close> = setmetatable({}, {__close = function() y = 1 end})
  y = 4
end
local function cl()
  local c <close> = setmetatable({}, {__close = function() y = 1 end})
  return y
end
cl()
goto done
y = 6
::done::
for w in string.gmatch("a b", "%a") do y = w end
local co = coroutine.wrap(function() coroutine.yield(1) end)
co() co()
debug.sethook()
print(table.concat(log, "\n"))
print(debug.gethook())
