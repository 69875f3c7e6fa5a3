-- Conway's game of life on an unbounded board kept as a table of live cells, followed by a dense torus.
local known = { [15] = "5 5 15 24", [72] = "5 5 72 100", [335] = "5 5 335 218", [1550] = "5 5 1550 359" }

local W = 4096   -- a cell (x, y) has the key x * W + y

local function parse(picture, dx, dy)
  local cells = {}
  local y = 0
  for line in picture:gmatch("[^/]+") do
    for x = 1, #line do
      if line:sub(x, x) == "O" then cells[(x + dx) * W + y + dy] = true end
    end
    y = y + 1
  end
  return cells
end

local OFFSETS = { -W - 1, -W, -W + 1, -1, 1, W - 1, W, W + 1 }

local function sparse_step(cells)
  local neighbours = {}
  for key in pairs(cells) do
    for i = 1, 8 do
      local k = key + OFFSETS[i]
      neighbours[k] = (neighbours[k] or 0) + 1
    end
  end
  local following = {}
  for key, count in pairs(neighbours) do
    if count == 3 or count == 2 and cells[key] then following[key] = true end
  end
  return following
end

local function torus_step(board, size)
  local out = {}
  for y = 1, size do
    local up, here, down = board[(y - 2) % size + 1], board[y], board[y % size + 1]
    local row = {}
    for x = 1, size do
      local l, r = (x - 2) % size + 1, x % size + 1
      local count = up[l] + up[x] + up[r] + here[l] + here[r] + down[l] + down[x] + down[r]
      row[x] = (count == 3 or count == 2 and here[x] == 1) and 1 or 0
    end
    out[y] = row
  end
  return out
end

local function population(cells)
  local count, sum = 0, 0
  for key in pairs(cells) do
    count = count + 1
    sum = sum + key
  end
  return count, sum
end

local GLIDER = ".O./..O/OOO"
local ACORN = ".O...../...O.../OO..OOO"

local function run(n)
  local glider, acorn = parse(GLIDER, 8, 8), parse(ACORN, 1000, 1000)
  local _, start = population(glider)
  local size = 24
  local board = {}
  for y = 1, size do
    board[y] = {}
    for x = 1, size do board[y][x] = glider[x * W + y] and 1 or 0 end
  end
  for _ = 1, n do
    for _ = 1, 4 do
      glider = sparse_step(glider)
      board = torus_step(board, size)
    end
    acorn = sparse_step(acorn)
  end
  local cells, sum = population(glider)
  local alive = 0
  for y = 1, size do
    for x = 1, size do alive = alive + board[y][x] end
  end
  local many = population(acorn)
  -- the glider moves one cell diagonally every four generations
  return string.format("%d %d %d %d", cells, alive, (sum - start) / (5 * (W + 1)), many)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local prefix = string.format("5 5 %d ", n)
  if result:sub(1, #prefix) ~= prefix then return false end
  return n >= 5206 and result:sub(#prefix + 1) == "633" or tonumber(result:sub(#prefix + 1)) > 6
end

return { run = run, check = check }
