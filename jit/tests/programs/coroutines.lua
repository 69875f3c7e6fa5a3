local create, resume, yield = coroutine.create, coroutine.resume, coroutine.yield
local function gen(n) return create(function() for i = 1, n do yield(i, i * i) end return "done" end) end
local g = gen(5)
for i = 1, 7 do print(resume(g)) end
local function deepyield(n) if n == 0 then local x = yield("bottom") return x end return 1 + deepyield(n - 1) end
for r = 1, 6 do
  local co = create(function(n) local a = deepyield(n) local b = deepyield(n * 2) return a, b end)
  print(resume(co, 10)) print(resume(co, 100)) print(resume(co, STRESS and 50 or 1000)) print(resume(co))
end
local co = create(function(...)
  local n = select("#", ...)
  while true do
    local ok, v = pcall(function() local x = yield(n) if x == "fail" then error("failed") end return x end)
    n = (ok and "ok " or "bad ") .. tostring(v)
    if v == "stop" then return n end
  end
end)
print(resume(co, 1, 2, 3)) print(resume(co, "a")) print(resume(co, "fail")) print(resume(co, 7)) print(resume(co, "stop")) print(resume(co))
local function producer(n) return create(function() for i = 1, n do yield(i) end end) end
local function filter(p, f) return create(function() while true do local ok, v = resume(p) if not v then return end if f(v) then yield(v) end end end) end
local c, s = filter(filter(producer(200), function(v) return v % 2 == 0 end), function(v) return v % 3 == 0 end), 0
while true do local ok, v = resume(c) if not v then break end s = s + v end
print(s)
local function it(n) local p = producer(n) return function() local ok, v = resume(p) return v end end
local t = 0 for v in it(100) do t = t + v end print(t)
local inloop = create(function() local s = 0 for i = 1, 50 do s = s + yield(s) end return s end)
resume(inloop) for i = 1, 49 do resume(inloop, i) end print(resume(inloop, 1000)) print(resume(inloop))
local function tailyield(...) return yield(...) end
local ty = create(function(...) for i = 1, 20 do print(tailyield(i, ...)) end local function last(...) return tailyield("last", ...) end return last("x") end)
for i = 1, 23 do print(resume(ty, i)) end
local vy = create(function(...) local function v(...) local a, b = yield(...) return select("#", ...), a, b, ... end for i = 1, 10 do print(v(...)) end return v(1, 2, 3, 4) end)
for i = 1, 12 do print(resume(vy, i, -i)) end
local meta = setmetatable({}, {__index = function(t, k) return k end, __add = function(a, b) return 7 end})
local mc = create(function() for i = 1, 10 do print(meta.x, meta + 1) yield() end end)
for i = 1, 11 do print(resume(mc)) end
local xs = {} for i = 1, 300 do xs[i] = create(function(a) local b = yield(a + i) return a + b + i end) end
local total = 0 for i = 1, 300 do local _, v = resume(xs[i], i) total = total + v end for i = 1, 300 do local _, v = resume(xs[i], i) total = total + v end print(total)
local foriter = create(function() for a, b in function(s, i) i = i + 1 if i < 10 then return yield(i) end end, nil, 0 do print(a, b) end return "end" end)
print(resume(foriter)) for i = 1, 12 do print(resume(foriter, i < 9 and i or nil, i)) end
local err = create(function() for i = 1, 10 do yield(i) end local x = nil; return x.y end)
for i = 1, 12 do print(resume(err)) end
