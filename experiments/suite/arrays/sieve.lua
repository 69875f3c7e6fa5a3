-- The sieve of Eratosthenes over a boolean array, again for each of n rounds: strided stores.
local known = { [4] = 13454, [23] = 79288, [110] = 380963, [850] = 2943805 }

local function sieve(limit)
  local flags = {}
  for i = 1, limit do flags[i] = true end
  flags[1] = false
  local i = 2
  while i * i <= limit do
    if flags[i] then
      for j = i * i, limit, i do
        flags[j] = false
      end
    end
    i = i + 1
  end
  local count = 0
  for k = 1, limit do
    if flags[k] then count = count + 1 end
  end
  return count
end

local function limit_of(round)
  return 30000 + 500 * (round % 10)
end

local function run(n)
  local total = 0
  for round = 1, n do
    total = total + sieve(limit_of(round))
  end
  return total
end

-- Counts primes without sieving: the partial-sieve recurrence on the values floor(n / i).
local function count_primes(n)
  local floor = math.floor
  local root = floor(math.sqrt(n))
  local small, large = {}, {}
  for v = 1, root do
    small[v] = v - 1
    large[v] = floor(n / v) - 1
  end
  for p = 2, root do
    if small[p] ~= small[p - 1] then
      local below, square = small[p - 1], p * p
      for v = 1, root do
        local quotient = floor(n / v)
        if quotient < square then break end
        local inner = v * p
        local value = inner <= root and large[inner] or small[floor(n / inner)]
        large[v] = large[v] - (value - below)
      end
      for v = root, square, -1 do
        small[v] = small[v] - (small[floor(v / p)] - below)
      end
    end
  end
  return large[1]
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local total, counts = 0, {}
  for round = 1, n do
    local limit = limit_of(round)
    counts[limit] = counts[limit] or count_primes(limit)
    total = total + counts[limit]
  end
  return total == result
end

return { run = run, check = check }
