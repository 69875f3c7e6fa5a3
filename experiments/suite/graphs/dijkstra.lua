-- Shortest paths on a random sparse graph with a binary heap of nodes: heap arrays and adjacency lists.
local known = { [880] = "880:298:135875", [3950] = "3950:345:779268", [21000] = "21000:426:4938099", [68000] = "68000:459:18183663" }

local Heap = {}
Heap.__index = Heap

function Heap.new(less)
  return setmetatable({ size = 0, less = less }, Heap)
end

function Heap:push(item)
  local less = self.less
  local i = self.size + 1
  self.size = i
  while i > 1 do
    local parent = i // 2
    if not less(item, self[parent]) then break end
    self[i] = self[parent]
    i = parent
  end
  self[i] = item
end

function Heap:pop()
  local size, less = self.size, self.less
  if size == 0 then return nil end
  local top, item = self[1], self[size]
  self[size] = nil
  size = size - 1
  self.size = size
  if size > 0 then
    local i = 1
    while true do
      local child = i * 2
      if child > size then break end
      if child < size and less(self[child + 1], self[child]) then child = child + 1 end
      if not less(self[child], item) then break end
      self[i] = self[child]
      i = child
    end
    self[i] = item
  end
  return top
end

local function make_graph(n)
  local seed = 1
  local function random(limit)
    seed = (seed * 16807) % 2147483647
    return seed % limit
  end
  local graph = {}
  for i = 1, n do graph[i] = {} end
  local function connect(a, b, length)
    table.insert(graph[a], { to = b, length = length })
    table.insert(graph[b], { to = a, length = length })
  end
  for i = 2, n do connect(i, random(i - 1) + 1, random(90) + 10) end
  for _ = 1, 2 * n do connect(random(n) + 1, random(n) + 1, random(200) + 1) end
  return graph
end

local function shortest(graph, source)
  local distance, done = { [source] = 0 }, {}
  local heap = Heap.new(function(a, b) return a.distance < b.distance end)
  heap:push({ node = source, distance = 0 })
  while true do
    local entry = heap:pop()
    if not entry then break end
    local node = entry.node
    if not done[node] then
      done[node] = true
      for _, edge in ipairs(graph[node]) do
        local candidate = entry.distance + edge.length
        local old = distance[edge.to]
        if not old or candidate < old then
          distance[edge.to] = candidate
          heap:push({ node = edge.to, distance = candidate })
        end
      end
    end
  end
  return distance
end

-- The sum of distances, and the number of nodes for which they are a fixed point of relaxation.
local function run(n)
  local graph = make_graph(n)
  local distance = shortest(graph, 1)
  local sum, farthest, tight = 0, 0, 0
  for node = 1, n do
    sum = sum + distance[node]
    farthest = math.max(farthest, distance[node])
    local best = node == 1 and 0 or math.maxinteger
    for _, edge in ipairs(graph[node]) do
      best = math.min(best, distance[edge.to] + edge.length)
    end
    if best == distance[node] then tight = tight + 1 end
  end
  return tight .. ":" .. farthest .. ":" .. sum
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local tight, farthest, sum = result:match("^(%d+):(%d+):(%d+)$")
  return tight ~= nil and tonumber(tight) == n and tonumber(sum) <= n * tonumber(farthest)
end

return { run = run, check = check }
