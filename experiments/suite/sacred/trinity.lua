-- Balanced ternary and the number 3: exact integer arithmetic in Z[phi] with trits as digits.
local known = { [560] = "560-560-524764", [3200] = "3200-3200-173019", [19000] = "19000-19000-772261", [150000] = "150000-150000-513336" }

-- a + b*phi with integers a, b; phi^2 = phi + 1
local Golden = {}
Golden.__index = Golden

local function golden(a, b)
  return setmetatable({ a = a, b = b }, Golden)
end

Golden.__add = function(x, y) return golden(x.a + y.a, x.b + y.b) end
Golden.__sub = function(x, y) return golden(x.a - y.a, x.b - y.b) end
Golden.__mul = function(x, y)
  local bb = x.b * y.b
  return golden(x.a * y.a + bb, x.a * y.b + x.b * y.a + bb)
end
Golden.__eq = function(x, y) return x.a == y.a and x.b == y.b end

function Golden:norm()
  return self.a * self.a + self.a * self.b - self.b * self.b
end

local function to_trits(value)
  local trits, count = {}, 0
  while value ~= 0 do
    local digit = value % 3
    if digit == 2 then digit = -1 end
    count = count + 1
    trits[count] = digit
    value = (value - digit) // 3
  end
  return trits, count
end

local function from_trits(trits, count)
  local value = 0
  for i = count, 1, -1 do
    value = value * 3 + trits[i]
  end
  return value
end

local function run(n)
  local one, phi, inverse = golden(1, 0), golden(0, 1), golden(-1, 1)
  local three = phi * phi + inverse * inverse
  assert(three == golden(3, 0) and phi * inverse == one)
  local checksum, round_trips, units = 0, 0, 0
  for i = 1, n do
    local value = (i * 7919) % 100003 - 50000
    local trits, count = to_trits(value)
    if from_trits(trits, count) == value then round_trips = round_trips + 1 end
    -- evaluate the trits as a polynomial in phi: norms of products are products of norms
    local z = golden(0, 0)
    for k = 1, count do
      z = z * phi + golden(trits[k], 0)
    end
    local w = z * inverse
    if w:norm() == -z:norm() then units = units + 1 end
    checksum = (checksum * 31 + z.a * 3 + z.b) % 1000003
  end
  return round_trips .. "-" .. units .. "-" .. checksum
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local prefix = n .. "-" .. n .. "-"
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
