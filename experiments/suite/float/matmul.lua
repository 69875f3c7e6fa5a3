-- Multiplies two n by n matrices of floats after transposing one: dot products over rows.
local known = { [65] = -458077, [120] = 3611530, [240] = 17772647, [450] = 104808901 }

local function matrix(n, seed)
  local m = {}
  for i = 1, n do
    local row = {}
    for j = 1, n do
      seed = (seed * 421 + 1663) % 7875
      row[j] = (seed % 256 - 128) / 16.0
    end
    m[i] = row
  end
  return m
end

local function transpose(m, n)
  local t = {}
  for j = 1, n do
    local column = {}
    for i = 1, n do column[i] = m[i][j] end
    t[j] = column
  end
  return t
end

local function product(a, b, n)
  local bt = transpose(b, n)
  local c = {}
  for i = 1, n do
    local row, ai = {}, a[i]
    for j = 1, n do
      local sum, bj = 0.0, bt[j]
      for k = 1, n do
        sum = sum + ai[k] * bj[k]
      end
      row[j] = sum
    end
    c[i] = row
  end
  return c
end

local function run(n)
  local c = product(matrix(n, 1), matrix(n, 2), n)
  local sum = 0.0
  for i = 1, n do
    for j = 1, n do sum = sum + c[i][j] * (j % 5 - 1) end
  end
  return math.floor(sum * 256)
end

-- The same weighted sum through vectors only: 1' (A (B w)); all values are dyadic, hence exact.
local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local a, b = matrix(n, 1), matrix(n, 2)
  local bw = {}
  for i = 1, n do
    local s = 0.0
    for j = 1, n do s = s + b[i][j] * (j % 5 - 1) end
    bw[i] = s
  end
  local total = 0.0
  for i = 1, n do
    for k = 1, n do total = total + a[i][k] * bw[k] end
  end
  return total * 256 == result
end

return { run = run, check = check }
