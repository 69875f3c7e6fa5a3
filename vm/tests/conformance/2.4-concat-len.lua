-- § 2.4, § 3.4.6, § 3.4.7: concatenation and length, with and without metamethods.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t, eval = s.show, s.list, s.try, s.t, s.eval

local function concat(a, b) return a .. b end
local function three(a, b, c) return a .. b .. c end

print "-- strings and numbers"
local VALUES = { "", "a", "text\0with zero", 0, 1, -1, math.maxinteger, math.mininteger, 1.0, -0.0, 0.1, 1e15, 1e16, 1e100, 2 ^ 53, 2 ^ 63, 123456.789e3, 1 / 3, 5e-324, math.huge, -math.huge }
for _, a in ipairs(VALUES) do
  local row = {}
  for i, b in ipairs(VALUES) do row[i] = show(concat(a, b)) end
  print(show(a), table.concat(row, " "))
end
for _, source in ipairs { "1 .. 2", "1 .. 2 == '12'", "1.0 .. ''", "-1 .. ''", "2^31 .. ''", "'a' .. 1 + 2 .. 'b'", "'a' .. 'b' .. 'c' == 'abc'", "1 .. 2 .. 3", "'10' + 5 .. ''", "#('x' .. 'yz')", "-'2' .. ''", "'a' .. 'b' < 'b'", "1 ..2", "0x10 .. ''", "1e2 .. ''", "('x'):rep(3) .. 'y'" } do eval(source) end

print "-- errors"
for _, other in ipairs { true, {}, print, io.stdout, coroutine.create(print) } do
  print(show(other), try(concat, other, "x"), try(concat, "x", other), try(concat, 1, other), try(concat, other, other))
  print(show(other), try(three, other, "x", "y"), try(three, "x", other, "y"), try(three, "x", 1, other))
end
print(try(concat, nil, "x"), try(concat, "x", nil), try(concat, nil, nil), try(three, "a", nil, {}))
print(try(function() local t = {} return "a" .. t.field .. "b" end), try(function() return "a" .. undefined end), try(function() local up = nil return (function() return up .. "x" end)() end))

print "-- metamethods: right associative, the first operand's first"
local function id(x) return type(x) == "table" and getmetatable(x) and getmetatable(x).__name or show(x) end
local function with(name) return setmetatable({}, { __name = name, __concat = function(a, b, ...) return "<" .. name .. ":" .. id(a) .. "," .. id(b) .. "," .. select("#", ...) .. ">", "lost" end }) end
local A, B = with "A", with "B"
print(A .. B, B .. A, A .. "x", "x" .. A, A .. 1, 1.5 .. A, A .. {}, {} .. A)
print(concat(A, nil), concat(nil, A), concat(true, A), select("#", A .. B))
print("a" .. "b" .. A, A .. "a" .. "b", "a" .. A .. "b", A .. B .. "c", "a" .. "b" .. A .. "c" .. "d", 1 .. 2 .. B .. 3 .. 4)
local object = setmetatable({}, { __concat = function(a, b) return setmetatable({}, getmetatable(type(a) == "table" and a or b)) end })
print(type(object .. "x"), type("a" .. "b" .. object .. "c" .. object), try(function() return (object .. "x") .. nil end) ~= nil)
for _, handler in ipairs { function() end, function() return nil end, function() return 5 end, function() error("thrown", 0) end, 7 } do
  local x = setmetatable({}, { __concat = handler })
  print(type(handler), try(concat, x, "y"), try(concat, "y", x), try(three, "a", x, "b"), try(three, "a", "b", x))
end
local shown = setmetatable({}, { __tostring = function() return "shown" end })
print(try(concat, shown, "x"))

print "-- many operands, long results"
local function ten(a, b) return a .. b .. a .. b .. a .. b .. a .. b .. a .. b end
print(ten("x", 1), ten(1.5, "-"), #ten(("y"):rep(100), ""), #ten(("y"):rep(1e5), "z"))
local text = ""
for i = 1, 300 do text = text .. i % 10 end
print(#text, text:sub(1, 20), text:sub(-5))
for n = 36, 44 do local x, y = ("a"):rep(n), ("a"):rep(n - 1) .. "a" io.write(tostring(x == y), " ", tostring(x .. "" == y), " ", tostring(({ [x] = 1 })[y .. ""] == 1), ", ") end
print()

print "-- length of strings and tables"
print(#"", #"abc", #"\0\0", #"é", #("x"):rep(1000), #{}, #{ 1, 2, 3 }, #{ n = 1 }, #{ [1] = 1, [2] = 2 }, #{ 1, 2, nil }, #{ nil }, #{ nil, nil, 3 } == 3)
do
  local list = {}
  for i = 1, 100 do list[i] = i if #list ~= i then print("wrong length", i) end end
  for i = 100, 1, -1 do if #list ~= i then print("wrong length", i) end list[i] = nil end
  print(#list)
  list[0], list[-1], list["1"], list[1.5] = 1, 1, 1, 1
  print(#list)
  list[1] = 1
  list[2.0] = 2
  print(#list)
end
for _, other in ipairs { 1, 1.5, true, print, io.stdout } do print(show(other), try(function() return #other end)) end
print(try(function() local n return #n end), try(function() local t = {} return #t.x end), try(function() return #undefined end))
eval "#'abc' + 1"
eval "-#'abc'"
eval "# # 'abc'"
eval "#{ ... }"
eval "#'a' .. 'b'"
eval "not #''"

print "-- __len"
local function len(result) return setmetatable({ 1, 2, 3 }, { __len = function(o, ...) if type(result) == "function" then return result(o, ...) end return result end }) end
print(#len(42), #len("text"), #len(nil), #len(1.5), #len(function(o, ...) return rawlen(o) * 10 + select("#", ...) end), rawlen(len(9)), rawlen "abc", select("#", #len(function() return 1, 2 end)))
print(try(function() return #len(function() error("thrown", 0) end) end), try(function() return #setmetatable({}, { __len = 5 }) end), try(rawlen, 5), try(rawlen))
for _, result in ipairs { 2, 2.0, "2", 2.5, "x", {} } do
  local o = len(result)
  print(show(result), try(table.unpack, o), try(table.concat, o, ","), try(table.insert, o, 9), try(table.remove, o), try(function() table.sort(o) return "sorted" end), try(ipairs(o), o, 1))
end
getmetatable "".__len = function() return 99 end
print(#"abc", ("abc"):len())
getmetatable "".__len = nil
debug.setmetatable(5, { __len = function(n) return n + 1 end })
print(#5, #2.5)
debug.setmetatable(5, nil)
