local function at(f, ...) print(pcall(f, ...)) end
for round = 1, 6 do
  at(function() local t = nil; return t.x end)
  at(function(a, b)
    local c = a + b
    return c
  end, 1, {})
  at(function(a) return a < 1 end, {})
  at(function(a) return {} < a end, {})
  at(function(a) return a .. {} end, "x")
  at(function(a) return -a end, {})
  at(function(a) return #a end, nil)
  at(function(a) return a & 1.5 end, 1)
  at(function(a) return a % 0 end, 1)
  at(function(a) return a // 0 end, 1)
  at(function() error("message") end)
  at(function() error({}) end)
  at(function() error() end)
  at(function() local x <const> = 1; local y <close> = 5 end)
end
local function thrower(n) if n == 0 then error("deep") end thrower(n - 1) return n end
print(pcall(thrower, 10))
print(xpcall(thrower, function(m) return "handled " .. m end, 5))
print(xpcall(thrower, function(m) error("again") end, 5))
local log = {}
local function closer(name) return setmetatable({}, {__close = function(_, e) log[#log + 1] = name .. tostring(e) end}) end
local function scoped(fail)
  local a <close> = closer("a")
  local b <close> = closer("b")
  for i = 1, 3 do local c <close> = closer("c" .. i) if fail == i then error("at " .. i) end end
  if fail == "return" then return "r1", "r2" end
  return "end"
end
for i = 1, 6 do
  print(pcall(scoped)) print(pcall(scoped, 2)) print(pcall(scoped, "return"))
  for j = 1, #log do print(log[j]) end log = {}
end
local mt = {}
for _, op in pairs({"add", "sub", "mul", "div", "mod", "pow", "unm", "idiv", "band", "bor", "bxor", "shl", "shr", "bnot", "concat"}) do
  mt["__" .. op] = function(a, b) return op .. type(a) .. type(b) end
end
mt.__eq = function(a, b) return true end mt.__lt = function() return true end mt.__le = function() return false end
local m, n = setmetatable({}, mt), setmetatable({}, mt)
local function all(m, n)
  print(m + 1, 1 + m, m - n, m * 2, m / 2, m % 2, m ^ 2, -m, m // 2, m & 1, m | 1, m ~ 1, m << 1, m >> 1, ~m, m .. "x", "x" .. m)
  print(m == n, m ~= n, m < n, m <= n, m > n, m >= n, m < 1, 1 < m, m <= 1, m > 1, m >= 1)
end
for i = 1, 6 do all(m, n) end
local badmt = setmetatable({}, {__add = function() error("in add") end, __index = function() error("in index") end, __lt = function() return nil end})
for i = 1, 6 do print(pcall(function() return badmt + 1 end)) print(pcall(function() return badmt.x end)) print(badmt < badmt) end
