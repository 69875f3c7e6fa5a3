local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local function list(n) local l for i = 1, n do l = {next = l, value = i, name = "n" .. i} end return l end
local function sum(l) local s = 0 while l do s = s + l.value l = l.next end return s end
for i = 1, 10 do print(sum(list(50))) end
local function tree(d) if d == 0 then return {} end return {tree(d - 1), tree(d - 1)} end
local function count(t) if not t[1] then return 1 end return 1 + count(t[1]) + count(t[2]) end
for i = 1, 5 do print(count(tree(i))) end
local words = {} for i = 1, 60 do words[i] = "w" .. i .. "x" end
local s = "" for i = 1, 60 do s = s .. words[i] end print(#s, s)
local fs = {} for i = 1, 60 do local v = {i} fs[i] = function() return v[1] end end
local t = 0 for i = 1, 60 do t = t + fs[i]() end print(t)
local function temp(n) local a, b, c = {n}, {n + 1}, {n + 2} local f = function() return a[1] + b[1] + c[1] end a = {f()} return f() end
for i = 1, 30 do print(temp(i)) end
local objs = {} local mt = {__index = function(t, k) return k .. "d" end, __concat = function(a, b) return "cat" end}
for i = 1, 40 do objs[i] = setmetatable({}, mt) end
for i = 1, 40 do local x = objs[i].a .. objs[i].b print(x, objs[i] .. "q") end
local co = {} for i = 1, 20 do co[i] = create(function(a) local t = {a} for j = 1, 5 do t[#t + 1] = {yield(#t)} end return #t end) end
for r = 1, 7 do for i = 1, 20 do local ok, v = resume(co[i], {r}) if r == 3 then print(ok, v) end end end
