-- In-place heapsort of n random floats: sift-down with data-dependent branches.
local known = { [6400] = 173646432, [33500] = 923630631, [175000] = 4814365822, [960000] = 26404057866 }

local function random_floats(n)
  local list, seed = {}, 17
  for i = 1, n do
    seed = (seed * 3877 + 29573) % 139968
    list[i] = seed / 139968
  end
  return list
end

local function sift(list, root, last)
  local value = list[root]
  while true do
    local child = 2 * root
    if child > last then break end
    if child < last and list[child] < list[child + 1] then
      child = child + 1
    end
    if list[child] <= value then break end
    list[root] = list[child]
    root = child
  end
  list[root] = value
end

local function heapsort(list, n)
  for root = math.floor(n / 2), 1, -1 do
    sift(list, root, n)
  end
  for last = n, 2, -1 do
    list[1], list[last] = list[last], list[1]
    sift(list, 1, last - 1)
  end
end

local function fingerprint(list)
  local sum = 0.0
  for i = 1, #list do
    sum = sum + (i % 10 + 1) * list[i]
  end
  return math.floor(sum * 1e4)
end

local function run(n)
  local list = random_floats(n)
  heapsort(list, n)
  for i = 2, n do
    if list[i - 1] > list[i] then return -i end
  end
  return fingerprint(list)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local list = random_floats(n)
  table.sort(list)
  return fingerprint(list) == result
end

return { run = run, check = check }
