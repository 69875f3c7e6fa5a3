-- Longest Collatz trajectory below n: data-dependent while loops on integers.
local known = { [2300] = "2223:182:157693", [14000] = "13255:275:1235420", [74000] = "52527:339:7730579", [460000] = "410011:448:56708959" }

local function run(n)
  local best, bestStart, total = 0, 1, 0
  for start = 1, n do
    local x, steps = start, 0
    while x ~= 1 do
      if x & 1 == 0 then
        x = x >> 1
      else
        x = 3 * x + 1
      end
      steps = steps + 1
    end
    total = total + steps
    if steps > best then
      best, bestStart = steps, start
    end
  end
  return bestStart .. ":" .. best .. ":" .. total
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- independent recount with remembered lengths and division
  local length = { 0 }
  local best, bestStart, total = 0, 1, 0
  for start = 2, n do
    local x, steps = start, 0
    while x >= start do
      if x % 2 == 0 then
        x = x // 2
        steps = steps + 1
      else
        x = (3 * x + 1) // 2
        steps = steps + 2
      end
    end
    length[start] = steps + length[x]
    total = total + length[start]
    if length[start] > best then best, bestStart = length[start], start end
  end
  return result == string.format("%d:%d:%d", bestStart, best, total)
end

return { run = run, check = check }
