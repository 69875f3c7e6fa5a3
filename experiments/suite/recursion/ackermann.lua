-- Ackermann's function on many small arguments: deep nesting and tail calls.
local known = { [270] = 12792, [1600] = 76321, [10000] = 478097, [71000] = 3395502 }

local function ack(m, n)
  if m == 0 then
    return n + 1
  elseif n == 0 then
    return ack(m - 1, 1)
  else
    return ack(m - 1, ack(m, n - 1))
  end
end

local function run(n)
  local total = 0
  for i = 1, n do
    total = total + ack(1, i % 31) + ack(2, i % 23)
    if i % 8 == 0 then
      total = total + ack(3, i % 5)
    end
  end
  return total
end

-- A(1,x) = x + 2, A(2,x) = 2x + 3, A(3,x) = 2^(x+3) - 3
local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local expected = 0
  for i = 1, n do
    expected = expected + (i % 31 + 2) + (2 * (i % 23) + 3)
    if i % 8 == 0 then
      expected = expected + 2 ^ (i % 5 + 3) - 3
    end
  end
  return expected == result
end

return { run = run, check = check }
