-- Constants of both signs and sizes, as operands of everything that takes them inline.
local function add(x) return x + -1, x + 1, x + 100000, x - 100000, x - -3, x * -3, x * 3 end
local function bits(x) return x & -8, x | -8, x ~ -8, x & 7, x | 10, x & 0xffffffffff, x << 3, x >> -3 end
local function divide(x) return x % 8, x // 8, x % 7, x // 7, x % -7, x // -7, x / -2, x ^ 2 end
local function compare(x) return x == -1, x == 5, x == 1 << 40, x < -3, x <= -3, x > -3, x >= 3, x ~= -0x80000000 end
local function load() return -1, 1, -100000, 100000, -0x80000000, 0x7fffffff, 0x80000000, -0x80000001, 1 << 62 end
for _ = 1, 3 do
  for _, x in ipairs {5, -5, -3, -1, 100, 1 << 40, -(1 << 40), math.maxinteger, math.mininteger, -0x80000000, 2.5, -1.0} do
    print(add(x))
    print(pcall(bits, x))
    print(divide(x))
    print(compare(x))
  end
  print(load())
end
