-- Division by constants goes through reciprocals in compiled code; tail calls move their arguments in place.
local function quotients(x)
  return x % 3, x // 3, x % 7, x // 7, x % 10, x // 10, x % 7875, x // 7875, x % 1000000007, x // 1000000007,
    x % 9223372036854775807, x // 9223372036854775807, x % 6148914691236517205, x // 6148914691236517205
end

local function around(a, b, c)
  if a <= 0 then return b, c, select("#", a, b, c) end
  return around(a - 1, c, b)
end

local lines = {}
for _, x in ipairs {
  0, 1, -1, 2, -2, 3, -3, 6, 7, -7, 9, 10, -10, 100, math.maxinteger, math.mininteger, math.maxinteger - 1,
  math.mininteger + 1, 123456789012345, -123456789012345, 1 << 62, -(1 << 62),
} do
  for _ = 1, 3 do lines[#lines + 1] = table.concat({ quotients(x) }, " ") end
  lines[#lines + 1] = table.concat({ quotients(x + 0.5) }, " ")
end
print(table.concat(lines, "\n"))
print(around(10, "x", "y"))
print(around(10))
print(around(3, 1))
print(pcall(around, "a"))
