-- 0/1 knapsack by dynamic programming with traceback, longest increasing subsequences and coin change.
local known = { [37] = "37:73682:10:15246", [190] = "190:73682:10:78278", [1250] = "1250:73682:11:519174", [7500] = "7500:73682:12:3110408" }

local max = math.max

local function items(count, seed)
  local list = {}
  for i = 1, count do
    seed = (seed * 1021 + 25673) % 121500
    list[i] = { weight = seed % 29 + 3, value = math.floor(seed / 29) % 60 + 1 }
  end
  return list
end

local function knapsack(list, capacity)
  local best, take = {}, {}
  for w = 0, capacity do best[w] = 0 end
  for i, item in ipairs(list) do
    local row, weight, value = {}, item.weight, item.value
    for w = capacity, weight, -1 do
      local with = best[w - weight] + value
      if with > best[w] then
        best[w] = with
        row[w] = true
      end
    end
    take[i] = row
  end
  local room, weight, value = capacity, 0, 0
  for i = #list, 1, -1 do
    if take[i][room] then
      room = room - list[i].weight
      weight, value = weight + list[i].weight, value + list[i].value
    end
  end
  return best[capacity], value, weight
end

local function increasing(list)
  local tails = {}
  for _, item in ipairs(list) do
    local lo, hi = 1, #tails + 1
    while lo < hi do
      local mid = math.floor((lo + hi) / 2)
      if tails[mid] < item.value then lo = mid + 1 else hi = mid end
    end
    tails[lo] = item.value
  end
  return #tails
end

local function change(amount, coins)
  local ways = { [0] = 1 }
  for a = 1, amount do ways[a] = 0 end
  for _, coin in ipairs(coins) do
    for a = coin, amount do ways[a] = ways[a] + ways[a - coin] end
  end
  return ways[amount]
end

local COINS = { 1, 2, 5, 10, 20, 50, 100, 200 }

local function run(n)
  local total, agree, longest = 0, 0, 0
  for i = 1, n do
    local list, capacity = items(20 + i % 5, i), 100 + i % 50
    local best, value, weight = knapsack(list, capacity)
    if best == value and weight <= capacity then agree = agree + 1 end
    total = total + best
    longest = max(longest, increasing(list))
  end
  return table.concat({ agree, change(200, COINS), longest, total }, ":")
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local agree, ways, total = result:match("^(%d+):(%d+):%d+:(%d+)$")
  if not agree or tonumber(agree) ~= n or ways ~= "73682" then return false end
  -- taking the densest items first gives a lower and (by one split item) an upper bound
  local lower, upper = 0, 0
  for i = 1, n do
    local list, room = items(20 + i % 5, i), 100 + i % 50
    table.sort(list, function(a, b) return a.value * b.weight > b.value * a.weight end)
    local whole, part = 0, nil
    for _, item in ipairs(list) do
      if item.weight <= room then
        whole, room = whole + item.value, room - item.weight
      elseif not part then
        part = whole + item.value * room / item.weight
      end
    end
    lower, upper = lower + whole, upper + (part or whole)
  end
  total = tonumber(total)
  return lower <= total and total <= upper
end

return { run = run, check = check }
