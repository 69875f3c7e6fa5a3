-- Church numerals, booleans and pairs, and counters with shared state: closures that build closures.
local known = { [220] = 8740, [1250] = 50095, [9200] = 368729, [97000] = 3889587 }

local zero = function(_) return function(x) return x end end
local successor = function(n) return function(f) return function(x) return f(n(f)(x)) end end end
local plus = function(a) return function(b) return function(f) return function(x) return a(f)(b(f)(x)) end end end end
local times = function(a) return function(b) return function(f) return a(b(f)) end end end
local power = function(a) return function(b) return b(a) end end

local pair = function(a) return function(b) return function(pick) return pick(a)(b) end end end
local first = function(a) return function(_) return a end end
local second = function(_) return function(b) return b end end

-- the predecessor walks along with a pair that lags one behind
local predecessor = function(n)
  local start = pair(zero)(zero)
  local step = function(p) return pair(p(second))(successor(p(second))) end
  return n(step)(start)(first)
end

local function church(i)
  local n = zero
  for _ = 1, i do n = successor(n) end
  return n
end

local function make_counter()
  local count = 0
  return function(x)
    count = count + 1
    return x
  end, function() return count end
end

local function number(n)
  local tick, read = make_counter()
  n(tick)(nil)
  return read()
end

local function run(n)
  local sum = 0
  for i = 1, n do
    local a, b = i % 7 + 1, i % 5 + 1
    local ca, cb = church(a), church(b)
    sum = sum + number(plus(ca)(cb)) + number(times(ca)(cb)) + number(predecessor(ca))
    if i % 4 == 0 then
      sum = sum + number(power(church(2))(cb)) + number(times(cb)(power(ca)(church(2))))
    end
  end
  return sum
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local sum = 0
  for i = 1, n do
    local a, b = i % 7 + 1, i % 5 + 1
    sum = sum + a + b + a * b + a - 1
    if i % 4 == 0 then sum = sum + 2 ^ b + b * a * a end
  end
  return sum == result
end

return { run = run, check = check }
