-- LU decomposition with partial pivoting and a solve of an n by n system: row sweeps over nested float tables.
local known = { [83] = 2079000, [155] = 5889000, [315] = 25200000, [570] = 80229500 }

local abs = math.abs

local function build(n)
  local seed = 42
  local a, b, x = {}, {}, {}
  for i = 1, n do x[i] = (i % 7) - 2.5 end
  for i = 1, n do
    local row, dot = {}, 0.0
    for j = 1, n do
      seed = (seed * 3877 + 29573) % 139968
      local value = seed / 139968 - 0.5
      row[j] = value
      dot = dot + value * x[j]
    end
    a[i], b[i] = row, dot
  end
  return a, b, x
end

local function decompose(a, n)
  local order, sign = {}, 1
  for i = 1, n do order[i] = i end
  for k = 1, n do
    local pivot, size = k, abs(a[k][k])
    for i = k + 1, n do
      local candidate = abs(a[i][k])
      if candidate > size then pivot, size = i, candidate end
    end
    if pivot ~= k then
      a[k], a[pivot] = a[pivot], a[k]
      order[k], order[pivot] = order[pivot], order[k]
      sign = -sign
    end
    local rk = a[k]
    local inverse = 1.0 / rk[k]
    for i = k + 1, n do
      local ri = a[i]
      local factor = ri[k] * inverse
      ri[k] = factor
      for j = k + 1, n do
        ri[j] = ri[j] - factor * rk[j]
      end
    end
  end
  return order, sign
end

local function solve(lu, order, b, n)
  local x = {}
  for i = 1, n do
    local s, row = b[order[i]], lu[i]
    for j = 1, i - 1 do s = s - row[j] * x[j] end
    x[i] = s
  end
  for i = n, 1, -1 do
    local s, row = x[i], lu[i]
    for j = i + 1, n do s = s - row[j] * x[j] end
    x[i] = s / row[i]
  end
  return x
end

local function run(n)
  local a, b = build(n)
  local order = decompose(a, n)
  local x = solve(a, order, b, n)
  local sum = 0.0
  for i = 1, n do sum = sum + i * x[i] end
  return math.floor(sum * 1e3 + 0.5)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local _, _, x = build(1)
  local sum = 0.0
  for i = 1, n do sum = sum + i * ((i % 7) - 2.5) end
  return x[1] == -1.5 and math.floor(sum * 1e3 + 0.5) == result
end

return { run = run, check = check }
