-- Functions whose locals others read and set through the library debug: every tier sees what is set.
local getlocal, setlocal = debug.getlocal, debug.setlocal
local function find(level, name)
  local i, found = 1
  while true do
    local n, v = getlocal(level + 1, i)
    if not n then return found end
    if n == name then found = i end
    i = i + 1
  end
end
local trigger, with
local function poke(level, name, value)
  local i = find(level + 1, name)
  if i then setlocal(level + 1, i, value) end
end
local function peek(level, name)
  local i = find(level + 1, name)
  return i and select(2, getlocal(level + 1, i))
end
-- 1 numeric local changed from a callee
local function callee(i) if i == trigger then poke(2, "s", with) end return 1 end
local function loop1(n) local s = 0 for i = 1, n do s = s + callee(i) end return s end
for r = 1, 50 do trigger = 1000 loop1(40) end
trigger, with = 20, 1000.5 print(loop1(40))
trigger, with = 20, "7" print(loop1(40))
trigger, with = 20, {} print(pcall(loop1, 40))
-- 2 table local changed
local function callee2(i) if i == trigger then poke(2, "t", with) end return 1 end
local function loop2(n) local t, s = {1, 2, 3}, 0 for i = 1, n do s = s + callee2(i) + t[1] + (t.x or 0) end return s end
for r = 1, 50 do trigger = 1000 loop2(40) end
trigger, with = 20, {10, x = 5} print(loop2(40))
trigger, with = 20, 17 print(pcall(loop2, 40))
trigger, with = 20, "str" print(pcall(loop2, 40))
collectgarbage()
-- 3 via metamethod
local mt = {__add = function(a, b) if b == trigger then poke(2, "s", with) end return 1 end, __index = function(t, k) if k == trigger then poke(2, "s", with) end return 1 end}
local function loop3(n) local o, s = setmetatable({}, mt), 0 for i = 1, n do s = s + (o + i) s = s + o[i] end return s end
for r = 1, 50 do trigger = 1000 loop3(40) end
trigger, with = 20, 1000.5 print(loop3(40))
trigger, with = 20, {} print(pcall(loop3, 40))
-- 4 getlocal
local function callee4(i) if i == trigger then with = peek(2, "s") end return 1 end
local function loop4(n) local s = 0 for i = 1, n do s = s + callee4(i) end return s end
for r = 1, 50 do trigger = 1000 loop4(40) end
trigger = 20 loop4(40) print(with)
-- 5 upvalues
local function mk() local u = 0 return function(n, f) for i = 1, n do u = u + 1 f(i) end return u end, function() return u end end
local a, ga = mk() local b, gb = mk()
local function nop() end
for r = 1, 50 do a(40, nop) b(40, nop) end
print(a(40, function(i) if i == 20 then debug.setupvalue(a, 1, 0.5) end end), ga())
print(a(40, function(i) if i == 20 then debug.upvaluejoin(a, 1, b, 1) end end), ga(), gb())
print(pcall(a, 40, function(i) if i == 20 then debug.setupvalue(a, 1, {}) end end))
-- 6 for state/loop var
local function callee6(i) if i == trigger then poke(2, "i", with) end return 1 end
local function loop6(n) local s = 0 for i = 1, n do callee6(i) s = s + i end return s end
for r = 1, 50 do trigger = 1000 loop6(40) end
trigger, with = 20, 1000.5 print(loop6(40))
trigger, with = 20, {} print(pcall(loop6, 40))
-- 7 params with no loop
local function f7(x, g) local y = x + 1 g() return x + y end
for r = 1, 200 do f7(r, nop) end
print(f7(1, function() poke(2, "x", 2.5) end), f7(1, function() poke(2, "y", 2.5) end), pcall(f7, 1, function() poke(2, "y", {}) end))
local function f8(x, g) local y = x.a g() return x.a, y.b end
local o = {a = {b = 1}}
for r = 1, 200 do f8(o, nop) end
print(f8(o, function() poke(2, "x", {a = 2}) end)) print(pcall(f8, o, function() poke(2, "y", 12345) end)) print(pcall(f8, o, function() poke(2, "x", 12345) end))
