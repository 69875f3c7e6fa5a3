-- A pendulum integrated by the classical Runge-Kutta rule: float locals, closures and math.sin.
local known = { [10000] = "14 -6.043040", [56000] = "78 -6.043040", [430000] = "599 -6.043040", [2850000] = "3969 -6.043040" }

local function rk4(derivative)
  return function(t, a, v, h)
    local a1, v1 = derivative(t, a, v)
    local a2, v2 = derivative(t + h / 2, a + h / 2 * a1, v + h / 2 * v1)
    local a3, v3 = derivative(t + h / 2, a + h / 2 * a2, v + h / 2 * v2)
    local a4, v4 = derivative(t + h, a + h * a3, v + h * v3)
    return a + h / 6 * (a1 + 2 * a2 + 2 * a3 + a4), v + h / 6 * (v1 + 2 * v2 + 2 * v3 + v4)
  end
end

local GRAVITY, LENGTH = 9.81, 1.7

local function energy(angle, velocity)
  return 0.5 * LENGTH * LENGTH * velocity * velocity - GRAVITY * LENGTH * math.cos(angle)
end

local function run(n)
  local step = rk4(function(_, angle, velocity)
    return velocity, -GRAVITY / LENGTH * math.sin(angle)
  end)
  local angle, velocity, time, h = 1.2, 0.0, 0.0, 0.002
  local crossings = 0
  for _ = 1, n do
    local before = angle
    angle, velocity = step(time, angle, velocity, h)
    time = time + h
    if (before < 0.0) ~= (angle < 0.0) then crossings = crossings + 1 end
  end
  return string.format("%d %.6f", crossings, energy(angle, velocity))
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local crossings, e = result:match("^(%d+) (%S+)$")
  if not crossings then return false end
  if math.abs(tonumber(e) - energy(1.2, 0.0)) > 1e-5 then return false end
  -- the period through the arithmetic-geometric mean
  local x, y = 1.0, math.cos(0.6)
  for _ = 1, 8 do x, y = (x + y) / 2, math.sqrt(x * y) end
  local period = 2 * math.pi * math.sqrt(LENGTH / GRAVITY) / x
  local expected = math.floor(n * 0.002 / period * 2 + 0.5)
  return math.abs(expected - tonumber(crossings)) <= 1
end

return { run = run, check = check }
