-- § 3.4.9, § 3.4.11, § 3.3.6: table constructors, function definitions, function calls as statements, tail calls.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run = s.show, s.list, s.try, s.run

print "-- constructors"
local function f(...) return ... end
local function fields(t) local out = {} for i = 1, 6 do out[i] = show(t[i]) end return table.concat(out, " ") .. " | " .. #t .. " | " .. show(t.x) .. " " .. show(t.y) .. " " .. show(t[1.5]) end
for _, source in ipairs {
  "{}", "{ 1 }", "{ 1, }", "{ 1; }", "{ 1; 2, 3 }", "{ x = 1 }", "{ x = 1, y = 2; 3 }", "{ 1, x = 1, 2, y = 2, 3 }", "{ [1] = 'a', 'b' }", "{ 'b', [1] = 'a' }", "{ [1] = 'a', [2] = 'b', 'c' }", "{ ['x'] = 1, x = 2 }", "{ x = 1, x = 2 }", "{ [1.5] = 'f' }", "{ [2^53] = 1, 2 }", "{ [f('x')] = 5 }", "{ x = nil, 1 }", "{ nil }", "{ nil, 2 }", "{ [1] = nil }",
  "{ f(1, 2, 3) }", "{ f(1, 2, 3), 4 }", "{ 0, f(1, 2) }", "{ (f(1, 2)) }", "{ f(), 1 }", "{ f() }", "{ x = f(1, 2) }", "{ f(1, 2), x = 1 }", "{ x = 1, f(1, 2) }", "{ f(1, 2), }", "{ ... }", "{ ..., 9 }", "{ 9, ... }", "{ n = select('#', ...), ... }", "{ x = ... }", "{ (...) }", "{ {}, {} }", "{ { 1, 2 }, x = { y = 1 } }", "{ f }", "{ f = f }", "{ function() end }", "{ 'a' .. 'b', 1 + 1, -1, not nil, #'x' }", "{ 1 == 1, x = 1 == 2 }", "{ x }", "{ [1] = 1, [2] = 2, [3] = 3 }", "{ [3] = 3, [2] = 2, [1] = 1 }", "{ 1, nil, 3 }",
  "{ , }", "{ ; }", "{ 1 2 }", "{ 1,, 2 }", "{ x = }", "{ = 1 }", "{ [1] }", "{ [1] 2 }", "{ [] = 1 }", "{ x.y = 1 }", "{ 'x' = 1 }", "{ 1 = 2 }", "{ [nil] = 1 }", "{ [0/0] = 1 }", "{ x: 1 }", "{ 1", "{ x = 1", "}", "{ local x = 1 }", "{ return 1 }", "{ f 'x', y = f { 1 } }", "{ x = 1 } .x",
} do
  local chunk, message = load("local f = select(1, ...) return (function(...) return " .. source .. " end)(select(2, ...))", "=e")
  if not chunk then print(source, message) else local ok, t = pcall(chunk, f, "v1", "v2") print(source, ok and fields(t) or t) end
end
do
  local order = {}
  local function o(x) order[#order + 1] = x return x end
  local t = { o "a", [o "k"] = o "v", o "b", z = o "z", [o "l"] = o "w", o "c" }
  print(table.concat(order, " "), #t, t.k, t.l, t.z)
  for _, n in ipairs { 49, 50, 51, 99, 100, 101, 1000, 66000 } do
    local parts = {}
    for i = 1, n do parts[i] = tostring(i) end
    local source = "return { " .. table.concat(parts, ",") .. ", ... }"
    local t = load(source)("x", "y")
    io.write(#t, " ", t[1], " ", t[n], " ", t[n + 1], " ", t[n + 2], "; ")
  end
  print()
  local distinct = {}
  for i = 1, 3 do distinct[i] = {} end
  print(distinct[1] ~= distinct[2], (function() return {} end)() ~= (function() return {} end)())
end

print "-- function definitions"
for _, source in ipairs {
  "function f() return 1 end return f()", "function t.f() end", "t = {} function t.f(x) return x end return t.f(2)", "t = {} function t:f(x) return self == t, x end return t:f(3)", "t = { a = { b = {} } } function t.a.b.c(x) return x end function t.a.b:d(x) return self == t.a.b, x end return t.a.b.c(1), t.a.b:d(2)", "local function f(n) if n == 0 then return 'end' end return f(n - 1) end return f(5)", "local f = function(n) return f end return f()", "local function f() end return f()", "function f(a, b) return b end return f(1)", "function f(a, ...) return select('#', ...) end return f(), f(1), f(1, 2)",
  "function f(...) return ... end return f(1, 2)", "function f(..., a) end", "function f(a,) end", "function f(a b) end", "function f(1) end", "function f(a.b) end", "function f('x') end", "function f(nil) end", "function 1() end", "function f.g:h.i() end", "function f:g:h() end", "function (x) end", "function() end", "local function t.f() end", "local function t:f() end", "function f() return 1 end end", "function f(", "function f() ", "function f() return", "return function() end == function() end", "return (function(self) return self end)(4)", "function t[1]() end", "function f() return 1 return 2 end", "local function f(self, x) self = x return self end return f(1, 2)", "function f(a, a) return a end return f(1, 2)",
  "return (function(a, b, c) return a, b, c end)(1)", "return (function(a) return a end)(1, 2)", "return (function() return 1 end)(1, 2)", "return select('#', (function() end)())", "return select('#', (function() return end)())", "return select('#', (function() return nil end)())", "return type(function() end)", "f = nil local f = function() return f end return f() == nil", "local t = {} function t.x() return 'x' end function t.y() return t.x() .. 'y' end return t.y()",
} do run(source) end
do
  local t = setmetatable({}, { __newindex = function(t, k, v) rawset(t, k, "set " .. k .. " " .. type(v)) end })
  function t.f() end
  function t:g() end
  print(t.f, t.g)
  local params = {}
  for i = 1, 190 do params[i] = "p" .. i end
  local big = load("return function(" .. table.concat(params, ",") .. ", ...) return p1, p190, select('#', ...) end")()
  print(big(table.unpack((function() local v = {} for i = 1, 250 do v[i] = i end return v end)())))
  print(big())
end

print "-- tail calls do not grow the stack"
do
  local function loop(n) if n == 0 then return "done" end return loop(n - 1) end
  print(loop(300000))
  local a, b
  function a(n) if n == 0 then return "a" end return b(n - 1) end
  function b(n) if n == 0 then return "b" end return a(n - 1) end
  print(a(100001))
  local o = { m = function(self, n) if n == 0 then return "method" end return self:m(n - 1) end }
  print(o:m(100000))
  local function many(n, ...) if n == 0 then return select("#", ...) end return many(n - 1, n, ...) end
  print(many(200))
  local function va(n, ...) if n == 0 then return ... end return va(n - 1, ...) end
  print(va(100000, 1, 2, 3))
  local callable = setmetatable({}, { __call = function(self, n) if n == 0 then return "callable" end return self(n - 1) end })
  print(callable(100000))
  local function through(n) if n == 0 then return "pcall" end return select(2, pcall(through, n - 1)) end
  print(through(100))
  local function notail(n) if n == 0 then return 0 end return (notail(n - 1)) + 1 end
  print(notail(10000))
  local function cont(n, k) if n == 0 then return k(0) end return cont(n - 1, function(v) return k(v + 1) end) end
  print(cont(10000, function(v) return v end))
  print((debug.traceback((function() return "x" end)(), 1):gsub("\n.*", "")))
end

print "-- call statements"
run "local t = {} t.n = 0 function t:inc() self.n = self.n + 1 return self end t:inc():inc():inc() return t.n"
run "local n = 0 local function f() n = n + 1 return f end f()()() return n"
run "('x'):rep(1) return 'ok'"
run "local f = function(...) x = select('#', ...) end f(1, nil) return x"
run "local f = function(t) x = t[1] end f { 'a' } return x"
