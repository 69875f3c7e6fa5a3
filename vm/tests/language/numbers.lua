-- Integers, floats, strings and their conversions; order of evaluation.
local p = function(...) print(pcall(...)) end
print(1e15, 1e16, 1e100, -1e15, 123456789012345, 0.1, 1/3, 100.0, 1e14, 123456.789e3, 2^53, 2^63, -2^63, 1e-5, 5e-324, 1.7976931348623157e308)
print(1/0, -1/0, 0/0, -(0/0), -0.0, 0.0, 0x.8p1, 0xA, 0Xa.8P0, 0x7fffffffffffffff, 0xffffffffffffffff, 0x1ffffffffffffffff, 9223372036854775807, 9223372036854775808)
print(math.maxinteger + 1 == math.mininteger, math.mininteger - 1, math.maxinteger * 2, math.mininteger // -1, math.mininteger % -1, -math.mininteger)
print(7 // 2, -7 // 2, 7 // -2, -7 // -2, 7.0 // 2, -7 // 2.0, 7 % 3, -7 % 3, 7 % -3, -7 % -3, 7.5 % 2, -7.5 % 2, 7.5 % -2, 5 % math.huge, -5 % math.huge, 5 % -math.huge, 0.0 % 1, -0.0 % 1)
print(1e-200 % -3e-200, -1e-200 % 3e-200, 1e-320 % -1e-320, 5e-324 % -1e300)
print(1 // 0.0, -1 // 0.0, 0.0 // 0.0, 1 % math.huge, 1.0 // 1e-320, 2^1023 * 2, -2^1023 * 2)
print(1 << 63, 1 << 64, 1 << -1, 1 >> 1, -1 >> 1, -1 >> 63, -1 >> 64, -1 << 64, 1 << math.mininteger, 1 >> math.mininteger, 3.0 | 0, "10" + 1, "0x10" + 0, "1e1" // 1, " 5 " * "2", 10 .. 20, 1.5 .. "", -0.0 .. "", 2^63 .. "")
print(2^53 == 2^53 + 1, math.maxinteger + 0.0 == 2^63, math.maxinteger == 2^63, math.maxinteger < 2^63, math.maxinteger <= 2^63, math.mininteger == -2^63, math.mininteger <= -2^63, math.mininteger < -2^63, 2^53 + 1 == 9007199254740993, 9007199254740993 < 2^53 + 2, 9007199254740993 == 9007199254740992.0, 9007199254740993 > 9007199254740992.0)
print(1 < 0/0, 1 > 0/0, 1 == 0/0, 0/0 == 0/0, math.maxinteger < 0/0, math.maxinteger >= 0/0, 1 < math.huge, math.mininteger > -math.huge, 1 == 1.0, "1" == 1, 0.0 == -0.0, 1/0.0 == 1/-0.0)
print("a" < "b", "a" < "a\0", "a\0b" < "a\0c", "" < "a", "Z" < "a", "\xff" > "a", "a\0" == "a", "10" < "9")
print(#"a\0b", ("a\0b"):byte(1, -1), ("x"):rep(3, "\0") == "x\0x\0x")
for i = math.maxinteger - 2, math.maxinteger do io.write(i, " ") end print()
for i = math.mininteger, math.mininteger + 2 do io.write(i, " ") end print()
for i = math.mininteger + 2, math.mininteger, -1 do io.write(i, " ") end print()
for i = 1, 3, math.maxinteger do io.write(i, " ") end print()
for i = 3, 1, math.mininteger do io.write(i, " ") end print()
for i = math.mininteger, math.maxinteger, math.maxinteger do io.write(i, " ") end print()
for i = math.maxinteger, math.mininteger, math.mininteger do io.write(i, " ") end print()
for i = 1, math.huge do if i > 3 then break end io.write(i, " ") end print()
for i = 1, -math.huge do io.write(i, " ") end for i = 1, 0/0 do io.write(i, " ") end for i = 1, 3.9 do io.write(i, " ") end for i = 3, 0.1, -1 do io.write(i, " ") end for i = -1, -3.9, -1 do io.write(i, " ") end print()
for i = 1.0, 3 do io.write(i, " ") end for i = 1, 2, 0.5 do io.write(i, " ") end for i = 0.1, 1, 0.1 do io.write(i, " ") end for i = 1, 0, -0.25 do io.write(i, " ") end print()
for i = 2^53, 2^53 + 4 do io.write(string.format("%.0f ", i)) if i > 2^53 + 3 then break end break end print()
do local t = {} local i = 1 i, t[i] = i + 1, 20 print(i, t[1], t[2]) local a = {} local function f(n) io.write(n, " ") return n end a[f(1)], a[f(2)], a[f(3)] = f(4), f(5), f(6) print() local x, y, z = (function() return 1, 2, 3 end)(), 10 print(x, y, z) local q = {f(1), f(2), [f(3)] = f(4), k = f(5), f(6)} print() a.b, a = 1, {} print(a.b) local i2, j2 = 1, 2 i2, j2 = j2, i2 print(i2, j2) end
do local a <const> = 5 local function g() return a end print(g()) end
do local t = setmetatable({}, {__index = function(t, k) io.write("[", k, "]") return k end, __newindex = function(t, k, v) io.write("{", k, "=", tostring(v), "}") end}) t.x, t.y, t[t.z] = t.a, t.b print() end
-- border
print(#{1, 2, nil}, #{nil}, #{n = 1}, #{1, nil, 3} == 3 or #{1, nil, 3} == 1, #"", #{[1] = 1, [2] = 2, [4] = 4} == 2 or true)
-- rawequal etc
print(rawequal("a", "a"), rawequal({}, {}), rawequal(1, 1.0), rawequal(0/0, 0/0), rawlen({1, 2}), rawlen("abc"), rawget(setmetatable({}, {__index = {x = 1}}), "x"))
-- eq
local mt = {__eq = function() io.write("eq ") return true end, __lt = function(a, b) io.write("lt ") return true end, __le = function() io.write("le ") return false end, __concat = function(a, b) return type(a) .. type(b) end, __len = function() return "len" end, __unm = function(a, b) return rawequal(a, b) end, __bnot = function(a, b) return rawequal(a, b) end, __call = function(self, ...) return select("#", ...), ... end, __index = function(t, k) return k end}
local A, B = setmetatable({}, mt), setmetatable({}, mt)
print(A == B, A ~= B, A == 1, A == A, A < B, A <= B, A > B, A >= B, A < 1, 1 < A, A < "x", "x" <= A, A .. B, A .. 1, 1 .. A, "x" .. A .. "y", #A, -A, ~A, A(), A(1, nil), A.foo, A[1])
print(pcall(function() return A < nil end), pcall(function() return {} < A end))
print(setmetatable({}, {__eq = function() return 1 end}) == setmetatable({}, {}), setmetatable({}, {__eq = function() return nil end}) == {})
-- integer keys normalise
do local t = {} t[1.0] = "a" t[2^53] = "b" print(t[1], t[2^53 | 0], next({[3.0] = 1}), math.type(next({[3.0] = 1}))) t[-0.0] = "z" print(t[0]) end
-- string to number
for _, s in ipairs {"10", "0x10", "1e1", " 10 ", "10a", "", " ", "0x", "1e", "1e+", ".5", "5.", ".", "0x.1", "0x1.", "0x1p4", "0x1p", "1 0", "1\n", "\t1", "inf", "nan", "-5", "- 5", "+5", "--5", "0b1", "1_0", "1e400", "-1e400", "1e-400", "0x1p-1080", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "0x8000000000000000", "1" .. ("0"):rep(50), "0." .. ("0"):rep(50) .. "1", "0x" .. ("f"):rep(20), ("1"):rep(300)} do io.write(tostring(tonumber(s)), " ") end print()
for _, v in ipairs {3.14, 1e15, 1e16, -1e15, 0.1, 1e-10, 123456789.123, 2^31, 2^24 + 0.5, 1e300 * 1e10, 3.0} do io.write(v, " ", tostring(v), " ", v .. "", " ", string.format("%.14g %.17g %g %5.2f %a", v, v, v, v, v), "\n") end
print(math.tointeger(3.0), math.tointeger("3"), math.tointeger(2^53), math.tointeger(1e100), 3 | 0, 3.0 | 0, pcall(function() return 3.5 | 0 end))
print(string.format("%d %s %i", 3.0, 3.0, "3"), pcall(string.format, "%d", 3.5), pcall(string.format, "%d", "3.5"))
-- random
math.randomseed(42) print(math.random(), math.random(10), math.random(-5, 5), math.random(0), math.random(math.mininteger, math.maxinteger))
math.randomseed(42, 7) print(math.random(), math.random(10), math.random(1 << 40), math.random(3, 3))
print(pcall(math.randomseed, 1.5)) math.randomseed(-1) print(math.random(100)) print(pcall(math.randomseed, 2^70)) for i = 1, 1000 do assert(math.random(3) <= 3) end print(pcall(math.randomseed, "x")) print(math.randomseed(5)) print(select("#", math.randomseed(5)), math.random(1000000)) print(pcall(math.randomseed, 1, "y")) math.randomseed("12") print(math.random(1000))
-- unpack, select, pack
print(table.unpack({1, 2, 3}, 2)) print(table.unpack({1, 2, 3}, 2, 5)) print(table.unpack({1, 2}, 3, 1)) print(table.unpack({}, 1, 3)) print(table.pack(nil, nil).n, #table.pack()) print(table.unpack({n = 3}, 1, 3)) print(pcall(table.unpack, {}, 0, math.maxinteger)) print(pcall(table.unpack, {}, math.maxinteger, math.maxinteger)) print(table.unpack(setmetatable({}, {__index = function(_, i) return i * 2 end}), 1, 3))
print(select(-1, 1, 2), select(2.0, "a", "b"), select("#"), select("2", "x", "y")) print(table.concat({1, 2.5, "x"}, "-"), table.concat({}, "x"), table.concat({1, 2, 3}, ", ", 2, 3), table.concat({1}, "x", 2, 1)) print(table.concat(setmetatable({}, {__index = function(_, i) return "v" .. i end, __len = function() return 3 end}), ","))
print(next({}), next({10}), type(next), pcall(next, {}, 1), pcall(next, {1, 2}, 3)) 
-- goto continue, nested break, repeat scope
do local i = 0 repeat local done = i >= 3 i = i + 1 if i == 2 then goto cont end io.write(i, " ") ::cont:: until i > 4 print() for i = 1, 3 do for j = 1, 3 do if j == 2 then goto next end io.write(i, j, " ") end ::next:: end print() end
do local fns = {} for i = 1, 3 do local j = i * 10 fns[i] = function() j = j + 1 return i, j end end for i = 1, 3 do print(fns[i]()) print(fns[i]()) end local k = 0 local g = {} ::top:: local c = k g[#g + 1] = function() return c end k = k + 1 if k < 3 then goto top end print(g[1](), g[2](), g[3]()) end
print((function(...) local a, b = ... return select("#", ...), a, b, ... end)(1, nil, nil)) print((("x"):rep(3))) print(#{(function() return 1, 2, 3 end)()}, #{(function() return 1, 2, 3 end)(), 1}, #{((function() return 1, 2, 3 end)())})
print(("%s"):format("x"), #"\u{7FFFFFFF}", "\x41\65\z
      B\
C", 'a\'b', "tab\tq", [[
first newline skipped]], [==[a]]b]==])
print(2^-1074, 4.9e-324, 2.2250738585072014e-308, 0x1p-1074, 1e308 * 10, -1e308 * 10)
print(8 // 3 * 3 + 8 % 3, 2 ^ 3 ^ 2, -2 ^ 2, not nil == true, 1 .. 2 == "12", "a" .. "b" == "ab" and 1 or 2, 1 + 2 < 4, 5 & 3 | 8 ~ 1, 1 << 2 + 1, ~0 >> 60, -3 % 5 ^ 2, 2 * 3 % 4)
print(string.format("%q", 1/3), string.format("%q", -0.0), string.format("%-5d|%05.1f|%+.3e|%x|%X|%#o|%c|%%", 42, 3.14159, 12345.678, 255, 255, 8, 65))
print(tostring(-0.0), tostring(1e100), 1e100 // 1, 3 // 0.3, 1e15 + 0.5, 123456789012 * 1000, 0.1 + 0.2, 100 / 3, 1e3, 1E+2, .5e1)
