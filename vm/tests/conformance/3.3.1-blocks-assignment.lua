-- § 3.3.1–3.3.3: blocks, chunks, assignment: separators, ambiguities, order, adjustment of values.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run = s.show, s.list, s.try, s.run

print "-- blocks and chunks"
for _, source in ipairs {
  "", ";", ";;;", "return", "return;", "return 1", "return 1;", "return 1; return 2", "return 1 local x", "do return 1 end return 2", "do end", "do ; end", "do", "end", "do return end end", "local x = 1; do local x = 2 end; return x", "return return", "return 1,", "return ,1", "return (1, 2)",
  "local f = select\n('#', function() end)", "local a = 1 local b = 2 return a, b", "local a = 1;local b = 2;return a,b", "f = nil f()", "x = 1 y = 2 return x, y", "1", "'x'", "x", "x.y", "f", "f()", "(f)()", "{}", "...", "a + 1", "f() + 1", "not x", "#t", "a == b", "(a)", "a.b.c", "a:b", "a:b()", "a'x'", "a{}", "a[[x]]",
  "return ...", "local a, b = ... return b, a", "break", "if true then break end", "goto nowhere", "while true do break return end", "while true do break; end return 'out'", "return function() return ... end",
} do
  run(source, "first", "second")
end
print(select("#", load("return ...")()), select("#", load("return ...")(nil, nil)), load("local a, b, c = ... return c")(1, 2, 3))

print "-- assignment: evaluation before assignment, adjustment"
local function values(...) return ... end
for _, source in ipairs {
  "local a, b = 1, 2 a, b = b, a return a, b", "local a, b, c = 0, 0, 0 a, b, c = 1 return a, b, c", "local a, b a, b = 1, 2, 3 return a, b", "local f = ... local a, b, c = f(1, 2, 3) return a, b, c", "local f = ... local a, b, c = f(1, 2, 3), 10 return a, b, c",
  "local f = ... local a, b, c = (f(1, 2, 3)) return a, b, c", "local f = ... local a, b, c, d = 0, f(1, 2) return a, b, c, d", "local f = ... local a, b = f() return a, b", "local f = ... local a, b = f(), f() return a, b", "local f = ... local t = { f(1, 2), f(1, 2) } return #t", "local f = ... local t = { f(1, 2), (f(1, 2)) } return #t",
  "local i, t = 3, {} i, t[i] = i + 1, 20 return i, t[3], t[4]", "local a = { 1, 2 } local i = 1 i, a[i], a[i + 1] = i + 1, 'x', 'y' return i, a[1], a[2]", "local t = {} t.x, t.y = 1, 2 return t.x, t.y", "local t = {} t.x, t = 1, nil return t", "local t, u = {} u = t t.x, t = 1, {} return t.x, u.x", "local t, u = {} u = t t, t.x = {}, 1 return t.x, u.x",
  "local x = 1 x, x = 2, 3 return x == 2 or x == 3", "local a = {} a.a = a a.a.a, a.a = 5, a return a.a == 5 or a.a == a", "local x, y, z = 1, 2, 3 x, y, z = y, z, x return x, y, z", "local t = { 1, 2, 3 } t[1], t[2], t[3] = t[3], t[1], t[2] return t[1], t[2], t[3]", "local a, b, c, d = 1, nil, 3 return a, b, c, d", "local a <const>, b <const> = 1, 2 return a + b",
  "a, b = 1 return a, b", "a.b = 1", "local a = 1 a.b = 1", "local a = {} a.b.c = 1", "local n n[1] = 1", "local a = {} a[nil] = 1", "local a = {} a[0/0] = 1", "a = = 1", "a, = 1", "a, b", "a, b = ", ", a = 1", "a = 1, ", "local = 1", "local a, = 1", "local a = ", "a = b = 1", "local a = b = 1", "a += 1", "a++",
  "local a = 1, 2, error('evaluated', 0)", "local a = {} a.x, a.y = error('first', 0), error('second', 0)", "local a a.x, y = 1, error('before', 0)",
} do
  run(source, values)
end
do
  local log = {}
  local function at(name, v) log[#log + 1] = name return v end
  local t = setmetatable({}, { __newindex = function(o, k, v) rawset(o, k, v) log[#log + 1] = "set" .. k end })
  at("t", t)[at("k1", "a")], at("t", t)[at("k2", "b")] = at("v1", 1), at("v2", 2)
  print(t.a, t.b, #log, table.concat(log, " ", 1, 6))
end
do
  local t = setmetatable({}, { __index = function(_, k) return k end, __newindex = function(o, k, v) rawset(o, k, v .. "!") end })
  t.x, t.y, t[1] = t.y, t.x, t[2]
  print(t.x, t.y, t[1])
end

print "-- local attribs"
for _, source in ipairs {
  "local x <const> = 5 return x", "local x <const> = 5 x = 6", "local x <const> = 5 local function f() x = 1 end", "local x <const>, y = 1, 2 y = 3 return x, y", "local x <const> return x", "local x <const> = {} x.y = 1 return x.y", "local x <unknown> = 1", "local x <const = 1", "local x < const > = 1 return x", "local x <close>, y <close> = nil, nil", "local x <close> = nil return x", "local x <close> = false return x",
  "local x <close> = 1", "local x <close> = {}", "local x <const> = 'a' local y <const> = x .. 'b' return y", "local x <const> = 10 local t = { [x] = x } return t[10], x + x, -x, x .. ''", "local x <const> = nil return x", "local x <const> = true if x then return 'yes' end", "local x <const> = 2^53 return x", "local x <const>, y <const> = (function() return 1, 2 end)() return x, y", "for i <const> = 1, 2 do end", "function f(a <const>) end", "local function f <const> () end",
  "local x <const> = 1 x = x", "local x <const> = 1 for x = 1, 2 do x = 5 end return x", "local x <const> = 1 local x = 2 x = 3 return x", "local x <const> = 1 return function() return x end", "local a <const> = 1 a, b = 1, 2", "local a <const> = 1 b, a = 1, 2", "local a <close> = nil a = 1", "local x <const> = 1 function x() end", "local x <const> = 1 function x.y() end",
} do
  run(source)
end
