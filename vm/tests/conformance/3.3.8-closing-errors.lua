-- § 3.3.8: a metamethod that has gone, and errors of closing metamethods in a message handler.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run = s.show, s.list, s.try, s.run

local log = {}
local function new(name, action)
  return setmetatable({ name = name }, { __close = function(self, ...) log[#log + 1] = self.name .. "(" .. list(...) .. ")" if action then action(...) end end })
end
local function flush(label, ...) print(label, table.concat(log, " "), list(...)) log = {} end
print(try(function() local m = { __close = function() end } local x <close> = setmetatable({}, m) m.__close = nil end))
print(try(function() local x <close> = new "x" debug.setmetatable(x, nil) end))
flush("in handler of close", xpcall(function() local a <close> = new("a", function() error("c", 0) end) error("m", 0) end, function(m) log[#log + 1] = "handler " .. m return m .. "!" end))
