-- § 6.7: math: every function with integers, floats, borders, strings, wrong arguments; random sequences of given seeds.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t
local max, min, inf, nan = math.maxinteger, math.mininteger, math.huge, 0 / 0
local function row(f, values) local out = {} for i, v in ipairs(values) do out[i] = (try(f, v):gsub("%-nan", "nan")) end return table.concat(out, " | ") end

print(math.pi, math.huge, math.maxinteger, math.mininteger, math.pi == 3.141592653589793)
local NUMBERS = { 0, 1, -1, 7, max, min, 0.0, -0.0, 0.5, -0.5, 1.5, -1.5, 2.5, 1e15, 2 ^ 53, 2 ^ 63, -2 ^ 63, 1e100, -1e100, 5e-324, inf, -inf, nan, "10", "0x10", "1.5", " 7 " }
local WRONG = { "x", "", {}, true, print, io.stdout }
for _, name in ipairs { "abs", "ceil", "floor", "sqrt", "exp", "log", "sin", "cos", "tan", "asin", "acos", "atan", "deg", "rad", "tointeger", "type", "modf" } do
  local f = math[name]
  local rounded = function(v) local a, b = f(v) if type(a) == "number" and math.type(a) == "float" and a == a and a ~= inf and a ~= -inf and not (name == "floor" or name == "ceil" or name == "abs" or name == "modf" or name == "sqrt") then return ("%.12g"):format(a), b end return a, b end
  print(name, row(rounded, NUMBERS))
  -- math.atan2 is the same function in the reference implementation: either may be named.
  if name ~= "atan" then print(name, row(f, WRONG), try(f), try(f, nil)) end
end
print "-- log with bases, atan with two arguments"
for _, case in ipairs { { 8, 2 }, { 1024, 2 }, { 100, 10 }, { 1000, 10 }, { 27, 3 }, { 2, 0.5 }, { 8, 2.0 }, { 1, 10 }, { 0, 2 }, { -1, 2 }, { 2, 1 }, { 2, 0 }, { 10, "10" }, { 10, "x" }, { 10, nil } } do print(list(table.unpack(case, 1, 2)), (try(function(...) return ("%.12g"):format(math.log(...)) end, table.unpack(case, 1, 2)):gsub("%-nan", "nan"))) end
for _, case in ipairs { { 1, 1 }, { 0, -1 }, { -0.0, -1 }, { 1, 0 }, { -1, 0 }, { 0, 0 }, { -1, -1 }, { inf, inf }, { 1, "2" }, { 1, "x" } } do print(list(table.unpack(case)), try(function(...) return ("%.12g"):format(math.atan(...)) end, table.unpack(case))) end

print "-- fmod, ult, min, max"
local PAIRS = { 0, 1, -1, 7, -7, 3, max, min, 5.5, -5.5, 2.0, inf, -inf, nan, 0.0, "4" }
for _, a in ipairs(PAIRS) do
  local out = {}
  for i, b in ipairs(PAIRS) do out[i] = (try(math.fmod, a, b):gsub("%-nan", "nan"):gsub("error: bad argument #2 to 'math.fmod' %(zero%)", "zero")) end
  print(show(a), table.concat(out, " "))
end
for _, a in ipairs { 0, 1, -1, max, min, 2.0, "3" } do local out = {} for i, b in ipairs { 0, 1, -1, max, min, 2.0, 1.5, "3" } do out[i] = try(math.ult, a, b) end print(show(a), table.concat(out, " ")) end
for _, args in ipairs { { 1 }, { 1, 2 }, { 2, 1.5 }, { 1, 1.0 }, { 1.0, 1 }, { -0.0, 0.0 }, { 0.0, -0.0 }, { max, max + 0.0 }, { min, -inf }, { "10", 9 }, { "x" }, {}, { 1, "x" }, { 3, 2, 1, 5, 4 }, { 2 ^ 53, (1 << 53) + 1 }, { {} }, { 1, nil } } do print(list(table.unpack(args)), try(math.min, table.unpack(args)), try(math.max, table.unpack(args))) end
print((try(math.max, nan, 1):gsub("%-", "")), try(math.max, 1, nan), (try(math.min, nan, 1):gsub("%-", "")), try(math.min, 1, nan))

print "-- integers and floats"
for _, v in ipairs { 3, 3.0, 3.7, -3.7, -0.5, 1e15, 1e19, -1e19, 2 ^ 62, 2 ^ 63, inf } do print(show(v), show(math.floor(v)), show(math.ceil(v)), math.type(math.floor(v)), list(math.modf(v)), show(math.tointeger(v)), math.type(math.abs(v))) end
for _, v in ipairs { "3", "3.0", "3.5", "x", {}, 2 ^ 53, "0x10", "9223372036854775808" } do print(show(v), try(math.tointeger, v)) end
print(math.abs(min), -min == min, math.abs(-0.0), math.abs("-5"), pcall(math.tointeger))

print "-- random"
for _, seed in ipairs { { 42 }, { 0 }, { 1, 2 }, { -1 }, { 42.0 }, { max }, { 123, 456 } } do
  math.randomseed(table.unpack(seed))
  local out = {}
  for i = 1, 3 do out[#out + 1] = show(math.random()) end
  for _, args in ipairs { { 1 }, { 10 }, { 100 }, { 1, 6 }, { -5, 5 }, { 0, 1 }, { min, max }, { 0, max }, { min, 0 }, { 0 }, { 5, 5 }, { 1, 2 ^ 40 }, { 3.0 }, { "7" } } do out[#out + 1] = show(math.random(table.unpack(args))) end
  print(list(table.unpack(seed)), table.concat(out, " "))
end
for _, args in ipairs { { 0.5 }, { 1.5, 2 }, { 2, 1 }, { -1 }, { max, min }, { 1, 2, 3 }, { "x" }, { {} }, { 1, "x" }, { 2 ^ 63 }, { nil } } do print(list(table.unpack(args)), try(math.random, table.unpack(args, 1, #args == 0 and 1 or #args))) end
t("seed", math.randomseed, "x") t("seed", math.randomseed, {}) t("seed", math.randomseed, 1, "x") t("seed", math.randomseed, 1.5) 
do
  math.randomseed(7)
  local counts, lo, hi = {}, 1, 0
  for i = 1, 3000 do local r = math.random(3) counts[r] = (counts[r] or 0) + 1 local f = math.random() lo, hi = math.min(lo, f), math.max(hi, f) end
  print(counts[1], counts[2], counts[3], lo >= 0 and hi < 1, lo, hi)
end
print(math.pow(2, 10), math.cosh(0), math.log10(1000), math.ldexp(1, 10), math.frexp(8))
