-- Counts primes and prime twins by trial division: nested loops with early exits.
local known = { [29500] = "3203/463", [105000] = "10024/1273", [470000] = "39223/4336", [1550000] = "117663/11936" }

local function isPrime(n)
  if n < 2 then return false end
  if n % 2 == 0 then return n == 2 end
  local d = 3
  while d * d <= n do
    if n % d == 0 then return false end
    d = d + 2
  end
  return true
end

local function run(n)
  local primes, twins = 0, 0
  local previous = false
  for candidate = 1, n, 2 do
    local prime = isPrime(candidate)
    if prime then
      primes = primes + 1
      if previous then twins = twins + 1 end
    end
    previous = prime
  end
  if n >= 2 then primes = primes + 1 end
  return primes .. "/" .. twins
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local composite = {}
  local primes, twins = 0, 0
  for i = 2, n do
    if not composite[i] then
      primes = primes + 1
      if i > 4 and not composite[i - 2] and i % 2 == 1 then twins = twins + 1 end
      for j = i * i, n, i do composite[j] = true end
    end
  end
  return result == primes .. "/" .. twins
end

return { run = run, check = check }
