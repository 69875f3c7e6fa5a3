-- Takeuchi's function (the y-returning form) over a wandering triple: three-argument recursion.
local known = { [135] = 3653, [910] = 24938, [6600] = 180981, [41000] = 1124075 }

local function tak(x, y, z)
  if x <= y then return y end
  return tak(tak(x - 1, y, z), tak(y - 1, z, x), tak(z - 1, x, y))
end

local function arguments(i)
  return 3 + i % 5, i % 4, (i * 7) % 3 - 1
end

local function run(n)
  local sum = 0
  for i = 1, n do
    local x, y, z = arguments(i)
    sum = sum + tak(x, y, z) * (i % 13 + 1)
  end
  return sum
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local sum = 0
  for i = 1, n do
    local x, y, z = arguments(i)
    local value
    if x <= y then value = y elseif y <= z then value = z else value = x end
    sum = sum + value * (i % 13 + 1)
  end
  return sum == result
end

return { run = run, check = check }
