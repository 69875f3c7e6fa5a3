-- map, filter, reduce and friends over arrays: higher-order functions with fresh closures.
local known = { [195] = -1382250, [1100] = -7724200, [5700] = -40025400, [42000] = -294924000 }

local function map(f, list)
  local out = {}
  for i, v in ipairs(list) do out[i] = f(v) end
  return out
end

local function filter(keep, list)
  local out = {}
  for _, v in ipairs(list) do
    if keep(v) then out[#out + 1] = v end
  end
  return out
end

local function reduce(f, list, start)
  local acc = start
  for _, v in ipairs(list) do acc = f(acc, v) end
  return acc
end

local function zip_with(f, a, b)
  local out = {}
  for i = 1, math.min(#a, #b) do out[i] = f(a[i], b[i]) end
  return out
end

local function range(first, last)
  local out = {}
  for i = first, last do out[#out + 1] = i end
  return out
end

local function compose(...)
  local stages = { ... }
  return function(x)
    for i = 1, #stages do x = stages[i](x) end
    return x
  end
end

local function curry(f) return function(a) return function(b) return f(a, b) end end end
local add = function(a, b) return a + b end
local multiple_of = function(k) return function(x) return x % k == 0 end end

local function run(n)
  local total = 0
  local base = range(1, 60)
  for i = 1, n do
    local shift = i % 10
    local sum_of_squares = compose(
      function(list) return map(curry(add)(shift), list) end,
      function(list) return filter(multiple_of(3), list) end,
      function(list) return map(function(x) return x * x end, list) end,
      function(list) return reduce(add, list, 0) end)
    local dot = reduce(add, zip_with(function(a, b) return a * b end, base, map(function(x) return 61 - x end, base)), 0)
    total = total + sum_of_squares(base) - dot
  end
  return total
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local total = 0
  for i = 1, n do
    for x = 1, 60 do
      local y = x + i % 10
      if y % 3 == 0 then total = total + y * y end
    end
    total = total - 37820   -- the tetrahedral number 60 * 61 * 62 / 6
  end
  return total == result
end

return { run = run, check = check }
