-- Hofstadter's female and male sequences: mutual recursion through two upvalues.
local known = { [34] = 1496, [48] = 2940, [68] = 5843, [88] = 9734 }

local female, male

function female(n)
  if n == 0 then return 1 end
  return n - male(female(n - 1))
end

function male(n)
  if n == 0 then return 0 end
  return n - female(male(n - 1))
end

local function run(n)
  local sum = 0
  for i = 0, n do
    sum = sum + 3 * female(i) + male(i)
  end
  return sum
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local f, m = { [0] = 1 }, { [0] = 0 }
  local sum = 3
  for i = 1, n do
    m[i] = i - f[m[i - 1]]
    f[i] = i - m[f[i - 1]]
    sum = sum + 3 * f[i] + m[i]
  end
  return sum == result
end

return { run = run, check = check }
