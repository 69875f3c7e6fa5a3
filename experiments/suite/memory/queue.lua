-- Queue churn: a sliding window minimum, a two-stack queue and a cache with eviction over growing indices.
local known = { [2100] = "0-84884-1302", [10000] = "0-397383-6351", [98000] = "0-3747272-62717", [580000] = "0-22038684-371698" }

local Deque = {}
Deque.__index = Deque
function Deque.new() return setmetatable({ first = 1, last = 0 }, Deque) end
function Deque:push(v)
  local last = self.last + 1
  self.last, self[last] = last, v
end
function Deque:shift()
  local first = self.first
  if first > self.last then return nil end
  local v = self[first]
  self[first] = nil
  self.first = first + 1
  return v
end
function Deque:pop()
  local last = self.last
  local v = self[last]
  self[last] = nil
  self.last = last - 1
  return v
end
function Deque:empty() return self.first > self.last end

local function two_stacks()
  local inbox, outbox = {}, {}
  local function put(v) inbox[#inbox + 1] = v end
  local function get()
    if #outbox == 0 then
      while #inbox > 0 do outbox[#outbox + 1] = table.remove(inbox) end
    end
    return table.remove(outbox)
  end
  return put, get
end

local WINDOW, CACHE = 25, 64

local function run(n)
  local window, plain = Deque.new(), Deque.new()
  local put, get = two_stacks()
  local cache, order, hits, stored = {}, Deque.new(), 0, 0
  local x, minima, order_errors = 1, 0, 0
  for i = 1, n do
    x = (x * 1366 + 150889) % 714025
    local value = x % 997
    -- the window keeps candidates for the minimum in increasing order
    while not window:empty() and window[window.last].value >= value do window:pop() end
    window:push({ value = value, at = i })
    if window[window.first].at <= i - WINDOW then window:shift() end
    minima = minima + window[window.first].value

    put(value)
    plain:push(value)
    if i % 3 == 0 then
      for _ = 1, 2 do
        if get() ~= plain:shift() then order_errors = order_errors + 1 end
      end
    end
    if plain.last - plain.first > 500 then
      while not plain:empty() do
        if get() ~= plain:shift() then order_errors = order_errors + 1 end
      end
    end

    local key = "k" .. value % 100
    if cache[key] then
      hits = hits + 1
    else
      cache[key] = { value, i }
      order:push(key)
      stored = stored + 1
      if stored > CACHE then
        cache[order:shift()] = nil
        stored = stored - 1
      end
    end
  end
  return string.format("%d-%d-%d", order_errors, minima, hits)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local errors, minima = result:match("^(%d+)%-(%d+)%-%d+$")
  if errors ~= "0" then return false end
  local values, x, sum = {}, 1, 0
  local place = 1     -- where the smallest value of the window is
  for i = 1, n do
    x = (x * 1366 + 150889) % 714025
    values[i] = x % 997
    if place <= i - WINDOW then
      place = math.max(1, i - WINDOW + 1)
      for k = place, i do
        if values[k] <= values[place] then place = k end
      end
    elseif values[i] <= values[place] then
      place = i
    end
    sum = sum + values[place]
  end
  return sum == tonumber(minima)
end

return { run = run, check = check }
