-- Histogram, prefix sums and range queries answered two ways: scattered reads and writes of integers.
local known = { [5800] = "5800|0|8330488|13866786", [33500] = "33500|0|278221784|470450868", [250000] = "250000|0|15659936332|26027065013", [1650000] = "1650000|0|681548343982|1137415830734" }

local BUCKETS <const> = 1024

local function lcg(seed)
  return function(limit)
    seed = (seed * 48271) % 2147483647
    return seed % limit
  end
end

-- A Fenwick tree keeps the running totals while the histogram is still being filled.
local function fenwick_add(tree, i, delta)
  while i <= BUCKETS do
    tree[i] = tree[i] + delta
    i = i + (i & -i)
  end
end

local function fenwick_sum(tree, i)
  local sum = 0
  while i > 0 do
    sum = sum + tree[i]
    i = i - (i & -i)
  end
  return sum
end

local function run(n)
  local random = lcg(99)
  local counts, tree, prefix = {}, {}, {}
  for i = 1, BUCKETS do counts[i], tree[i] = 0, 0 end

  local online = 0
  for _ = 1, n do
    -- the sum of two dice has a triangular distribution
    local bucket = (random(BUCKETS) + random(BUCKETS)) // 2 + 1
    counts[bucket] = counts[bucket] + 1
    fenwick_add(tree, bucket, 1)
    online = online + fenwick_sum(tree, random(BUCKETS) + 1)
  end

  local total = 0
  for i = 1, BUCKETS do
    total = total + counts[i]
    prefix[i] = total
  end
  prefix[0] = 0

  local mismatches, answers = 0, 0
  for _ = 1, n do
    local lo, hi = random(BUCKETS) + 1, random(BUCKETS) + 1
    if lo > hi then lo, hi = hi, lo end
    local direct = prefix[hi] - prefix[lo - 1]
    if direct ~= fenwick_sum(tree, hi) - fenwick_sum(tree, lo - 1) then
      mismatches = mismatches + 1
    end
    answers = answers + direct
  end
  return string.format("%d|%d|%d|%d", total, mismatches, online, answers)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local prefix = n .. "|0|"
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
