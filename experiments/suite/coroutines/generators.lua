-- Lazy streams from coroutines: ranges, filters, zips and a merged sequence of Hamming numbers.
local known = { [6500] = "6500 232397750 96", [37500] = "37500 7734506250 96", [270000] = "270000 400950945000 96", [1200000] = "1200000 7920004200000 96" }

local yield, wrap = coroutine.yield, coroutine.wrap

local function from(start, step)
  return wrap(function()
    local i = start
    while true do
      yield(i)
      i = i + step
    end
  end)
end

local function keep(predicate, source)
  return wrap(function()
    for value in source do
      if predicate(value) then yield(value) end
    end
  end)
end

local function take(count, source)
  return wrap(function()
    for _ = 1, count do yield((source())) end
  end)
end

local function zip(a, b)
  return wrap(function()
    for x in a do
      local y = b()
      if y == nil then return end
      yield(x, y)
    end
  end)
end

-- numbers of the form 2^a 3^b in order, by merging a stream with itself
local function smooth()
  return wrap(function()
    local list, i2, i3 = { 1 }, 1, 1
    while true do
      yield(list[#list])
      local a, b = list[i2] * 2, list[i3] * 3
      local following = a < b and a or b
      if a == following then i2 = i2 + 1 end
      if b == following then i3 = i3 + 1 end
      list[#list + 1] = following
    end
  end)
end

local function run(n)
  local odd = keep(function(x) return x % 2 == 1 end, from(1, 1))
  local sevens = from(7, 7)
  local sum, pairs_seen = 0, 0
  for x, y in zip(take(n, odd), sevens) do
    sum = sum + x * 2 + y
    pairs_seen = pairs_seen + 1
  end
  local last = 0
  for value in take(n % 50 + 20, smooth()) do last = value end
  return pairs_seen .. " " .. sum .. " " .. last
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local sum = 2 * n * n + 7 * n * (n + 1) / 2
  local prefix = string.format("%d %d ", n, sum)
  if result:sub(1, #prefix) ~= prefix then return false end
  local last, rank = tonumber(result:sub(#prefix + 1)), 0
  local three = 1
  while three <= last do
    local value = three
    while value <= last do
      rank = rank + 1
      value = value * 2
    end
    three = three * 3
  end
  return rank == n % 50 + 20
end

return { run = run, check = check }
