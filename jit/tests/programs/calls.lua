-- Under stress every call collects: fewer of them.
local million, depth = STRESS and 300 or 1000000, STRESS and 200 or 150000
local function fib(n) if n < 2 then return n end return fib(n - 1) + fib(n - 2) end
print(fib(20))
local function many(...) return ... end
print(many()) print(many(1)) print(many(1, nil, 3)) print((many(1, 2, 3)))
local a, b, c = many(1, 2) print(a, b, c)
local function params(a, b, c) return a, b, c end
print(params()) print(params(1)) print(params(1, 2, 3, 4))
local function va(a, b, ...) local x, y = ... return select("#", ...), a, b, x, y, ... end
for i = 1, 8 do print(va()) print(va(1)) print(va(1, 2)) print(va(1, 2, 3)) print(va(1, 2, 3, 4, 5)) end
local function vsum(...) local s = 0 for i = 1, select("#", ...) do s = s + (select(i, ...)) end return s end
print(vsum(), vsum(1), vsum(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
local callable = setmetatable({}, {__call = function(self, ...) return "called", ... end})
for i = 1, 6 do print(callable(i, 2)) end
print(pcall(function() local x = 5 x() end), pcall(function() local t = {} t.f() end), pcall(function() undefined() end))
local function f5() return 1, 2, 3, 4, 5 end
local function f6() return 1, 2, 3, 4, 5, 6 end
print(f5()) print(f6()) print(f6(), f5())
local x, y, z = f5() print(x, y, z)
local function tail(n, acc) if n == 0 then return acc end return tail(n - 1, acc + n) end
print(tail(million, 0))
local even, odd
function even(n) if n == 0 then return true, "even" end return odd(n - 1) end
function odd(n) if n == 0 then return false, "odd" end return even(n - 1) end
print(even(million)) print(even(7))
local function tv(n, ...) if n == 0 then return ... end return tv(n - 1, n, ...) end
print(tv(6)) print(select("#", tv(200)))
local function loopy(n, ...) if n == 0 then return select("#", ...) end return loopy(n - 1, ...) end
print(loopy(million // 3, 1, 2, 3))
local function tn(...) return select("#", ...) end
print(tn(1, 2, 3), tn())
local function tp(...) return pcall(tn, ...) end
print(tp(1, 2))
print(pcall(function() return error("tail") end))
local function tcall(n) if n == 0 then return callable(n, "end") end return tcall(n - 1) end
print(tcall(100))
local function deep(n) if n == 0 then return 0 end return 1 + deep(n - 1) end
print(deep(depth))
local function overflow(n) return 1 + overflow(n + 1) end
if not STRESS then print(pcall(overflow, 1)) end
print(deep(depth // 2))
local function swap(a, b) return b, a end
local p, q = 1, 2 for i = 1, 101 do p, q = swap(p, q) end print(p, q)
local function mutual(n) if n <= 0 then return 0 end local r = pcall(mutual, n - 1) return r end
print(mutual(50), mutual(150))
local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end end
local inc, get = counter() for i = 1, 30 do inc() end print(get())
local function shared() local v = 1 local function set(x) v = x end local function read() return v end for i = 1, 20 do set(v + i) v = v * 1 end return read(), v end
print(shared())
local function captured() local n = 1 local function f() n = "s" end n = n + 1 f() return pcall(function() return n + 1 end) end
for i = 1, 7 do print(captured()) end
local function changes() local n = 1 local function f() n = 2.5 end for i = 1, 3 do n = n + 1 f() n = n + 1 end return n end
for i = 1, 7 do print(changes()) end
