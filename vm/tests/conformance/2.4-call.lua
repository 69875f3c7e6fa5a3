-- § 2.4: __call, at every place where something is called.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

local function callable(name) return setmetatable({ name = name }, { __call = function(self, ...) return self.name, select("#", ...), ... end }) end
local c = callable "c"
print(c(), c(nil), c(1, nil), list(c(1, 2, 3)))
print((c(1)), select("#", c(1, 2)), #{ c(1, 2, 3) })
local function tail(...) return c(...) end
print(tail(), tail(1, 2))
print(c { 1 } == "c", c "text", c [[long]])
local o = { m = c, n = { k = c } }
print(list(o:m(1)), list(o.m(1)), list(o.n.k()))
print(pcall(c, 5), select("#", xpcall(c, print, 1, 2)))
print(list(table.unpack({ c(table.unpack({ 1, 2, 3 }, 1, 3)) }, 1, 5)))

print "-- chains of __call"
local nested = setmetatable({}, { __call = c })
print(list(nested(7)))
local chain = callable "end"
for i = 1, 20 do chain = setmetatable({}, { __call = chain }) end
print(select("#", chain()), (chain()))

print "-- what cannot be called"
for _, value in ipairs { 1, 1.5, "text", true, {}, io.stdout, coroutine.create(print), setmetatable({}, { __call = 1 }), setmetatable({}, { __call = {} }), setmetatable({}, { __call = false }), setmetatable({}, { __call = "x" }) } do
  print(show(value), try(function() value() end), try(function() return value(1, 2) end), try(value))
end
print(try(function() local n n() end), try(function() return (nil)() end))
print(try(function() local v = setmetatable({}, { __call = 1, __name = "Thing" }) v.x.y() end))
print(try(function() local v = { f = setmetatable({}, { __name = "Thing" }) } v.f() end))
print(try(function() local v = { f = 1 } v:f() end))
print(try(function() local v = { f = { g = "s" } } v.f.g(1) end))

print "-- basic types"
debug.setmetatable(1, { __call = function(n, ...) return n * 2, ... end })
debug.setmetatable("", { __index = string, __call = function(text, ...) return text .. "!", ... end })
debug.setmetatable(nil, { __call = function(...) return select("#", ...) end })
print((5)(6), (2.5)(), ("x")("y"), undefined(), undefined(1, 2))
debug.setmetatable(1, nil) debug.setmetatable(nil, nil) debug.setmetatable("", { __index = string })
print(try(function() return (5)(6) end))

print "-- iterators, metamethods, library callbacks"
local counter = setmetatable({ n = 0 }, { __call = function(self, state, control) self.n = self.n + 1 if self.n <= 3 then return self.n, state, control end end })
for a, b, k in counter, "state", "first" do print(a, b, k) end
local arith = setmetatable({}, { __add = c, __index = c, __len = c, __concat = c, __unm = c, __eq = c, __lt = c, __newindex = c, __tostring = c, __close = c })
print(arith + 1, arith.x, #arith, arith .. "x", -arith, arith == {}, arith < 1, tostring(arith))
arith.y = 1
print(rawget(arith, "y"))
print(("abc"):gsub("%w", setmetatable({}, { __call = function(_, x) return x .. x end })) == "aabbcc", try(string.gsub, "abc", "%w", c))
print(try(table.sort, { 3, 1, 2 }, setmetatable({}, { __call = function(_, a, b) return a < b end })))
print(try(coroutine.create, c), try(coroutine.wrap, c))
print(try(xpcall, error, c, "m"))
print(try(load, c))
do local x <close> = arith end

print "-- many arguments"
for _, n in ipairs { 0, 1, 50, 200, 250, 1000, 10000 } do
  local _, count = c(table.unpack({}, 1, n))
  io.write(count, " ")
end
print()

print "-- one site calls functions, tables and natives"
local function site(f, ...) return f(...) end
local functions = { function(...) return "lua", ... end, c, math.max, setmetatable({}, { __call = math.type }), string.len, function() end, coroutine.wrap(function(...) while true do coroutine.yield("yielded", ...) end end) }
for round = 1, 3 do for i, f in ipairs(functions) do io.write("(", try(site, f, i == 5 and "abc" or 9, 3), ") ") end print() end
