-- A counted loop of ten thousand additions, entered again and again: loop entry and back edges.
local known = { [47] = 1034, [265] = 34715, [1950] = 1898325, [11000] = 60483500 }

local function loop10k(seed)
  local x = seed
  for i = 1, 10000 do
    x = x + i % 7 - 3
  end
  return x
end

local function run(n)
  local total = 0
  for repeatIndex = 1, n do
    total = total + loop10k(repeatIndex)
  end
  return total
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- 1428 whole weeks sum to zero; the last four remainders 1..4 leave -2-1+0+1 = -2
  return result == n * (n + 1) / 2 - 2 * n
end

return { run = run, check = check }
