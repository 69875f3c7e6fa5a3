-- Builds and walks complete binary trees, many short-lived and one that stays: allocation and collection.
local known = { [10] = 21845, [12] = 103765, [15] = 961195, [17] = 4369067 }

local function bottom_up(depth)
  if depth == 0 then return {} end
  depth = depth - 1
  return { bottom_up(depth), bottom_up(depth) }
end

local function count(tree)
  local left = tree[1]
  if left == nil then return 1 end
  return 1 + count(left) + count(tree[2])
end

local function run(n)
  local longLived = bottom_up(n)
  local total = 0
  for depth = 2, n, 2 do
    local iterations = 2 ^ (n - depth + 1)
    for _ = 1, iterations do
      total = total + count(bottom_up(depth))
    end
  end
  return total + count(longLived)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local total = 2 ^ (n + 1) - 1
  for depth = 2, n, 2 do
    total = total + 2 ^ (n - depth + 1) * (2 ^ (depth + 1) - 1)
  end
  return total == result
end

return { run = run, check = check }
