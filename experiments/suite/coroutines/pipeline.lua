-- Producer, filters and consumer connected by resume and yield with a status check at each step.
local known = { [10000] = "1250/10000/491619/659/dead", [56000] = "7000/56000/2763394/675/dead", [395000] = "49375/395000/19533824/706/dead", [2250000] = "281250/2250000/111320823/739/dead" }

local function receive(producer)
  local ok, value = coroutine.resume(producer)
  if not ok then error(value, 0) end
  return value
end

local function producer(n)
  return coroutine.create(function()
    local x = 1
    for i = 1, n do
      x = (x * 69069 + 1) % 4294967296
      coroutine.yield({ id = i, value = math.floor(x / 65536) % 100 })
    end
  end)
end

local function batcher(source, size)
  return coroutine.create(function()
    local batch = {}
    while true do
      local item = receive(source)
      if item == nil then break end
      batch[#batch + 1] = item
      if #batch == size then
        coroutine.yield(batch)
        batch = {}
      end
    end
    if #batch > 0 then coroutine.yield(batch) end
  end)
end

local function averager(source)
  return coroutine.create(function()
    local number = 0
    for batch in function() return receive(source) end do
      number = number + 1
      local sum = 0
      for i = 1, #batch do sum = sum + batch[i].value end
      coroutine.yield({ number = number, count = #batch, sum = sum })
    end
  end)
end

local function run(n)
  local source = producer(n)
  local stage = averager(batcher(source, 8))
  local batches, items, sum, largest = 0, 0, 0, 0
  while true do
    local summary = receive(stage)
    if not summary then break end
    batches = batches + 1
    items = items + summary.count
    sum = sum + summary.sum
    if summary.sum > largest then largest = summary.sum end
  end
  return string.format("%d/%d/%d/%d/%s", batches, items, sum, largest, coroutine.status(source))
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local x, sum = 1, 0
  for _ = 1, n do
    x = (x * 69069 + 1) % 4294967296
    sum = sum + math.floor(x / 65536) % 100
  end
  local prefix = string.format("%d/%d/%d/", math.ceil(n / 8), n, sum)
  return result:sub(1, #prefix) == prefix and result:sub(-5) == "/dead"
end

return { run = run, check = check }
