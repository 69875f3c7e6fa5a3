-- The sacred formula V = n * 3^k * pi^m * phi^p * e^q: fits targets by a search over exponent ranges.
local known = { [160] = "80 exact, mean error 7.9376e-04", [890] = "448 exact, mean error 8.2521e-04", [6300] = "3165 exact, mean error 7.8631e-04", [43000] = "21600 exact, mean error 7.8372e-04" }

local PI = math.pi
local PHI = (1 + math.sqrt(5)) / 2
local E = math.exp(1)

local function powers(base, low, high)
  local list = {}
  for exponent = low, high do
    list[exponent] = base ^ exponent
  end
  return list
end

local K_LOW, K_HIGH = -2, 2
local M_LOW, M_HIGH = -2, 2
local P_LOW, P_HIGH = -2, 2
local Q_LOW, Q_HIGH = -1, 1
local N_MAX = 9

local function sacred(n, k, m, p, q)
  return n * 3.0 ^ k * PI ^ m * PHI ^ p * E ^ q
end

-- The best relative error reached for one target.
local function fit(target, three, pi, phi, e)
  local best = 1.0
  for k = K_LOW, K_HIGH do
    for m = M_LOW, M_HIGH do
      local km = three[k] * pi[m]
      for p = P_LOW, P_HIGH do
        local kmp = km * phi[p]
        for q = Q_LOW, Q_HIGH do
          local unit = kmp * e[q]
          local n = math.floor(target / unit + 0.5)
          if n >= 1 and n <= N_MAX then
            local err = math.abs(n * unit - target) / target
            if err < best then best = err end
          end
        end
      end
    end
  end
  return best
end

local function run(n)
  assert(math.abs(PHI * PHI + 1 / (PHI * PHI) - 3) < 1e-12, "phi^2 + 1/phi^2 must be 3")
  local three, pi = powers(3.0, K_LOW, K_HIGH), powers(PI, M_LOW, M_HIGH)
  local phi, e = powers(PHI, P_LOW, P_HIGH), powers(E, Q_LOW, Q_HIGH)
  local seed = 20240
  local exact, error_sum = 0, 0.0
  for i = 1, n do
    seed = (seed * 1103 + 12345) % 65536
    local target
    if i % 2 == 1 then
      -- planted: a value of the formula itself
      target = sacred(seed % 9 + 1, seed % 5 - 2, seed % 3 - 1, seed % 4 - 2, seed % 2)
    else
      target = 0.5 + seed / 1024
    end
    local err = fit(target, three, pi, phi, e)
    if err < 1e-12 then exact = exact + 1 end
    error_sum = error_sum + err
  end
  return string.format("%d exact, mean error %.4e", exact, error_sum / n)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local exact, mean = result:match("^(%d+) exact, mean error (%S+)$")
  if not exact then return false end
  local planted = math.floor((n + 1) / 2)
  exact, mean = tonumber(exact), tonumber(mean)
  return exact >= planted and exact <= planted + 1 + n / 100 and mean < 0.01
end

return { run = run, check = check }
