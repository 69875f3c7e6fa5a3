-- Heap's algorithm visits all permutations of six items n times, with a callback per permutation.
local known = { [36] = "25920 9540 635040", [205] = "147600 54325 3616200", [1400] = "1008000 371000 24696000", [8600] = "6192000 2279000 151704000" }

local SIZE = 6

local function each_permutation(items, visit)
  local n = #items
  local state = {}
  for i = 1, n do state[i] = 1 end
  visit(items)
  local i = 2
  while i <= n do
    if state[i] < i then
      local other = i % 2 == 1 and 1 or state[i]
      items[other], items[i] = items[i], items[other]
      visit(items)
      state[i] = state[i] + 1
      i = 2
    else
      state[i] = 1
      i = i + 1
    end
  end
end

local function run(n)
  local items, visits, derangements, weight = {}, 0, 0, 0
  for i = 1, SIZE do items[i] = i end
  for _ = 1, n do
    -- every round starts from the last order of the round before
    each_permutation(items, function(p)
      visits = visits + 1
      weight = weight + p[1] * SIZE + p[SIZE]
      for i = 1, #p do
        if p[i] == i then return end
      end
      derangements = derangements + 1
    end)
  end
  return visits .. " " .. derangements .. " " .. weight
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local factorial, derangements = 1, 1
  for i = 1, SIZE do
    factorial = factorial * i
    derangements = derangements * i + (i % 2 == 0 and 1 or -1)
  end
  local weight = factorial * (SIZE + 1) * (SIZE + 1) / 2
  return result == string.format("%d %d %d", n * factorial, n * derangements, n * weight)
end

return { run = run, check = check }
