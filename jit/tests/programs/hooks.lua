-- A hook that is set while compiled code runs is told of everything from then on.
local events = {}
local function note(event, line)
  events[#events + 1] = event .. (line and " " .. line or "")
end

local function start(mask) debug.sethook(note, mask) end
local function stop() debug.sethook() end

local function sum(n, mask)
  local s = 0
  for i = 1, n do
    s = s + i
    if i == n - 2 then
      start(mask)
    end
  end
  stop()
  return s
end

local function outer(n, mask)
  local s = sum(n, mask)
  return s + 1
end

for _ = 1, 20 do outer(20, "") end
for _, mask in ipairs {"l", "cr", "crl"} do
  events = {}
  print(mask, outer(50, mask), #events)
  print(table.concat(events, "\n"))
end

-- Through callers that are compiled, and natives between them.
local function each(t, f)
  for i, v in ipairs(t) do f(i, v) end
end
local function deep(n)
  if n == 0 then start("l") return 0 end
  local below = deep(n - 1)
  return below + 1
end
local function sorted()
  local calls = 0
  table.sort({3, 2, 1}, function(a, b)
    calls = calls + 1
    if calls == 2 then start("r") end
    return a < b
  end)
  stop()
  return calls
end
for _ = 1, 20 do
  deep(5)
  stop()
  each({1, 2}, function() end)
  sorted()
end
events = {}
print(deep(5))
stop()
print(table.concat(events, "\n"))
events = {}
print(sorted())
print(table.concat(events, "\n"))

-- While a loop runs that calls nothing, a finalizer sets the hook.
events = {}
local function loop()
  local t = setmetatable({}, {__gc = function() start("l") end})
  t = nil
  local garbage
  for i = 1, 400000 do
    garbage = {i}
    if #events > 3 then break end
  end
  stop()
  return garbage ~= nil
end
print(loop(), #events > 0)

-- Set by a function that is interpreted, because it has not been called before, under a loop that is compiled: the loop
-- is told of from its next back-edge on at the latest.
for _, mask in ipairs {"l", "crl"} do
  local lines = 0
  local starting = load("local note, mask = ... return function() debug.sethook(note, mask) end")(
    function(event) if event == "line" then lines = lines + 1 end end, mask)
  local s = 0
  for i = 1, 200 do
    s = s + i
    if i == 190 then starting() end
  end
  debug.sethook()
  print(mask, s, lines >= 20)
end
