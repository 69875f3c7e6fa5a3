-- Recursive generators (permutations, subsets, tree walks) that yield from deep inside the recursion.
local known = { [49] = "5880,2940,24304,1470", [185] = "22200,11100,91760,5550", [1800] = "216000,108000,892800,54000", [12500] = "1500000,750000,6200000,375000" }

local function permgen(a, n)
  if n <= 1 then
    coroutine.yield(a)
  else
    for i = 1, n do
      a[n], a[i] = a[i], a[n]
      permgen(a, n - 1)
      a[n], a[i] = a[i], a[n]
    end
  end
end

local function permutations(count)
  local a = {}
  for i = 1, count do a[i] = i end
  return coroutine.wrap(function() permgen(a, count) end)
end

local function subsets(items, index, chosen)
  if index > #items then
    coroutine.yield(chosen)
    return
  end
  subsets(items, index + 1, chosen)
  chosen[#chosen + 1] = items[index]
  subsets(items, index + 1, chosen)
  chosen[#chosen] = nil
end

local function insert(tree, key)
  if not tree then return { key = key } end
  if key < tree.key then
    tree.left = insert(tree.left, key)
  else
    tree.right = insert(tree.right, key)
  end
  return tree
end

local function walk(tree)
  if tree then
    walk(tree.left)
    coroutine.yield(tree.key)
    walk(tree.right)
  end
end

local function run(n)
  local even, count, total, ordered = 0, 0, 0, 0
  for round = 1, n do
    for p in permutations(5) do
      count = count + 1
      local inversions = 0
      for i = 1, 4 do
        for j = i + 1, 5 do
          if p[i] > p[j] then inversions = inversions + 1 end
        end
      end
      if inversions % 2 == 0 then even = even + 1 end
    end
    for set in coroutine.wrap(function() subsets({ 1, 2, 4, 8, 16 }, 1, {}) end) do
      for _, member in ipairs(set) do total = total + member end
    end
    local tree
    for i = 1, 30 do tree = insert(tree, (i * 17 + round) % 31) end
    local previous = -1
    for key in coroutine.wrap(function() walk(tree) end) do
      if key > previous then ordered = ordered + 1 end
      previous = key
    end
  end
  return count .. "," .. even .. "," .. total .. "," .. ordered
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  return result == string.format("%d,%d,%d,%d", 120 * n, 60 * n, 496 * n, 30 * n)
end

return { run = run, check = check }
