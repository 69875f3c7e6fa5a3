-- § 2.1: the eight types, nil and false, the two subtypes of numbers and conversions between them, strings as bytes,
-- objects by reference, and what can be a key.
local s = dofile "tests/conformance/lib/show.lua"
local show, try, eval = s.show, s.try, s.eval

print "-- type"
local function nothing() end
for _, value in ipairs { false, true, 0, -1, 1.5, "", "text", {}, nothing, print, coroutine.create(nothing), io.stdout } do
  print(type(value), math.type(value))
end
print(type(nil), math.type(nil))
eval "type()"
eval "math.type()"

print "-- truth"
local function truth(value) if value then return "true" else return "false" end end
print(truth(nil), truth(false), truth(true), truth(0), truth(0.0), truth(0 / 0), truth(""), truth({}), truth(print))
print(not nil, not false, not 0, not "", not not nil)

print "-- the range of integers, and wrapping"
local max, min = math.maxinteger, math.mininteger
print(max, min, max + 1 == min, min - 1 == max, -min == min, max * 2, min * 2, max * max, min * min, min * -1)
print(max + 0.0, min + 0.0, max + 1.0 == 2 ^ 63, max // 1 | 0, math.type(max + 1), math.type(max + 1.0))
for bits = 0, 64, 8 do print(bits, 1 << bits, 2 ^ bits, (1 << bits) == 2 ^ bits) end

print "-- equality across subtypes"
for _, pair in ipairs {
  { 1, 1.0 }, { 0, -0.0 }, { max, max + 0.0 }, { min, min + 0.0 }, { 2 ^ 53, 1 << 53 }, { 2 ^ 53 + 1, (1 << 53) + 1 },
  { "1", 1 }, { "1", "1" }, { "a\0b", "a\0c" }, { 0 / 0, 0 / 0 }, { true, 1 }, { false, 0 },
} do
  print(show(pair[1]), show(pair[2]), pair[1] == pair[2], rawequal(pair[1], pair[2]), pair[1] ~= pair[2])
end

print "-- keys"
local t = {}
t[1], t[2.0], t["3"], t[4.5], t[true], t[-0.0] = "int", "float", "string", "fraction", "boolean", "zero"
t[2 ^ 53] = "big"
print(t[1.0], t[2], t[3], t["3"], t[4.5], t[true], t[false], t[0], t[1 << 53], #t)
print(math.type(next({ [2.0] = 1 })), math.type(next({ [2 ^ 53] = 1 })), math.type(next({ [2 ^ 63] = 1 })), next({ [-0.0] = 1 }))
print(try(function() t[nil] = 1 end))
print(try(function() t[0 / 0] = 1 end))
print(try(rawset, t, nil, 1))
print(try(rawset, t, 0 / 0, 1))
print(t[nil], t[0 / 0], rawget(t, nil))
t[1] = nil
print(t[1], next({ [1] = nil }), next({ a = nil }))
local keys = {}
for _, key in ipairs { max, min, max + 0.0, min + 0.0, 1e300, -1e300, math.huge, -math.huge, 2 ^ -1074, "", "\0", "\0\0" } do
  keys[key] = true
end
local count = 0
for _ in pairs(keys) do count = count + 1 end
print(count, keys[max], keys[min + 0.0], keys["\0"], keys["\0\0\0"])

print "-- objects are references"
local a, b = {}, {}
local c = a
c.x = 1
print(a.x, b.x, a == b, a == c, rawequal(a, c))
local function make() return function() end end
local counter = 0
local function shared() counter = counter + 1 return counter end
local again = shared
print(shared(), again(), shared == again, make == make)

print "-- strings are immutable bytes"
local text = "\0\1\255\u{20AC}"
print(#text, text:byte(1, -1))
print(("a\0b"):upper() == "A\0B", #"a\0b", "a\0b" < "a\0c", "a\0b" < "a", "a" < "a\0")
local long = ("x"):rep(100)
local other = ("x"):rep(99) .. "x"
print(long == other, ({ [long] = "found" })[other])
