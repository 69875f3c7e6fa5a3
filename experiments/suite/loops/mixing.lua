-- 64-bit xorshift and multiply mixing, run forwards and undone: wrapping arithmetic and bit operators.
local known = { [90000] = "c205b4b2e85a72ec:44837:d9d0", [500000] = "956cc15427c393ed:250100:b749", [3800000] = "256163a9978f33bb:1898250:33f1", [23500000] = "3c2ac282ff865ca8:11745608:4104" }

local MULTIPLIER <const> = 6364136223846793005
local INCREMENT <const> = 1442695040888963407
local INVERSE <const> = (function()
  -- Newton's iteration for the inverse of an odd number modulo 2^64
  local x = MULTIPLIER
  for _ = 1, 6 do x = x * (2 - MULTIPLIER * x) end
  return x
end)()

local function forward(state)
  state = state * MULTIPLIER + INCREMENT
  state = state ~ (state >> 32)
  state = (state << 13) | (state >> 51)
  return state
end

local function backward(state)
  state = (state >> 13) | (state << 51)
  state = state ~ (state >> 32)
  return (state - INCREMENT) * INVERSE
end

local function run(n)
  local state, ones, fold = 0x1234567, 0, 0
  for i = 1, n do
    state = forward(state)
    ones = ones + (state & 1)
    fold = fold ~ (state >> (i & 31))
  end
  return string.format("%016x:%d:%x", state, ones, fold & 0xffff)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local hex, ones = result:match("^(%x+):(%d+):%x+$")
  if not hex then return false end
  local state = 0
  for digit in hex:gmatch(".") do
    state = state << 4 | tonumber(digit, 16)
  end
  local count = 0
  for _ = 1, n do
    count = count + state % 2
    state = backward(state)
  end
  return state == 0x1234567 and count == tonumber(ones)
end

return { run = run, check = check }
