-- Singly linked lists: cons, append, reverse, merge sort and lists of lists made of small tables.
local known = { [18] = "1800 1800 899950", [88] = "8800 8800 4395200", [265] = "26500 26500 13199500", [2350] = "235000 235000 117150750" }

local Nil = {}   -- the empty list

local function cons(head, tail) return { head = head, tail = tail } end

local function reverse(list)
  local out = Nil
  while list ~= Nil do
    out = cons(list.head, out)
    list = list.tail
  end
  return out
end

local function append(a, b)
  a = reverse(a)
  while a ~= Nil do
    b = cons(a.head, b)
    a = a.tail
  end
  return b
end

local function split(list)
  local a, b = Nil, Nil
  while list ~= Nil do
    a, b = cons(list.head, b), a
    list = list.tail
  end
  return a, b
end

local function merge(a, b)
  local first = { tail = Nil }
  local last = first
  while a ~= Nil and b ~= Nil do
    if a.head <= b.head then
      last.tail = cons(a.head, Nil)
      a = a.tail
    else
      last.tail = cons(b.head, Nil)
      b = b.tail
    end
    last = last.tail
  end
  last.tail = a ~= Nil and a or b
  return first.tail
end

local function sort(list)
  if list == Nil or list.tail == Nil then return list end
  local a, b = split(list)
  return merge(sort(a), sort(b))
end

local function fold(f, acc, list)
  while list ~= Nil do
    acc = f(acc, list.head)
    list = list.tail
  end
  return acc
end

local function run(n)
  local sum, ordered, length = 0, 0, 0
  local x = 12345
  for _ = 1, n do
    local list = Nil
    for _ = 1, 50 do
      x = (x * 171 + 11213) % 53125
      list = cons(x % 1000, list)
    end
    local sorted = sort(append(list, reverse(list)))
    sum = fold(function(acc, v) return acc + v end, sum, sorted)
    fold(function(previous, v)
      length = length + 1
      if previous <= v then ordered = ordered + 1 end
      return v
    end, -1, sorted)
  end
  return string.format("%d %d %d", length, ordered, sum)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local x, sum = 12345, 0
  for _ = 1, 50 * n do
    x = (x * 171 + 11213) % 53125
    sum = sum + 2 * (x % 1000)
  end
  return result == string.format("%d %d %d", 100 * n, 100 * n, sum)
end

return { run = run, check = check }
