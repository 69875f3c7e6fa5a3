-- § 2.3: errors in message handlers go to the handler again.
local s = dofile "tests/conformance/lib/show.lua"
local list = s.list

print(list(xpcall(error, error, "again")))
print(list(xpcall(error, function() error("in the handler") end, "m")))
local depth = 0
print(list(xpcall(error, function(m) depth = depth + 1 if depth < 5 then error(m) end return "after " .. depth end, "m")))

print "-- the error of memory is recognised by its message: no position, no handler"
local MEMORY = "not enough memory"
local function fails(...) error(...) end
local function handled(m) return "handled " .. tostring(m) end
local function closing(in_body, in_close)
  local c <close> = setmetatable({}, { __close = function(_, e) error(in_close or e, 0) end })
  error(in_body, 0)
end
for _, message in ipairs { MEMORY, "not enough time" } do
  print(xpcall(fails, handled, message, 0))
  print(xpcall(fails, handled, message))
  print(xpcall(fails, function() error(message, 0) end, "x"))
  print(xpcall(closing, handled, message))
  print(xpcall(closing, handled, "x", message))
  print(pcall(coroutine.wrap(fails), message, 0))
  print(pcall(function() coroutine.wrap(fails)(message, 0) end))
  print(pcall(function() coroutine.wrap(function() coroutine.wrap(fails)(message, 0) end)() end))
  print(pcall(function() coroutine.wrap(closing)(message) end))
  print(pcall(function() coroutine.wrap(closing)("x", message) end))
  print(coroutine.resume(coroutine.create(fails), message, 0))
  print(coroutine.wrap(function() return xpcall(function() coroutine.yield() error(message, 0) end, handled) end)())
end
