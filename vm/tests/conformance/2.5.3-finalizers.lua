-- § 2.5.3: __gc: when an object is marked for finalization, order, resurrection, errors, closing the state.
local s = dofile "tests/conformance/lib/show.lua"

local log = {}
local function flush(label) print(label, table.concat(log, " ")) log = {} end
local function finalized(name, extra)
  local meta = extra or {}
  meta.__gc = function(o) log[#log + 1] = name end
  return setmetatable({}, meta)
end
local function collect() collectgarbage() collectgarbage() end

do
  local function make() finalized "one" end
  make()
  collect()
  flush "collected"
end

do
  local function make() for i = 1, 5 do finalized("n" .. i) end end
  make()
  collect()
  flush "reverse order of marking"
end

do
  local function make()
    setmetatable({}, { __gc = nil })
    local meta = {}
    local late = setmetatable({}, meta)
    meta.__gc = function() log[#log + 1] = "late" end
    local marked = { __gc = true }
    local replaced = setmetatable({}, marked)
    marked.__gc = function() log[#log + 1] = "replaced" end
    local removed = { __gc = function() log[#log + 1] = "removed" end }
    setmetatable({}, removed)
    removed.__gc = nil
    local notfunction = setmetatable({}, { __gc = "text" })
  end
  make()
  collect()
  flush "the field must be there when the metatable is set"
end

do
  local saved
  local function make()
    setmetatable({ name = "phoenix" }, { __gc = function(o) saved = o log[#log + 1] = "gone" end })
  end
  make()
  collect()
  flush "resurrected"
  print(saved.name, getmetatable(saved).__gc ~= nil)
  saved = nil
  collect()
  flush "not finalized twice"
  make()
  collect()
  setmetatable(saved, getmetatable(saved))
  saved = nil
  collect()
  flush "marked again"
  saved = nil
end

do
  local held
  local function make()
    local inner = { value = "reachable from the object" }
    setmetatable({ inner = inner }, { __gc = function(o) held = o.inner.value end })
  end
  make()
  collect()
  print(held)
end

do
  local function make()
    local a, b = {}, {}
    a.other, b.other, a.name, b.name = b, a, "a", "b"
    local meta = { __gc = function(o) log[#log + 1] = o.name .. "->" .. o.other.name end }
    setmetatable(a, meta)
    setmetatable(b, meta)
  end
  make()
  collect()
  flush "cycles"
end

do
  local function make()
    setmetatable({}, { __gc = function(...) log[#log + 1] = select("#", ...) .. type((...)) end })
    setmetatable({}, { __gc = function() finalized "created while finalizing" end })
  end
  make()
  collect()
  collect()
  flush "new objects"
end

do
  local weak = setmetatable({}, { __mode = "v" })
  local keys = setmetatable({}, { __mode = "k" })
  local seen
  local function make()
    local o = setmetatable({}, { __gc = function(o) seen = tostring(weak[1] == nil) .. " " .. tostring(keys[o]) end })
    weak[1] = o
    keys[o] = "still a key"
  end
  make()
  collectgarbage()
  print(seen, weak[1])
  collect()
  print(next(keys))
end

do
  warn "@off"
  local function make()
    for i = 1, 3 do setmetatable({}, { __gc = function() log[#log + 1] = "e" .. i error("in finalizer " .. i) end }) end
  end
  make()
  print(pcall(collect))
  flush "errors stop nothing"
end

do
  local co = coroutine.wrap(function()
    local o = setmetatable({}, { __gc = function() log[#log + 1] = tostring(coroutine.isyieldable()) .. " " .. tostring(pcall(coroutine.yield)) end })
    o = nil
    collect()
    coroutine.yield()
  end)
  co()
  flush "no yields"
end

do
  local n = 0
  for i = 1, 300 do setmetatable({}, { __gc = function() n = n + 1 end }) end
  collect()
  print(n)
end

do
  local steps = 0
  setmetatable({}, { __gc = function() steps = steps + 1 end })
  repeat local garbage = {} for i = 1, 100 do garbage[i] = { i } end until steps > 0
  print(steps)
end

do
  local arguments
  local function make() setmetatable({}, { __gc = setmetatable({}, { __call = function(_, o) arguments = type(o) end }) }) end
  make()
  collect()
  print(arguments)
end

keep = finalized "kept"
collect()
flush "global"
setmetatable({}, { __gc = function() print "at the end, last marked first" end })
atexit = setmetatable({}, { __gc = function() print("closing 1", keep ~= nil) end })
atexit2 = setmetatable({}, { __gc = function() print("closing 2", atexit ~= nil, type(print)) end })
collectgarbage()
