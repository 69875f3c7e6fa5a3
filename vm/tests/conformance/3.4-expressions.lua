-- § 3.4, § 3.4.3, § 3.4.5, § 3.4.8, § 3.4.10, § 3.4.12: precedence, coercions, logical operators, calls and adjustment of results.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run, eval = s.show, s.list, s.try, s.run, s.eval

print "-- precedence and associativity: what parentheses would say"
local meta = {}
local function node(text) return setmetatable({ text = text }, meta) end
local function text(x) return type(x) == "table" and x.text or tostring(x) end
for event, sign in pairs { add = "+", sub = "-", mul = "*", div = "/", idiv = "//", mod = "%", pow = "^", concat = "..", band = "&", bor = "|", bxor = "~", shl = "<<", shr = ">>" } do
  meta["__" .. event] = function(a, b) return node("(" .. text(a) .. sign .. text(b) .. ")") end
end
meta.__unm = function(a) return node("(-" .. text(a) .. ")") end
meta.__bnot = function(a) return node("(~" .. text(a) .. ")") end
meta.__len = function(a) return node("(#" .. text(a) .. ")") end
local env = { a = node "a", b = node "b", c = node "c", d = node "d" }
local BINARY = { "+", "-", "*", "/", "//", "%", "^", "..", "&", "|", "~", "<<", ">>" }
for _, first in ipairs(BINARY) do
  local row = {}
  for i, second in ipairs(BINARY) do row[i] = text(load("return a " .. first .. " b " .. second .. " c", "=p", "t", env)()) end
  print(first, table.concat(row, " "))
end
for _, source in ipairs { "-a ^ b", "-a * b", "- a .. b", "~a & b", "#a + b", "-#a", "a ^ -b ^ c", "2 ^ -a", "a .. b .. c .. d", "a + b * c ^ d", "a * b + c * d", "(a + b) * c", "a | b ~ c & d", "a << b + c", "a .. b << c", "a << b .. c", "- - a", "~ ~ a", "- ~ # a", "a - -b", "a - - - b", "-a + -b", "-(a ^ b) ^ c", "a // b % c", "((a))" } do print(source, text(load("return " .. source, "=p", "t", env)())) end
for _, source in ipairs { "not nil == true", "not (nil == true)", "not 1 + 1 == 2", "#'ab' == 2", "-2 ^ 2", "2 ^ -1", "1 .. 2 == '12'", "1 + 1 == 2 and 'yes'", "nil == false or 1", "1 or error()", "nil and error()", "false or nil", "nil or false", "1 and 2 or 3", "nil and 2 or 3", "1 and nil or 3", "1 and (nil or 3)", "not not 0", "not nil and 1", "1 < 2 and 2 < 3", "'a' < 'b' == true", "1 == 1 ~= false", "2 > 1 == true", "1 | 2 == 3", "(1 | 2) == 3", "1 & 3 == 3", "5 // 2 * 2 + 5 % 2", "1 << 2 << 3", "2 ^ 2 ^ 3", "'1' + 1 .. ''", "- '2' + 0", "not 'x' == 'x'", "1 or 2 and nil", "(nil or 1) and 2", "a and b", "a and a.b", "false == nil", "not false == not nil" } do eval(source) end

print "-- coercions: string to number, number to string"
for _, source in ipairs { "'10' + 1", "'10' * '2'", "'0x10' + 0", "'1e1' + 0", "' 5 ' + 0", "'5.' + 0", "'.5' + 0", "'' + 0", "'abc' + 0", "'10' // 3", "'10' / 2", "'7' % 4", "'2' ^ 2", "-'3'", "- '0x1p4'", "'10' .. 5", "1 .. ''", "1.0 .. ''", "-0.0 .. ''", "2^63 .. ''", "10 == '10'", "'10' < 5", "('10' + 0) < 5", "math.type('10' + 0)", "math.type('10.0' + 0)", "math.type('1e1' + 0)", "('5'):rep('2')", "math.floor('3.7')", "('x'):rep(2.0)", "#tostring(12)", "tostring(1e15)", "tostring(1e14)", "2^53 == 2^53 + 1", "'9223372036854775808' + 0", "'9223372036854775807' + 0", "'0x7fffffffffffffff' + 1", "10 // '0'", "'a' .. true", "'a' .. nil", "string.rep(5, 2)", "('1'):byte() + '1'" } do eval(source) end

print "-- logical operators keep values and do not evaluate more than needed"
local calls
local function v(x, name) calls = calls .. name return x end
local VALUES = { 1, false, "x" }
for i = 1, 4 do
  for j = 1, 4 do
    local a, b = VALUES[i], VALUES[j]
    calls = ""
    io.write(show(a), " ", show(b), ": ", show(v(a, "a") and v(b, "b")), calls, " ") calls = ""
    io.write(show(v(a, "a") or v(b, "b")), calls, " ") calls = ""
    io.write(show(not v(a, "a")), show(not (v(a, "a") and v(b, "b"))), " ", show((v(a, "a") or v(b, "b")) and v(b, "c")), calls, " ") calls = ""
    local x = v(a, "a") and v(b, "b") or v(i, "c")
    local y = v(a, "a") or v(b, "b") and v(j, "c")
    local z = not v(a, "a") and v(b, "b") or not v(b, "b")
    if (v(a, "1") and v(b, "2")) or (not v(a, "3") and not v(b, "4")) then calls = calls .. "T" else calls = calls .. "F" end
    print(show(x), show(y), show(z), calls)
  end
end

print "-- multiple results, adjustment"
local function f(...) return ... end
local function none() end
for _, source in ipairs {
  "f()", "f(1)", "f(1, 2)", "(f(1, 2))", "f(f(1, 2))", "f(f(1, 2), 3)", "f(3, f(1, 2))", "f((f(1, 2)))", "f(f(), f())", "f((f()))", "(f())", "f(1, 2), f(1, 2)", "f(), 1", "1, f()", "f() == nil", "f(1, 2) + f(3, 4)", "f(1) .. f(2)", "#{ f(1, 2, 3) }", "#{ f(1, 2, 3), 4 }", "#{ f(1, 2), f(1, 2) }", "#{ (f(1, 2)) }", "#{ f() }", "#{ n = f(1, 2) }", "#{ [1] = f(1, 2) }", "{ f(1, 2), x = 1 }[2]", "({ f(1, 2), x = 1 })[2]", "({ f(1, 2); })[2]", "({ f(1, 2), nil })[2]",
  "select('#', f())", "select('#', (f()))", "select('#', f(nil))", "select('#', f(nil, nil))", "select('#', none(), none())", "select('#', none())", "not f()", "f() or 'default'", "f(false) or f(nil, 1)", "f(1, 2) and f(3, 4)", "f 'x'", "f { 1 }[1]", "f [[y]]", "f 'x':upper()", "f{f}[1]'z'", "('%d'):format(7)", "#f 'abc'", "-f(2)", "f(1)(2)", "f(f)(2)", "f(f)(f)(3)", "f.x", "f:x()", "(f)(1)", "(f)", "f\n(1)", "f;(1)", "{}.x", "({}).x", "'x'.y", "('x').y", "('x'):rep(2)", "'x':rep(2)", "{ 1 }[1]", "f{}", "f()()", "f(,)", "f(1,)", "f(1 2)", "f(", "f)", "f 1", "f x", "f nil", "f function() end",
} do
  local chunk, message = load("local f, none = ... return " .. source, "=e")
  print(source, chunk and try(chunk, f, none) or message)
end

print "-- method calls"
do
  local o = { name = "o" }
  function o:m(...) return self.name, ... end
  function o.s(...) return select("#", ...) end
  o.inner = { name = "inner" }
  function o.inner:m() return self.name end
  local n = 0
  local function get() n = n + 1 return o end
  print(list(o:m()), list(o:m(1, 2)), list(o.m(o, 3)), list(o.m({ name = "other" })), o:s(), o.s(), o:s(nil), list(o.inner:m()), list(get():m(get().name)), n)
  print(list(o:m "text"), list(o:m { 1 }), list(o:m [[long]]), try(function() return o:nope() end), try(function() return o.inner:nope(1) end), try(function() return o.nope:m() end))
  print(list(("x"):rep(3, ",")), #("abc"):upper(), ("%s=%s"):format("k", 1), try(function() return ("x"):nope() end), try(function() return (5):nope() end))
end

print "-- varargs"
local function va(...)
  local a, b = ...
  local t = { ..., "last" }
  local u = { "first", ... }
  local n = select("#", ...)
  return n, a, b, #t, #u, (...), select("#", (...)), ... == nil
end
print(list(va())) print(list(va(1))) print(list(va(nil))) print(list(va(1, 2, 3))) print(list(va(nil, nil, 3)))
print(list((function(a, ...) return a, ... end)(1, 2, 3)), list((function(a, ...) a = 5 return ... end)(1, 2)), list((function(...) local x <const> = ... return x end)(7, 8)))
print(list((function(...) return (function(...) return select("#", ...), ... end)(...) end)(1, nil)), list((function(...) local f = function() return 1 end return f(...), ... end)(2, 3)))
run "return (function() return ... end)()"
run "local function f() local x = ... end"
print(select("#", table.unpack({}, 1, 5000)), select("#", f(table.unpack({}, 1, 5000))), #{ f(table.unpack({ 1, 2, 3 })) }, math.max(table.unpack({ 3, 9, 2 })))
for _, n in ipairs { 0, 1, 2, 49, 50, 51, 254, 255, 256, 1000 } do local t = {} for i = 1, n do t[i] = i end local packed = { f(table.unpack(t)) } io.write(#packed, ":", tostring(packed[n]), ":", select("#", f(table.unpack(t))), " ") end
print()
