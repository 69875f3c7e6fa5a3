-- Towers of Hanoi with real pegs: recursion mixed with pushing and popping small arrays.
local known = { [14] = "16383/0/true/57481", [17] = "131071/0/true/17988", [20] = "1048575/0/true/23407", [22] = "4194303/0/true/49603" }

local function move(pegs, from, to, state)
  local source, target = pegs[from], pegs[to]
  local disk = source[#source]
  source[#source] = nil
  local top = target[#target]
  if top and top < disk then
    state.illegal = state.illegal + 1
  end
  target[#target + 1] = disk
  state.moves = state.moves + 1
  state.trace = (state.trace * 3 + from + 2 * to + disk) % 65521
end

local function solve(pegs, count, from, to, via, state)
  if count == 1 then
    move(pegs, from, to, state)
    return
  end
  solve(pegs, count - 1, from, via, to, state)
  move(pegs, from, to, state)
  solve(pegs, count - 1, via, to, from, state)
end

local function run(n)
  local pegs = { {}, {}, {} }
  for disk = n, 1, -1 do
    pegs[1][#pegs[1] + 1] = disk
  end
  local state = { moves = 0, illegal = 0, trace = 1 }
  solve(pegs, n, 1, 3, 2, state)
  local sorted = true
  for i = 1, n do
    if pegs[3][i] ~= n - i + 1 then sorted = false end
  end
  return string.format("%d/%d/%s/%d", state.moves, state.illegal, tostring(sorted), state.trace)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local prefix = string.format("%d/0/true/", 2 ^ n - 1)
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
