-- § 2.4 and § 3.4.4: equality and order of everything with everything, and the metamethods __eq, __lt, __le.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, eval = s.show, s.list, s.try, s.eval

local max, min, inf, nan = math.maxinteger, math.mininteger, math.huge, 0 / 0
local function lt(a, b) return a < b end
local function le(a, b) return a <= b end
local function gt(a, b) return a > b end
local function ge(a, b) return a >= b end
local function eq(a, b) return a == b end
local function ne(a, b) return a ~= b end

print "-- numbers"
local NUMBERS = { 0, 1, -1, 1 << 53, (1 << 53) + 1, max, max - 1, min, min + 1, 0.0, -0.0, 0.5, -0.5, 1.0, 2 ^ 53, 2 ^ 53 + 2, 2 ^ 63, -2 ^ 63, -2 ^ 63 - 2048, 9223372036854774784.0, 1e308, inf, -inf, nan }
for _, a in ipairs(NUMBERS) do
  local row = {}
  for i, b in ipairs(NUMBERS) do
    row[i] = (eq(a, b) and "=" or "") .. (lt(a, b) and "<" or "") .. (gt(a, b) and ">" or "") .. (le(a, b) and "l" or "") .. (ge(a, b) and "g" or "") .. (ne(a, b) and "!" or "")
  end
  print(show(a), table.concat(row, " "))
end

print "-- strings"
local STRINGS = { "", "\0", "a", "a\0", "a\0a", "a\0b", "aa", "ab", "b", "A", "B", "Z", "z", "10", "9", "é", "\127", "\128", "\255", ("x"):rep(50), ("x"):rep(50) .. "y", ("x"):rep(51) }
for _, a in ipairs(STRINGS) do
  local row = {}
  for i, b in ipairs(STRINGS) do row[i] = (eq(a, b) and "=" or lt(a, b) and "<" or ">") .. (le(a, b) and "l" or "") .. (ge(a, b) and "g" or "") .. (gt(a, b) and "G" or "") end
  print(show(a), table.concat(row, " "))
end

print "-- mixed types"
local f, thread, t1, t2 = function() end, coroutine.create(print), {}, {}
local OTHERS = { 1, 1.5, "1", true, false, t1, t2, f, print, thread, io.stdout }
for i, a in ipairs(OTHERS) do
  for j, b in ipairs(OTHERS) do
    print(show(a), show(b), eq(a, b), (try(lt, a, b):gsub("^.-lua:%d+: ", "")), (try(ge, a, b):gsub("^.-lua:%d+: ", "")))
  end
  print(show(a), "nil", eq(a, nil), eq(nil, a), (try(lt, a, nil):gsub("^.-lua:%d+: ", "")), (try(le, nil, a):gsub("^.-lua:%d+: ", "")))
end
print(eq(nil, nil), try(lt, nil, nil))

print "-- against constants"
local function constants(x)
  return x == 1, x == 1.0, x == 1.5, x == "1", x == nil, x == true, x == -1, x ~= 0, 1 == x, "1" == x, nil ~= x, false == x
end
local function ordered(x) return x < 1, x <= 1, x > 1, x >= 1, 1 < x, 1 <= x, 1 > x, 1 >= x, x < 1.5, x <= -1, x > 200000, 2.0 >= x end
for _, x in ipairs { 1, 1.0, 1.5, -1, 0, "1", true, false, t1, max, min, nan, inf, -inf, 200001 } do print(show(x), list(constants(x))) print(show(x), (try(ordered, x):gsub("^error: .-lua:%d+: ", ""))) end
print(list(constants(nil)))
for _, source in ipairs { "1 < 2", "1 <= 1.0", "2 < 1", "'a' < 'b'", "1 == 1.0", "'1' == 1", "1 < '2'", "nil == false", "{} == {}", "1 < 2 == true", "not 1 == 2", "not (1 == 2)", "'a' .. 'b' == 'ab'", "1 < 2 < 3", "math.huge > math.maxinteger", "-math.huge < math.mininteger", "0/0 == 0/0", "0/0 ~= 0/0" } do eval(source) end

print "-- __eq"
local calls = 0
local function id(x) return type(x) == "table" and getmetatable(x) and getmetatable(x).__name or show(x) end
local function with(name, result)
  local function note(event) return function(a, b, ...) calls = calls + 1 io.write(name, event, "(", id(a), ",", id(b), ")", select("#", ...), " ") return result end end
  return setmetatable({}, { __name = name, __eq = note "eq", __lt = note "lt", __le = note "le" })
end
local A, B, N = with("A", 1), with("B", false), with("N", nil)
for _, a in ipairs { A, B, N, t1 } do
  for _, b in ipairs { A, B, N, t1 } do print(a == b, a ~= b, rawequal(a, b)) end
  print(a == 1, a == "x", a == nil, a ~= true, a == f, a == io.stdout, 1 == a)
end
print(calls)
print(try(function() return setmetatable({}, { __eq = 5 }) == {} end))
print(try(function() return setmetatable({}, { __eq = error }) == {} end))
print(setmetatable({}, { __eq = setmetatable({}, { __call = function(self, a, b) return type(a) == "table" end }) }) == {})
do
  local files = debug.getmetatable(io.stdout)
  files.__eq = function(a, b) return io.type(a) == io.type(b) end
  print(io.stdout == io.stderr, io.stdout == {}, io.stdout ~= io.stdin)
  files.__eq = nil
  print(io.stdout == io.stderr)
end

print "-- __lt and __le"
for _, pair in ipairs { { A, B }, { B, A }, { A, 1 }, { 1, A }, { A, "x" }, { "x", B }, { t1, A }, { N, t1 }, { true, N }, { A, A } } do
  local a, b = pair[1], pair[2]
  print(list(a < b, a <= b, a > b, a >= b, not (a < b)))
end
print(list(A < nil, nil <= A, A < 1.5, 5 > A, A <= -3, 7 >= B))
local only = setmetatable({}, { __lt = function() return true end })
print(only < 1, try(function() return only <= 1 end), try(function() return 1 >= only end), 1 > only)
for _, handler in ipairs { function() end, function() error("thrown", 0) end, 5, "x", setmetatable({}, { __call = function() return 0 end }) } do
  local x = setmetatable({}, { __lt = handler })
  print(type(handler), try(function() return x < 1 end), try(function() return 1 < x end), try(function() return x > x end))
end
do
  local strings = getmetatable ""
  strings.__lt = function(a, b) return show(a) .. "<" .. show(b) end
  print("a" < "b", try(function() return "a" < 1 end), try(function() return 1 < "a" end))
  strings.__lt = nil
  print(try(function() return "a" < 1 end))
end

print "-- in conditions and as values"
local function branches(a, b)
  local r = ""
  if a < b then r = r .. "<" else r = r .. "-" end
  if a <= b then r = r .. "l" else r = r .. "-" end
  if a > b then r = r .. ">" else r = r .. "-" end
  if not (a >= b) then r = r .. "n" else r = r .. "-" end
  if a == b then r = r .. "=" else r = r .. "-" end
  if a ~= b and a < b or b < a then r = r .. "o" end
  while a == b do r = r .. "w" break end
  return r, a < b and "yes" or "no", (a == b) == (b == a)
end
for _, pair in ipairs { { 1, 2 }, { 2, 1 }, { 1, 1 }, { 1, 1.0 }, { nan, nan }, { 1.5, 1 }, { "a", "b" }, { "b", "b" }, { max, max + 0.0 }, { 0.0, -0.0 } } do print(show(pair[1]), show(pair[2]), list(branches(pair[1], pair[2]))) end
