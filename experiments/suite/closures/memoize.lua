-- Memoised partitions, binomials and Catalan numbers: caches kept in upvalues and variable arguments.
local known = { [16] = "4334-920145-327272", [91] = "25291-241458-922951", [600] = "167579-200995-739713", [2500] = "699578-585275-96664" }

local MOD = 1000003

local function memoize(f)
  local cache = {}
  return function(x)
    local value = cache[x]
    if value == nil then
      value = f(x)
      cache[x] = value
    end
    return value
  end
end

-- any number of arguments: the cache key is their concatenation
local function memoize_many(f)
  local cache = {}
  return function(...)
    local key = table.concat({ ... }, ",")
    local value = cache[key]
    if value == nil then
      value = f(...)
      cache[key] = value
    end
    return value
  end
end

local function fresh()
  local partitions, binomial, catalan
  partitions = memoize_many(function(n, largest)
    if n == 0 then return 1 end
    if n < 0 or largest == 0 then return 0 end
    return partitions(n, largest - 1) + partitions(n - largest, largest)
  end)
  binomial = memoize(function(code)
    local n, k = math.floor(code / 1000), code % 1000
    if k == 0 or k == n then return 1 end
    return (binomial((n - 1) * 1000 + k - 1) + binomial((n - 1) * 1000 + k)) % MOD
  end)
  catalan = memoize(function(n)
    if n == 0 then return 1 end
    local sum = 0
    for i = 0, n - 1 do
      sum = (sum + catalan(i) * catalan(n - 1 - i)) % MOD
    end
    return sum
  end)
  return partitions, binomial, catalan
end

local function run(n)
  local a, b, c = 0, 0, 0
  for i = 1, n do
    local partitions, binomial, catalan = fresh()
    local size = 12 + i % 9
    a = a + partitions(size, size)
    for k = 0, 2 * size do b = (b + binomial(2 * size * 1000 + k)) % MOD end
    c = (c + catalan(size)) % MOD
    -- C(2n, n) = (n + 1) Catalan(n)
    if binomial(2 * size * 1000 + size) ~= catalan(size) * (size + 1) % MOD then return -i end
  end
  return string.format("%d-%d-%d", a, b, c)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local counts = { 77, 101, 135, 176, 231, 297, 385, 490, 627 }
  local a, b = 0, 0
  for i = 1, n do
    a = a + counts[i % 9 + 1]
    local two = 1
    for _ = 1, 2 * (12 + i % 9) do two = two * 2 % MOD end
    b = (b + two) % MOD
  end
  local prefix = string.format("%d-%d-", a, b)
  return type(result) == "string" and result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
