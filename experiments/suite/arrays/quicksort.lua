-- Quicksort of small integers with median of three and insertion sort for short runs.
local known = { [8400] = 2352185534, [59000] = 2678821723, [410000] = 1187807412, [2500000] = 4164743457 }

local CUTOFF = 12
local RANGE = 5000

local function insertion(a, lo, hi)
  for i = lo + 1, hi do
    local v, j = a[i], i - 1
    while j >= lo and a[j] > v do
      a[j + 1] = a[j]
      j = j - 1
    end
    a[j + 1] = v
  end
end

local function quicksort(a, lo, hi)
  while hi - lo > CUTOFF do
    local mid = (lo + hi) // 2
    if a[mid] < a[lo] then a[mid], a[lo] = a[lo], a[mid] end
    if a[hi] < a[lo] then a[hi], a[lo] = a[lo], a[hi] end
    if a[hi] < a[mid] then a[hi], a[mid] = a[mid], a[hi] end
    local pivot = a[mid]
    local i, j = lo, hi
    repeat
      while a[i] < pivot do i = i + 1 end
      while pivot < a[j] do j = j - 1 end
      if i <= j then
        a[i], a[j] = a[j], a[i]
        i, j = i + 1, j - 1
      end
    until i > j
    -- recurse into the shorter half only
    if j - lo < hi - i then
      quicksort(a, lo, j)
      lo = i
    else
      quicksort(a, i, hi)
      hi = j
    end
  end
  insertion(a, lo, hi)
end

local function generate(n)
  local a, x = {}, 1
  for i = 1, n do
    x = (x * 1103515245 + 12345) & 0x7fffffff
    a[i] = (x >> 8) % RANGE
  end
  return a
end

local function run(n)
  local a = generate(n)
  quicksort(a, 1, n)
  local h = 0
  for i = 1, n do
    h = (h * 33 + a[i]) & 0xffffffff
  end
  return h
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local counts = {}
  for v = 0, RANGE - 1 do counts[v] = 0 end
  for _, v in ipairs(generate(n)) do counts[v] = counts[v] + 1 end
  local h = 0
  for v = 0, RANGE - 1 do
    for _ = 1, counts[v] do h = (h * 33 + v) & 0xffffffff end
  end
  return h == result
end

return { run = run, check = check }
