-- § 3.3.8: to-be-closed variables: order, errors, every way out of a block.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run = s.show, s.list, s.try, s.run

local log = {}
local function new(name, action)
  return setmetatable({ name = name }, { __close = function(self, ...) log[#log + 1] = self.name .. "(" .. list(...) .. ")" if action then action(...) end end })
end
local function flush(label, ...) print(label, table.concat(log, " "), list(...)) log = {} end

print "-- ways out"
do local a <close> = new "a" local b <close> = new "b" log[#log + 1] = "body" end
flush "end of block"
flush("return", (function() local a <close> = new "a" return 1, 2, #log end)())
flush("return of call", (function() local a <close> = new "a" return (function() log[#log + 1] = "called" return 5 end)() end)())
for i = 1, 3 do local a <close> = new("i" .. i) if i == 2 then break end end
flush "break"
do local i = 1 ::top:: local a <close> = new("g" .. i) i = i + 1 if i <= 3 then goto top end end
flush "goto back"
do do local a <close> = new "a" goto out end ::out:: log[#log + 1] = "out" end
flush "goto out"
while true do local a <close> = new "w" do local b <close> = new "inner" break end end
flush "nested break"
do local n = 0 repeat local a <close> = new("r" .. n) n = n + 1 until n == 2 end
flush "repeat"
flush("error", pcall(function() local a <close> = new "a" local b <close> = new "b" error("thrown", 0) end))
flush("runtime error", (select(2, pcall(function() local a <close> = new "a" local x = nil + 1 end)):gsub("^.-:%d+: ", "")))
flush("tail position is no tail call", (function() local a <close> = new "a" return select("#", 1, 2, 3) end)())
flush("varargs", (function(...) local a <close> = new "a" return ... end)(1, nil, 3))
flush("many results", select("#", (function() local a <close> = new "a" return table.unpack({}, 1, 300) end)()))
do local function f() local a <close> = new "f" return function() return "closure" end end flush("closure", f()()) end
do local f = coroutine.wrap(function() local a <close> = new "co" coroutine.yield "y" return "r" end) local y = f() flush("suspended", y) flush("finished", f()) end

print "-- nil and false are ignored; other values must have __close"
for _, source in ipairs { "local x <close> = nil", "local x <close> = false", "local x <close> = true", "local x <close> = 5", "local x <close> = 'text'", "local x <close> = {}", "local x <close> = setmetatable({}, {})", "local x <close> = print", "local name_of_it <close> = 42", "local x <close> = setmetatable({}, { __close = 5 })", "local x <close> = setmetatable({}, { __close = false })", "local x <close> = io.tmpfile() return io.type(x)", "local x <close> = ... return x", "local x <close>" } do run(source) end
print(try(function() local a <close> = new "good" local b <close> = 5 end)) flush "closed before the bad one"
do local m = { __close = function() log[#log + 1] = "first" end } local x <close> = setmetatable({}, m) m.__close = function() log[#log + 1] = "replaced" end end flush "looked up at the end"
debug.setmetatable(5, { __close = function(...) log[#log + 1] = "number " .. list(...) end })
do local x <close> = 7 end flush "metatable of numbers" debug.setmetatable(5, nil)
do local c <close> = setmetatable({}, { __close = setmetatable({}, { __call = function(_, o, e) log[#log + 1] = type(o) .. show(e) end }) }) end flush "callable"

print "-- errors in closing"
flush("replaces", pcall(function() local a <close> = new "a" local b <close> = new("b", function() error("from b", 0) end) error("original", 0) end))
flush("without error before", pcall(function() local a <close> = new "a" local b <close> = new("b", function() error("from b", 0) end) local c <close> = new "c" return "lost" end))
flush("chain", pcall(function() local a <close> = new("a", function(e) error("a after " .. tostring(e), 0) end) local b <close> = new("b", function(e) error("b after " .. tostring(e), 0) end) local c <close> = new("c", function(e) error("c after " .. tostring(e), 0) end) end))
flush("caught inside", pcall(function() local a <close> = new("a", function() pcall(error, "inner") end) return "fine" end))
flush("error object", select(2, pcall(function() local a <close> = new("a", function() error({ "object" }) end) end))[1])
flush("nil error", pcall(function() local a <close> = new "a" error(nil) end))
flush("nested", pcall(function() local a <close> = new("outer", function() local b <close> = new "inner" end) end))
flush("handler sees", xpcall(function() local a <close> = new "a" error("m", 0) end, function(m) log[#log + 1] = "handler" return m .. "!" end))

print "-- the variable itself"
run "local x <close> = nil x = 1"
run "local x <close>, y <close> = nil, nil"
run "local x <close>, y = nil, 2 return y"
run "local y, x <close> = 2 return y, x"
run "local x <close> = nil local f = function() return x end return f()"
do local a <close> = new "a" local f = function() return a.name end log[#log + 1] = f() end flush "captured"
do local f do local a <close> = new("a") f = function() return a.name end end log[#log + 1] = f() end flush "captured beyond its end"
do local values = {} for i = 1, 3 do local a <close> = new("v" .. i) values[i] = function() return a.name end end flush("each its own", values[1](), values[2](), values[3]()) end
do local function recursive(n) local a <close> = new("n" .. n) if n > 0 then return (recursive(n - 1)) end return "bottom" end flush("recursion", recursive(3)) end
do local t = {} for i = 1, 100 do t[i] = new(i) end local function f(i) if i > 100 then return 0 end local a <close> = t[i] return 1 + f(i + 1) end local n = f(1) print(n, #log, log[1], log[100]) log = {} end
do local sum = 0 for i = 1, 1000 do local a <close> = setmetatable({}, { __close = function() sum = sum + i end }) if i % 3 == 0 then goto continue end ::continue:: end print(sum) end
