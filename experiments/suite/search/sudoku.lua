-- Solves sudoku grids with bit sets of candidates, the tightest cell first; puzzles come from shuffled grids.
local known = { [24] = "24:1008:818396", [180] = "180:7955:718080", [1200] = "1200:53171:656701", [6700] = "6700:297556:475897" }

local function lcg(seed)
  return function(limit)
    seed = (seed * 1103515245 + 12345) & 0x7fffffff
    return (seed >> 12) % limit
  end
end

local function popcount(bits)
  local count = 0
  while bits ~= 0 do
    bits = bits & (bits - 1)
    count = count + 1
  end
  return count
end

-- A full valid grid: a cyclic pattern with renamed digits and swapped rows within bands.
local function full_grid(random)
  local names, rows = {}, {}
  for i = 1, 9 do names[i], rows[i] = i, i - 1 end
  for i = 9, 2, -1 do
    local j = random(i) + 1
    names[i], names[j] = names[j], names[i]
  end
  for band = 0, 2 do
    local a, b = band * 3 + random(3) + 1, band * 3 + random(3) + 1
    rows[a], rows[b] = rows[b], rows[a]
  end
  local grid = {}
  for r = 0, 8 do
    local source = rows[r + 1]
    for c = 0, 8 do
      grid[r * 9 + c + 1] = names[(source * 3 + source // 3 + c) % 9 + 1]
    end
  end
  return grid
end

local Solver = {}
Solver.__index = Solver

function Solver.new(puzzle)
  local self = setmetatable({ cells = {}, rows = {}, columns = {}, boxes = {}, guesses = 0 }, Solver)
  for i = 0, 8 do self.rows[i], self.columns[i], self.boxes[i] = 0, 0, 0 end
  for i = 1, 81 do
    self.cells[i] = 0
    if puzzle[i] ~= 0 then self:set(i, puzzle[i]) end
  end
  return self
end

local function where(i)
  local r, c = (i - 1) // 9, (i - 1) % 9
  return r, c, r // 3 * 3 + c // 3
end

function Solver:set(i, digit)
  local r, c, b = where(i)
  local bit = 1 << digit
  self.cells[i] = digit
  self.rows[r], self.columns[c], self.boxes[b] = self.rows[r] | bit, self.columns[c] | bit, self.boxes[b] | bit
end

function Solver:unset(i)
  local r, c, b = where(i)
  local mask = ~(1 << self.cells[i])
  self.cells[i] = 0
  self.rows[r], self.columns[c], self.boxes[b] = self.rows[r] & mask, self.columns[c] & mask, self.boxes[b] & mask
end

function Solver:candidates(i)
  local r, c, b = where(i)
  return ~(self.rows[r] | self.columns[c] | self.boxes[b]) & 0x3fe
end

function Solver:solve()
  local best, bestSet, fewest = nil, 0, 10
  for i = 1, 81 do
    if self.cells[i] == 0 then
      local set = self:candidates(i)
      local count = popcount(set)
      if count < fewest then
        best, bestSet, fewest = i, set, count
        if count <= 1 then break end
      end
    end
  end
  if not best then return true end
  for digit = 1, 9 do
    if bestSet >> digit & 1 == 1 then
      self.guesses = self.guesses + 1
      self:set(best, digit)
      if self:solve() then return true end
      self:unset(best)
    end
  end
  return false
end

local function valid(cells, puzzle)
  for i = 1, 81 do
    if puzzle[i] ~= 0 and puzzle[i] ~= cells[i] then return false end
  end
  local rows, columns, boxes = {}, {}, {}
  for i = 1, 81 do
    local r, c, b = where(i)
    local bit = 1 << cells[i]
    rows[r], columns[c], boxes[b] = (rows[r] or 0) | bit, (columns[c] or 0) | bit, (boxes[b] or 0) | bit
  end
  for k = 0, 8 do
    if rows[k] & columns[k] & boxes[k] ~= 0x3fe then return false end
  end
  return true
end

local function run(n)
  local random = lcg(2024)
  local solved, guesses, hash = 0, 0, 0
  for _ = 1, n do
    local puzzle = full_grid(random)
    for _ = 1, 60 do puzzle[random(81) + 1] = 0 end
    local solver = Solver.new(puzzle)
    if solver:solve() and valid(solver.cells, puzzle) then solved = solved + 1 end
    guesses = guesses + solver.guesses
    for i = 1, 81 do hash = (hash * 11 + solver.cells[i]) % 1000003 end
  end
  return string.format("%d:%d:%d", solved, guesses, hash)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local solved, guesses = result:match("^(%d+):(%d+):%d+$")
  -- every puzzle has a solution, and has at most 60 empty cells but some
  return solved ~= nil and tonumber(solved) == n and tonumber(guesses) >= 30 * n
end

return { run = run, check = check }
