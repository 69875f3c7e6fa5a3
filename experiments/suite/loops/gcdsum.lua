-- Pillai's sum of gcd(i, j) over all pairs up to n: Euclid's inner loop with the remainder operator.
local known = { [310] = 204393, [730] = 1268902, [1900] = 9639471, [4800] = 67976872 }

local function gcd(a, b)
  while b ~= 0 do
    a, b = b, a % b
  end
  return a
end

local function run(n)
  local sum = 0
  for i = 1, n do
    for j = 1, i do
      sum = sum + gcd(i, j)
    end
  end
  return sum
end

-- The sum over j <= i of gcd(i, j) is the sum over the divisors d of i of d * phi(i / d).
local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local phi = {}
  for i = 1, n do phi[i] = i end
  for p = 2, n do
    if phi[p] == p then
      for multiple = p, n, p do
        phi[multiple] = phi[multiple] - phi[multiple] / p
      end
    end
  end
  local sum = 0
  for d = 1, n do
    for q = 1, math.floor(n / d) do
      sum = sum + d * phi[q]
    end
  end
  return sum == result
end

return { run = run, check = check }
