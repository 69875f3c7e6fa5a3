-- Finds natural loops in generated control flow graphs: dominators, back edges and a loop nesting forest.
local known = { [29] = "139/3/1618/4529", [105] = "487/3/5674/15647", [870] = "4060/3/47270/131515", [7700] = "35933/3/418359/1163889" }

---------------------------------------------------------------- graph
local Graph = {}
Graph.__index = Graph

function Graph.new() return setmetatable({ count = 0, successors = {}, predecessors = {} }, Graph) end

function Graph:block()
  self.count = self.count + 1
  self.successors[self.count], self.predecessors[self.count] = {}, {}
  return self.count
end

function Graph:edge(from, to)
  local s, p = self.successors[from], self.predecessors[to]
  s[#s + 1], p[#p + 1] = to, from
end

-- Structured pieces; each takes the block it starts in and returns the block it ends in.
local function straight(g, at)
  local nextBlock = g:block()
  g:edge(at, nextBlock)
  return nextBlock
end

local function diamond(g, at)
  local left, right, join = g:block(), g:block(), g:block()
  g:edge(at, left)
  g:edge(at, right)
  g:edge(left, join)
  g:edge(right, join)
  return join
end

local function loop(g, at, body)
  local header = straight(g, at)
  local last = body(header)
  g:edge(last, header)
  local exit = g:block()
  g:edge(header, exit)
  return exit
end

local function nest(g, at, depth, width)
  for _ = 1, width do
    at = diamond(g, at)
    if depth > 0 then
      at = loop(g, at, function(header)
        local inner = straight(g, header)
        return nest(g, inner, depth - 1, width)
      end)
    end
    at = straight(g, at)
  end
  return at
end

---------------------------------------------------------------- analysis
local function postorder(g, root)
  local order, number, state = {}, {}, {}
  local stack, position = { root }, { 1 }
  state[root] = true
  while #stack > 0 do
    local top = #stack
    local node = stack[top]
    local child = g.successors[node][position[top]]
    if child then
      position[top] = position[top] + 1
      if not state[child] then
        state[child] = true
        stack[top + 1], position[top + 1] = child, 1
      end
    else
      order[#order + 1] = node
      number[node] = #order
      stack[top], position[top] = nil, nil
    end
  end
  return order, number
end

-- Immediate dominators by repeated intersection in reverse postorder.
local function dominators(g, root)
  local order, number = postorder(g, root)
  local idom = { [root] = root }
  local function intersect(a, b)
    while a ~= b do
      while number[a] < number[b] do a = idom[a] end
      while number[b] < number[a] do b = idom[b] end
    end
    return a
  end
  local changed = true
  while changed do
    changed = false
    for i = #order, 1, -1 do
      local node = order[i]
      if node ~= root then
        local best
        for _, p in ipairs(g.predecessors[node]) do
          if idom[p] then best = best and intersect(p, best) or p end
        end
        if idom[node] ~= best then
          idom[node] = best
          changed = true
        end
      end
    end
  end
  return idom, order
end

local function dominates(idom, a, b)
  while b ~= a do
    local up = idom[b]
    if up == b then return false end
    b = up
  end
  return true
end

local function findLoops(g, root)
  local idom, order = dominators(g, root)
  local loops, innermost = {}, {}
  -- postorder meets the inner headers before the outer ones
  for _, header in ipairs(order) do
    local work = {}
    for _, tail in ipairs(g.predecessors[header]) do
      if dominates(idom, header, tail) then work[#work + 1] = tail end
    end
    if #work > 0 then
      local this = { header = header, size = 1, children = 0, parent = nil }
      loops[#loops + 1] = this
      local member = { [header] = true }
      innermost[header] = innermost[header] or this
      while #work > 0 do
        local node = table.remove(work)
        if not member[node] then
          member[node] = true
          this.size = this.size + 1
          local inner = innermost[node]
          if not inner then
            innermost[node] = this
          else
            while inner.parent and inner.parent ~= this do inner = inner.parent end
            if inner ~= this and not inner.parent then
              inner.parent = this
              this.children = this.children + 1
            end
          end
          for _, p in ipairs(g.predecessors[node]) do
            if not member[p] then work[#work + 1] = p end
          end
        end
      end
    end
  end
  return loops
end

local function run(n)
  local found, blocks, deepest, total = 0, 0, 0, 0
  for i = 1, n do
    local g = Graph.new()
    local root = g:block()
    nest(g, root, i % 3 + 1, i % 2 + 1)
    local loops = findLoops(g, root)
    found = found + #loops
    blocks = blocks + g.count
    for _, l in ipairs(loops) do
      local depth, up = 1, l.parent
      while up do depth, up = depth + 1, up.parent end
      if depth > deepest then deepest = depth end
      total = total + depth * l.size
    end
  end
  return table.concat({ found, deepest, blocks, total }, "/")
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local found, deepest = 0, 0
  for i = 1, n do
    local depth, width = i % 3 + 1, i % 2 + 1
    -- width + width^2 + ... + width^depth loops
    local level = 1
    for _ = 1, depth do
      level = level * width
      found = found + level
    end
    if depth > deepest then deepest = depth end
  end
  local prefix = found .. "/" .. deepest .. "/"
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
