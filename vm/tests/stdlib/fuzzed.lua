-- What random programs have found to differ from PUC Lua.

local function try(f, ...) print(pcall(f, ...)) end

-- Bitwise operators do not convert strings.
local seven, three = "7", 3
try(function() return seven & three end)
try(function() return 3 | seven end)
try(function() return seven ~ "2" end)
try(function() return 1 << seven end)
try(function() return ~seven end)
try(function() return seven >> nil end)
try(function() return "1.5" | 3 end)

-- Loops do, though.
try(function() for i = 1, "3" do io.write(i, " ") end end)
try(function() for i = "1", 2 do io.write(i, " ") end end)
try(function() for i = 1, 2, "0.5" do io.write(i, " ") end end)
try(function() for i = 1, "2.5" do io.write(i, " ") end end)
try(function() for i = 1, "x" do io.write(i, " ") end end)

-- A value without a name is not called after its field.
try(function() return (nil).x end)
try(function() return (nil):x() end)
try(function() return (type or 1).x.y end)
try(function() return setmetatable({}, {__index = 5}).x end)
try(function() (nil).x = 1 end)

-- Of two operands with the same value, the first is blamed.
try(function(p) return p ~ nil end)
try(function(p) return nil >> p end)
try(function(p) return nil - Undefined end)
try(function(p) return p * nil end)
try(function(p, q) return p .. q end)
try(function(p) return nil .. p end)
try(function(p) return p .. nil end)
try(function(p) return "x" .. p .. "y" end)
try(function(p) return {} .. "y" .. p end)

-- Arithmetic on strings names plain types.
local named = setmetatable({}, {__name = "Named"})
try(function() return named / "" end)
try(function() return "" * named end)
try(function() return named + 1 end)

-- `<=` falls back on `<`.
local order = {__lt = function(a, b) print("lt", type(a), type(b)) return a == 1 end}
local ordered = setmetatable({}, order)
try(function() return 1 <= ordered, ordered <= 1, 1 >= ordered, ordered >= 1 end)
order.__le = function() return "le" end
try(function() return 1 <= ordered, ordered <= ordered end)

try(math.fmod)
try(math.fmod, 1)

-- … also where `<` yields.
local slow = setmetatable({}, {__lt = function(a, b) return coroutine.yield(type(a)) end})
for _, answer in ipairs {true, false} do
  local compare = coroutine.wrap(function() return slow <= 1, 1 <= slow, slow >= 2, slow < 1 end)
  print(compare())
  for _ = 1, 3 do print(compare(answer)) end
  print(compare(answer))
end

-- Names end at a zero byte.
try(function() return "\0z" | nil end)

-- Errors in closing variables, seen from outside.
local function failing(close)
  local z <close> = setmetatable({}, {__close = function() error(close) end})
  error("body")
end
try(coroutine.wrap(failing), "close")
print(coroutine.resume(coroutine.create(failing), "close"))
print(xpcall(failing, function(m) return "handled " .. tostring(m) end, "close"))

-- Lines on which blocks close their variables.
local function lines(f) print((select(2, xpcall(f, debug.traceback)):gsub("\n\t%[C%].*", ""))) end
local function closer() return setmetatable({}, {__close = function() error("x") end}) end
lines(function()
  do
    local z <close> = closer()
    do
    end
  end
end)
lines(function()
  do
    local z <close> = closer()
    for i = 1, 2 do
    end
  end
end)
lines(function()
  do
    local z <close> = closer()
    if z then
      local y = 1
    end
  end
end)
lines(function()
  do
    local z <close> = closer()
    print(1,
      2)
  end
end)
lines(function()
  local z <close> = closer()
  print(1)

end)
lines(function()
  while true do
    local z <close> = closer()

    break
  end
end)
lines(function()
  while true do
    local z <close> = closer()

    while true do
      break
    end
  end
end)
lines(function()
  repeat
    local z <close> = closer()
    print(2)
  until
    true
end)
lines(function()
  for i = 1, 2 do
    local z <close> = closer()
    local function f()
      return
    end

  end
end)
lines(function()
  for i in next, {}, nil, closer() do
    local function f()
      return
    end

  end
end)
lines(function()
  local z <close> = closer()
  do
    return 1
  end
end)
lines(function()
  local z <close> = closer()
  return 1,
     2
end)
lines(function()
  do
    local z <close> = closer()
    ::a::

  end
end)
