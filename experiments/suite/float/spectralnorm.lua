-- Spectral norm of the matrix 1/((i+j)(i+j+1)/2+i+1) by power iteration: float division in nested loops.
local known = { [52] = 1274197026, [130] = 1274222210, [345] = 1274224042, [970] = 1274224148 }

local function entry(i, j)
  local d = i + j
  return 1.0 / (d * (d + 1) * 0.5 + i + 1)
end

local function multiply(n, x, y)
  for i = 0, n - 1 do
    local s = 0.0
    for j = 0, n - 1 do
      s = s + entry(i, j) * x[j]
    end
    y[i] = s
  end
end

local function multiply_transposed(n, x, y)
  for i = 0, n - 1 do
    local s = 0.0
    for j = 0, n - 1 do
      s = s + entry(j, i) * x[j]
    end
    y[i] = s
  end
end

local function run(n)
  local u, v, w = {}, {}, {}
  for i = 0, n - 1 do
    u[i], v[i], w[i] = 1.0, 0.0, 0.0
  end
  for _ = 1, 8 do
    multiply(n, u, w)
    multiply_transposed(n, w, v)
    multiply(n, v, w)
    multiply_transposed(n, w, u)
  end
  local uv, vv = 0.0, 0.0
  for i = 0, n - 1 do
    uv = uv + u[i] * v[i]
    vv = vv + v[i] * v[i]
  end
  return math.floor(math.sqrt(uv / vv) * 1e9 + 0.5)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  if n == 1 then return result == 1000000000 end
  -- between the norm of the first column and the norm of the infinite matrix
  local column = 0.0
  for i = 0, n - 1 do column = column + entry(i, 0) ^ 2 end
  return result >= math.sqrt(column) * 1e9 and result <= 1274224154
end

return { run = run, check = check }
