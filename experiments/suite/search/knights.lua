-- Knight's tours with the fewest-onward-moves rule, and knight distances by breadth-first search.
local known = { [21] = "0 21 1344 3790", [120] = "0 118 7672 21768", [990] = "0 975 63300 179570", [8900] = "0 8761 569044 1614204" }

local MOVES = { { 1, 2 }, { 2, 1 }, { 2, -1 }, { 1, -2 }, { -1, -2 }, { -2, -1 }, { -2, 1 }, { -1, 2 } }

local function neighbours(size)
  local list = {}
  for y = 0, size - 1 do
    for x = 0, size - 1 do
      local reach = {}
      for _, move in ipairs(MOVES) do
        local nx, ny = x + move[1], y + move[2]
        if nx >= 0 and nx < size and ny >= 0 and ny < size then
          reach[#reach + 1] = ny * size + nx + 1
        end
      end
      list[y * size + x + 1] = reach
    end
  end
  return list
end

local function tour(next_squares, squares, start)
  local visited, path = {}, { start }
  visited[start] = 1
  local at = start
  for step = 2, squares do
    local best, fewest = nil, 9
    for _, square in ipairs(next_squares[at]) do
      if not visited[square] then
        local onward = 0
        for _, after in ipairs(next_squares[square]) do
          if not visited[after] then onward = onward + 1 end
        end
        if onward < fewest then best, fewest = square, onward end
      end
    end
    if not best then return path end
    visited[best] = step
    path[step] = best
    at = best
  end
  return path
end

local function distances(next_squares, start)
  local distance, queue, head = { [start] = 0 }, { start }, 1
  local sum = 0
  while queue[head] do
    local at = queue[head]
    head = head + 1
    sum = sum + distance[at]
    for _, square in ipairs(next_squares[at]) do
      if not distance[square] then
        distance[square] = distance[at] + 1
        queue[#queue + 1] = square
      end
    end
  end
  return sum, #queue
end

local function legal(path, next_squares)
  local seen = {}
  for i, square in ipairs(path) do
    if seen[square] then return false end
    seen[square] = true
    if i > 1 then
      local found = false
      for _, other in ipairs(next_squares[path[i - 1]]) do found = found or other == square end
      if not found then return false end
    end
  end
  return true
end

local function run(n)
  local complete, visited, illegal, steps = 0, 0, 0, 0
  local board = neighbours(8)
  for i = 1, n do
    local start = (i * 13) % 64 + 1
    local path = tour(board, 64, start)
    if #path == 64 then complete = complete + 1 end
    if not legal(path, board) then illegal = illegal + 1 end
    visited = visited + #path
    local sum, reached = distances(board, start)
    if reached == 64 then steps = steps + sum end
  end
  return string.format("%d %d %d %d", illegal, complete, visited, steps)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local illegal, complete, visited = result:match("^(%d+) (%d+) (%d+) %d+$")
  return illegal == "0" and tonumber(complete) >= 0.8 * n and tonumber(visited) <= 64 * n
    and tonumber(visited) >= 64 * complete
end

return { run = run, check = check }
