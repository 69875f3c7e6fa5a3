local function sum(a, b, c) local s = 0 for i = a, b, c do s = s + i end return s end
print(sum(1, 10, 1), sum(10, 1, -1), sum(1, 0, 1), sum(1.0, 3.0, 0.5), sum(1, 3.5, 1), sum(3, 1, -0.5), sum(1, 2, 0.25))
print(pcall(sum, 1, 10, 0), pcall(sum, "a", 1, 1), pcall(sum, 1, {}, 1), pcall(sum, 1, 2, "x"))
local max, min = 0x7fffffffffffffff, -0x7fffffffffffffff - 1
print(sum(max - 2, max, 1), sum(min, min + 2, 1), sum(min + 2, min, -1), sum(max, max, max), sum(1, 1/0, 1 << 60))
for i = 1, 3 do local j = i i = i * 2 print(i, j) end
local i = 0
while true do i = i + 1 if i > 10 then break end if i % 2 == 0 then goto continue end print(i) ::continue:: end
repeat local k = i i = i - 1 until k < 5
print(i)
do local n = 0 ::top:: n = n + 1 if n < 100 then goto top end print(n) end
local t = {} for x = 1, 50 do t[x] = function() x = x + 1 return x end end
print(t[1](), t[1](), t[50](), t[25]())
local function nested(n) local c = 0 for i = 1, n do for j = i, n do for k = j, n do c = c + i * j * k end end end return c end
print(nested(1), nested(5), nested(12))
local function mixed(n) local x = 0 for i = 1, n do x = x + i if i == n // 2 then x = x + 0.5 end if i == n - 1 then x = x .. "" end end return x end
print(pcall(mixed, 10), pcall(mixed, 30))
for k, v in pairs({1, 2, 3, a = 4, b = 5}) do print(k, v) end
local function iter(n, i) if i < n then return i + 1, i * i end end
for a, b, c in iter, 5, 0 do print(a, b, c) end
local callable = setmetatable({}, {__call = function(self, n, i) if i < n then return i + 1 end end})
for a in callable, 3, 0 do print(a) end
print(pcall(function() for a in 5 do end end))
for i = 1, 3 do local f = 1.0 for x = f, 2.0, 0.25 do f = f + x end print(f) end
local function alternate(a, b, c) local s = 0 for i = a, b, c do s = s + i end return s end
for n = 1, 40 do if n % 3 == 0 then print(alternate(1.5, n, 1)) else print(alternate(1, n, 2)) end end
