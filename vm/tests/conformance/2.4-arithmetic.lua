-- § 2.4 and § 3.4.1: every arithmetic operator with every kind of operand: results, subtypes, metamethods, errors.
local s = dofile "tests/conformance/lib/show.lua"
local show, try, eval = s.show, s.try, s.eval

local OPERATORS = {
  { "+", function(a, b) return a + b end }, { "-", function(a, b) return a - b end }, { "*", function(a, b) return a * b end },
  { "/", function(a, b) return a / b end }, { "//", function(a, b) return a // b end }, { "%", function(a, b) return a % b end },
  { "^", function(a, b) return a ^ b end },
}
local max, min, inf = math.maxinteger, math.mininteger, math.huge
local nan = -(0 / 0)

-- Which nan an operation gives is the hardware's business.
local function number(text) return (text:gsub("%-nan", "nan")) end

print "-- numbers with numbers"
local NUMBERS = { 0, 1, -1, 2, -3, 7, max, min, min + 1, 0.0, -0.0, 0.5, -1.5, 3.0, 1e15, 2 ^ 53, 2 ^ 63, -2 ^ 63, 1e308, 5e-324, inf, -inf, nan }
for _, operator in ipairs(OPERATORS) do
  local name, f = operator[1], operator[2]
  for _, a in ipairs(NUMBERS) do
    local row = {}
    for i, b in ipairs(NUMBERS) do
      local result = try(f, a, b)
      row[i] = result:find "error" and result:match "attempt to perform '.-'$" and "zero" or number(result)
    end
    print(show(a) .. " " .. name, table.concat(row, " "))
  end
end
print "-- negation"
for _, a in ipairs(NUMBERS) do io.write(number(show(-a)), " ", number(show(- -a)), ", ") end
print()

print "-- strings that are numerals, and strings that are not"
local STRINGS = { "10", " 0x10 ", "1.5", "-2", "1e2", "0x.8p1", "\t3\n", "9223372036854775807", "9223372036854775808", "0x7fffffffffffffff", "0xffffffffffffffff", "0x1ffffffffffffffff",
  "-9223372036854775808", "", " ", "abc", "1 2", "0x", "1e", "- 1", "1_0", "inf", "nan", "٣", "1\0" }
for _, text in ipairs(STRINGS) do
  local row = {}
  for i, operator in ipairs(OPERATORS) do row[i] = number(try(operator[2], text, 2)):gsub("^.-:%d+: ", "") end
  print(show(text), table.concat(row, " "))
  print("", number(try(function() return -text end)), number(try(function() return 7 % text end)), number(try(function() return text .. "" == text end)))
end
for _, a in ipairs { "10", "3.0", "-7" } do
  for _, b in ipairs { "3", "0x2", "2.0" } do
    local row = {}
    for i, operator in ipairs(OPERATORS) do row[i] = try(operator[2], a, b) end
    print(show(a), show(b), table.concat(row, " "))
  end
end

print "-- operands of other types"
local plain, f = {}, function() end
for _, operator in ipairs(OPERATORS) do
  local name, op = operator[1], operator[2]
  for _, other in ipairs { plain, f, true, false, "x", io.stdout, coroutine.create(f) } do
    print(name, (try(op, other, 1):gsub("^.-lua:%d+: ", "")), (try(op, 1.5, other):gsub("^.-lua:%d+: ", "")), (try(op, other, other):gsub("^.-lua:%d+: ", "")))
  end
  print(name, (try(op, nil, 1):gsub("^.-lua:%d+: ", "")), (try(op, 1, nil):gsub("^.-lua:%d+: ", "")), (try(op, nil, nil):gsub("^.-lua:%d+: ", "")))
  print(name, (try(op, "x", plain):gsub("^.-lua:%d+: ", "")), (try(op, plain, "10"):gsub("^.-lua:%d+: ", "")), (try(op, "10", nil):gsub("^.-lua:%d+: ", "")))
end

print "-- metamethods: the first operand's comes first; one result"
local EVENTS = { "__add", "__sub", "__mul", "__div", "__idiv", "__mod", "__pow" }
local function with(name)
  local meta = { __name = name }
  for _, event in ipairs(EVENTS) do
    meta[event] = function(a, b, ...)
      local function id(x) return getmetatable(x) and type(x) == "table" and getmetatable(x).__name or show(x) end
      return name .. event .. "(" .. id(a) .. "," .. id(b) .. ")" .. select("#", ...), "lost"
    end
  end
  meta.__unm = function(a, b, ...) return name .. "__unm " .. tostring(rawequal(a, b)) .. select("#", ...) end
  return setmetatable({}, meta)
end
local A, B = with "A", with "B"
local half = setmetatable({}, { __add = function() return "half" end })
for _, operator in ipairs(OPERATORS) do
  local name, op = operator[1], operator[2]
  print(name, op(A, B), op(B, A), op(A, 1), op(1, A), op(A, "10"), op("x", A), op(A, nil), op(nil, A), op(true, A), op(A, plain), op(plain, A), op(half, A))
end
print(-A, -B, try(function() return -plain end))
print((A + B), select("#", A + B), try(function() return half - 1 end))

print "-- metamethods that return nothing, errors, other values, or are not functions"
local function adder(handler) return setmetatable({}, { __add = handler, __unm = handler, __idiv = handler }) end
for _, handler in ipairs {
  function() end, function() return nil, 1 end, function() error("thrown", 0) end, function() return false end, print and 5, "text", {}, true,
  setmetatable({}, { __call = function(self, a, b) return "called " .. show(b) end }), string.rep, math.max,
} do
  local x = adder(handler)
  print(type(handler), (try(function() return x + 1 end)), (try(function() return 1 + x end)), (try(function() return -x end)), (try(function() return x // 1.5 end)))
end
local deep = adder(setmetatable({}, { __call = setmetatable({}, { __call = function(...) return select("#", ...) end }) }))
print(try(function() return deep + 1 end))

print "-- constants as operands, folded or not"
for _, source in ipairs {
  "7 // 2", "-7 // 2", "7 // -2", "-7 // -2", "7 % 3", "-7 % 3", "7 % -3", "-7 % -3", "7.5 // 2", "-7.5 // 2", "7.5 % 2", "-7.5 % 2", "7.5 % -2", "5.3 % math.huge", "-5.3 % math.huge", "5 % -math.huge", "-5 % -math.huge",
  "1 / 2", "4 / 2", "2 ^ 2", "2 ^ -1", "(-8) ^ (1 / 3) ~= (-8) ^ (1 / 3)", "2 ^ 0.5 == math.sqrt(2)", "0 ^ 0", "0.0 ^ -1", "(-2) ^ 2", "-2 ^ 2", "2 ^ 3 ^ 2", "10 // 0.0", "-10 // 0.0", "0 // 0.0 ~= 0 // 0.0", "10 % 0.0 ~= 10 % 0.0",
  "1 // 0", "1 % 0", "0 // 0", "1 / 0", "-1 / 0", "1 // -0.0", "math.mininteger // -1", "math.mininteger % -1", "math.mininteger // 1", "math.maxinteger + 1", "math.mininteger - 1", "math.maxinteger * 2",
  "9223372036854775807 + 1", "-9223372036854775807 - 2", "9223372036854775807 * 3", "9223372036854775807 + 1.0", "1e308 * 10", "-1e308 * 10", "1 - 1.0", "3 - 3.0", "-0.0", "0.0 * -1", "0 * -1", "-(0)", "-(0.0)", "0 - 0.0",
  "5 // 1", "5 // 1.0", "5.0 // 1", "5 % 1.0", "2^53 + 1", "2^53 | 0 + 1", "1e15 + 0.5", "100000000000000", "1e14", "1e16", "1e100", "123456789012345678", "0.1 + 0.2", "0.1 + 0.2 == 0.3", "1e15 // 1", "3 | 0 + 4 * 2 ^ 1 // 1 | 0",
  "-9223372036854775808", "-9223372036854775808 == math.mininteger", "9223372036854775808", "- -9223372036854775808", "1 + '2'", "'3' * '4'", "'0x10' + 0", "'1e1' // 1", "-'2'", "-'2.0'", "- '0x10'", "10 .. 20 + 1", "'10' + '5' .. ''",
} do
  eval(source)
end

print "-- operands in registers, constants on either side, assignments to operands"
local function mixed(a) local b = a a = a + 1 b = 2 * b a = a - b b = b // 1 a = a % 7 a = -a return a, b, a + b, 10 - a, 1.5 + b, b ^ 2, 100 // b, 5 % (b + 1), 3 / b end
for _, a in ipairs { 1, 2.5, -3, 10, "4", max } do print(show(a), try(mixed, a)) end
