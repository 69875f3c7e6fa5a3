-- Digit work on decimal integers (reversals, palindromes, digital roots): division-heavy integer loops.
local known = { [7900] = "177,39493,1034", [36500] = "463,182490,8452", [225000] = "1223,1125000,66767", [1100000] = "2098,5499993,436991" }

local function reverse(x)
  local r = 0
  while x > 0 do
    r = r * 10 + x % 10
    x = x // 10
  end
  return r
end

local function digitalRoot(x)
  while x > 9 do
    local s = 0
    repeat
      s = s + x % 10
      x = x // 10
    until x == 0
    x = s
  end
  return x
end

local function run(n)
  local palindromes, roots, lychrel = 0, 0, 0
  for i = 1, n do
    local r = reverse(i)
    if r == i then palindromes = palindromes + 1 end
    roots = roots + digitalRoot(i)
    -- how often do five reverse-and-add steps not reach a palindrome?
    local x = i
    for step = 1, 5 do
      x = x + r
      r = reverse(x)
      if r == x then break end
      if step == 5 then lychrel = lychrel + 1 end
    end
  end
  return string.format("%d,%d,%d", palindromes, roots, lychrel)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local palindromes, roots, lychrel = result:match("^(%d+),(%d+),(%d+)$")
  if not palindromes then return false end
  local p, s = 0, 0
  for i = 1, n do
    s = s + (i - 1) % 9 + 1
  end
  for half = 1, 9999 do
    local text = tostring(half)
    if tonumber(text .. text:reverse()) <= n then p = p + 1 end
    if tonumber(text .. text:sub(1, -2):reverse()) > n then break end
    p = p + 1
  end
  return p == tonumber(palindromes) and s == tonumber(roots) and tonumber(lychrel) <= n
end

return { run = run, check = check }
