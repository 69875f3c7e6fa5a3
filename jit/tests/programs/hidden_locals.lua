-- Locals of functions that are in optimised code when the program first asks for them: nothing goes wrong, a later
-- activation shows and takes everything.
local get, set = debug["get" .. "local"], debug["set" .. "local"]
local at, value, seen, done
local function touch(i)
  if i ~= at then return 1 end
  local found, n = nil, 1
  while true do
    local name, v = get(2, n)
    if not name then break end
    if name == "s" then found, seen = n, v end
    n = n + 1
  end
  done = found and set(2, found, value) == "s"
  return 1
end
local function number(n) local s = 0 for i = 1, n do s = s + touch(i) end return s end
local function reference(n) local s, k = {x = 1}, 0 for i = 1, n do k = k + touch(i) + s.x end return k end
local function nested(f, n) return (f(n)) end
local function in_coroutine(f, n) return coroutine.wrap(function() return nested(f, n) end)() end
for r = 1, 60 do at = 0 number(60) reference(60) nested(number, 60) in_coroutine(number, 60) end

local function check(f, n, v, plain, changed, call)
  at, value, done = 20, v, nil
  local result = (call or nested)(f, n)
  assert(result == (done and changed or plain), result)
  collectgarbage()
end
for r = 1, 3 do
  check(number, 40, 1000.5, 40, 1021.5)
  assert(r == 1 or done)
  check(reference, 40, {x = 3}, 80, 122)
  assert(r == 1 or done)
  check(number, 40, -20, 40, 1, in_coroutine)
  assert(done and seen == 19)
end
at, value = 20, "no number"
print(pcall(number, 40))
print(pcall(reference, 40))
