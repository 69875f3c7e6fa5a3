local function fill(n, f) local t = {} for i = 1, n do t[i] = f(i) end return t end
local function total(t) local s = 0 for i = 1, #t do s = s + t[i] end return s end
local ints, floats = fill(100, function(i) return i end), fill(100, function(i) return i / 2 end)
local mixed = fill(100, function(i) if i % 2 == 0 then return i end return i + 0.5 end)
print(total(ints), total(floats), total(mixed), #ints, #floats, #mixed)
for r = 1, 3 do for i = 1, 100 do ints[i] = ints[i] * 2 floats[i] = floats[i] + 1 mixed[i] = mixed[i] - 1 end end
print(total(ints), total(floats), total(mixed))
ints[50] = 1.5 floats[50] = 3 mixed[50] = "7"
print(total(ints), total(floats), total(mixed))
ints[100] = nil print(#ints) ints[100] = nil ints[200] = 1 print(#ints, ints[200], ints[150], ints[0], ints[-1])
local function rw(t, k, v) t[k] = v return t[k] end
print(rw({}, 1, 2), rw({}, 1.0, 2), rw({}, "a", 2), rw({}, true, 2), rw({}, 1.5, 2), rw({}, rw, 3))
print(pcall(rw, {}, nil, 1), pcall(rw, {}, 0/0, 1), pcall(rw, nil, 1, 1), pcall(rw, 5, 1, 1))
print(pcall(function(t) return t.x.y end, {}), pcall(function(t) t.x.y = 1 end, {}), pcall(function(t) return t:nope() end, {}))
local function point(x, y) local p = {} p.x = x p.y = y return p end
local sum = 0
for i = 1, 200 do local p = point(i, -i) sum = sum + p.x * 2 + p.y p.x = nil p.x = i sum = sum + p.x end
print(sum)
local shapes = {{x = 1}, {y = 2, x = 3}, {z = 1, y = 2, x = 5}, {a = 1, x = 7}, setmetatable({}, {__index = {x = 11}}), {b = 1}}
local function getx(t) return t.x end
for round = 1, 3 do for i = 1, #shapes do print(getx(shapes[i])) end end
local class = {} class.__index = class
function class.new(v) return setmetatable({v = v}, class) end
function class:get() return self.v end
function class:add(n) self.v = self.v + n return self end
local o = class.new(1)
for i = 1, 50 do o:add(i) end
print(o:get())
function class:get() return "changed " .. self.v end
print(o:get(), class.new(3):add(4):get())
local derived = setmetatable({}, class) derived.__index = derived
local d = setmetatable({v = 10}, derived)
for i = 1, 20 do d:add(1) end print(d:get())
function derived:get() return -self.v end
print(d:get(), o:get())
local log = {}
local proxy = setmetatable({}, {__index = function(t, k) return k .. "!" end, __newindex = function(t, k, v) log[#log + 1] = k log[#log + 1] = v end})
for i = 1, 10 do proxy.a = i end print(#log, proxy.a, proxy.zzz, log[1], log[20])
local function len(x) return #x end
print(len("abc"), len({1, 2}), len({}), len(setmetatable({}, {__len = function() return 42 end})), pcall(len, 5))
local list = {1, 2, nil, 4, select(2, 1, 5, 6, 7)}
print(#list, list[4], list[7])
print(#{(function() return 1, 2, 3 end)()}, #{n = 1, (function() return 1, 2, 3 end)(), 5})
for i = 1, 300 do list[#list + 1] = i end print(#list, list[#list])
local grow = {} for i = 1, 40 do grow["k" .. i] = i end
local c = 0 for k, v in pairs(grow) do c = c + v end print(c)
g1 = 0 for i = 1, 100 do g1 = g1 + i end print(g1) g1 = nil print(g1) for i = 1, 3 do g2 = (g2 or 0) + 1 end print(g2)
local t = {10, 20, 30} t[1], t[2] = t[2], t[1] print(t[1], t[2], t[3], t[4])

-- Zero is a key like any other, not the place where `next` begins.
do
  local function visit(t)
    local seen = {}
    for key in next, t do
      seen[#seen + 1] = key
      if #seen > 9 then break end
    end
    return #seen
  end
  local count = 0
  for _ = 1, 100 do count = count + visit({ [0] = "zero", "one", "two" }) + visit({ "one" }) + visit({ [0] = "zero" }) end
  print(count)
end
