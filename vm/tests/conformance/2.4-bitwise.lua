-- § 2.4 and § 3.4.2: bitwise operators: operands that are integers or convert to them, shifts of every width, metamethods, errors.
local s = dofile "tests/conformance/lib/show.lua"
local show, try, eval = s.show, s.try, s.eval
local function short(f, ...) return (try(f, ...):gsub("^error: .-lua:%d+: ", "error: ")) end

local OPERATORS = {
  { "&", function(a, b) return a & b end }, { "|", function(a, b) return a | b end }, { "~", function(a, b) return a ~ b end },
  { "<<", function(a, b) return a << b end }, { ">>", function(a, b) return a >> b end },
}
local max, min = math.maxinteger, math.mininteger

print "-- integers and floats with integral values"
local NUMBERS = { 0, 1, -1, 5, 0xff, -256, 0x5555555555555555, max, min, 0.0, -0.0, 3.0, -7.0, 2 ^ 53, -2.0 ^ 63 }
for _, operator in ipairs(OPERATORS) do
  for _, a in ipairs(NUMBERS) do
    local row = {}
    for i, b in ipairs(NUMBERS) do row[i] = show(operator[2](a, b)) end
    print(show(a) .. " " .. operator[1], table.concat(row, " "))
  end
end
for _, a in ipairs(NUMBERS) do io.write(show(~a), " ", show(~ ~a), ", ") end
print()

print "-- shifts"
for _, value in ipairs { 1, -1, min, max, 0x8000000000000001 } do
  local row = {}
  for i, by in ipairs { -65, -64, -63, -32, -1, 0, 1, 31, 32, 62, 63, 64, 65, 1000, max, min, min + 1, 1.0, -1.0 } do
    row[i] = ("%x/%x"):format(value << by, value >> by)
  end
  print(value, table.concat(row, " "))
end

print "-- what has no integer representation, and strings"
local OTHERS = { 1.5, 2 ^ 63, -2 ^ 64, 1 / 0, 0 / 0, "3", "0x10", " -7 ", "3.0", "1e2", "1.5", "9223372036854775808", "0xffffffffffffffff", "x", "", true, false, {}, print, io.stdout }
for _, operator in ipairs(OPERATORS) do
  for _, other in ipairs(OTHERS) do print(operator[1], show(other), short(operator[2], other, 1), short(operator[2], 6, other), short(operator[2], 6.0, other), short(operator[2], other, "2")) end
  print(operator[1], "nil", short(operator[2], nil, 1), short(operator[2], 1, nil), short(operator[2], nil, "x"), short(operator[2], 1.5, nil), short(operator[2], {}, 1.5))
end
for _, other in ipairs(OTHERS) do print("~", show(other), short(function() return ~other end)) end

print "-- constants"
for _, source in ipairs {
  "1 << 62", "1 << 63", "1 << 64", "1 >> 1", "-1 >> 1", "-1 >> 63", "2 << -1", "2 >> -1", "0xF0 & 0x3C", "0xF0 | 0x0F", "0xF0 ~ 0xFF", "~0", "~5", "~-1", "3.0 & 1", "1 & 3.0", "2^31 | 0", "1.5 & 1", "1 & 1.5", "1.5 | 1.5", "~1.5", "1 << 1.5",
  "'7' & 3", "3 & '7'", "'7' | '8'", "~'7'", "'1' << '4'", "'a' | 1", "1 | 'a'", "1 | 2 & 3 ~ 4 << 1", "1 << 2 + 1", "5 & 3 == 1", "~1 + 1", "-1 ~ 1", "~ ~ 1", "1 ~ ~ 1", "'0x7fffffffffffffff' | 0", "'0x8000000000000000' | 0", "9223372036854775807.0 | 0", "-9223372036854775808.0 | 0", "1e308 | 0",
} do
  eval(source)
end

print "-- metamethods"
local function id(x) return type(x) == "table" and getmetatable(x) and getmetatable(x).__name or show(x) end
local function with(name)
  local meta = { __name = name }
  for _, event in ipairs { "__band", "__bor", "__bxor", "__shl", "__shr" } do
    meta[event] = function(a, b, ...) return name .. event .. "(" .. id(a) .. "," .. id(b) .. ")" .. select("#", ...), "lost" end
  end
  meta.__bnot = function(a, b, ...) return name .. "__bnot " .. tostring(rawequal(a, b)) .. select("#", ...) end
  return setmetatable({}, meta)
end
local A, B = with "A", with "B"
for _, operator in ipairs(OPERATORS) do
  local op = operator[2]
  print(operator[1], op(A, B), op(A, 1), op(1, A), op(A, 1.5), op(1.5, A), op(A, "x"), op("x", A), op(nil, A), op(A, {}), op({}, A))
end
print(~A, select("#", ~A))
local function handled(handler) return setmetatable({}, { __band = handler, __bnot = handler, __shl = handler }) end
for _, handler in ipairs { function() end, function() error("thrown", 0) end, 5, setmetatable({}, { __call = function(_, a, b) return "called " .. show(b) end }) } do
  local x = handled(handler)
  print(type(handler), short(function() return x & 1 end), short(function() return 1 & x end), short(function() return ~x end), short(function() return x << 1 end), short(function() return 1 << x end), short(function() return 1 >> x end))
end
print(short(function() return A & B & 1 end), short(function() return 1 | 2 | A end))
