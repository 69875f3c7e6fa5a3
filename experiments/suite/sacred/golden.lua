-- Fibonacci, Lucas and golden-section search: the golden ratio met by integers and by floats.
local known = { [1250] = "1250 1250 1250 3000000", [6800] = "6800 6800 6800 3000000", [48000] = "48000 48000 48000 3000000", [325000] = "325000 325000 325000 3000000" }

local PHI = (1.0 + math.sqrt(5.0)) / 2.0
local sqrt, abs, floor = math.sqrt, math.abs, math.floor

-- (F(n), L(n)) by the recurrences, modulo m so that any n stays small
local function fib_lucas(n, m)
  local f0, f1, l0, l1 = 0, 1, 2, 1
  for _ = 1, n do
    f0, f1 = f1, (f0 + f1) % m
    l0, l1 = l1, (l0 + l1) % m
  end
  return f0, l0
end

local function golden_section(f, a, b, tolerance)
  local r = PHI - 1.0
  local c, d = b - r * (b - a), a + r * (b - a)
  local fc, fd = f(c), f(d)
  while b - a > tolerance do
    if fc < fd then
      b, d, fd = d, c, fc
      c = b - r * (b - a)
      fc = f(c)
    else
      a, c, fc = c, d, fd
      d = a + r * (b - a)
      fd = f(d)
    end
  end
  return (a + b) / 2
end

-- phi as a continued fraction 1 + 1/(1 + 1/(1 + ...))
local function continued(depth)
  local x = 1.0
  for _ = 1, depth do x = 1.0 + 1.0 / x end
  return x
end

local MODULUS = 1000003

local function run(n)
  local identities, located, fractions = 0, 0, 0
  for i = 1, n do
    local k = i % 64 + 1
    local f, l = fib_lucas(k, MODULUS)
    -- L(n)^2 - 5 F(n)^2 = 4 (-1)^n
    local lhs = (l * l - 5 * f * f) % MODULUS
    local rhs = (k % 2 == 0 and 4 or -4) % MODULUS
    if lhs == rhs then identities = identities + 1 end

    local centre = (i % 97) / 9.7
    local where = golden_section(function(x)
      local dx = x - centre
      return dx * dx + 1.0
    end, -1.0, 11.0, 1e-5)
    if abs(where - centre) < 1e-4 then located = located + 1 end

    if abs(continued(i % 40 + 20) - PHI) < 1e-7 then fractions = fractions + 1 end
  end
  local three = PHI ^ 2 + 1 / PHI ^ 2
  return string.format("%d %d %d %d", identities, located, fractions, floor(three * 1e6 + 0.5))
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  return result == string.format("%d %d %d 3000000", n, n, n)
end

return { run = run, check = check }
