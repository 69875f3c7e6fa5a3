-- Every operator on every pair of kinds of numbers, in a loop so that types change at one site.
local values = {0, 1, -1, 2, 7, -7, 63, 64, -64, 1 << 62, math and 1 or (1 << 63), 0.0, -0.0, 0.5, -2.5, 3.0, 1e300, -1e300,
  1/0, -1/0, 0/0, "10", "0x10", "3.5", "x", {}, true}
local function nan(x) if x ~= x then return "nan" end return x end
local ops = {
  function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end,
  function(a, b) return a / b end, function(a, b) return a % b end, function(a, b) return a // b end,
  function(a, b) return a ^ b end, function(a, b) return a & b end, function(a, b) return a | b end,
  function(a, b) return a ~ b end, function(a, b) return a << b end, function(a, b) return a >> b end,
  function(a, b) return a .. b end, function(a, b) return a < b end, function(a, b) return a <= b end,
  function(a, b) return a > b end, function(a, b) return a == b end, function(a, b) return a ~= b end,
  function(a, b) if a < b then return 1 elseif a <= b then return 2 else return 3 end end,
  function(a, b) if not (a < b) then return 1 else return 2 end end,
  function(a) return -a end, function(a) return ~a end, function(a) return not a end, function(a) return #a end,
  function(a) return a + 1 end, function(a) return a - 1 end, function(a) return a * 2 end, function(a) return a / 2 end,
  function(a) return a % 3 end, function(a) return a % 4 end, function(a) return a // 4 end, function(a) return a // 3 end,
  function(a) return a % -3 end, function(a) return a // 0 end, function(a) return a ^ 2 end, function(a) return a & 15 end,
  function(a) return a << 3 end, function(a) return a >> 1 end, function(a) return a + 0.5 end, function(a) return a * 1.5 end,
  function(a) return a % 2.5 end, function(a) return a // 2.5 end, function(a) return 1 << a end, function(a) return a >> 63 end,
  function(a) if a < 3 then return 1 end return 0 end, function(a) if a <= 3 then return 1 end return 0 end,
  function(a) if a > 3 then return 1 end return 0 end, function(a) if a >= 3 then return 1 end return 0 end,
  function(a) if a == 3 then return 1 end return 0 end, function(a) if a == 3.0 then return 1 end return 0 end,
  function(a) if a == "x" then return 1 end return 0 end, function(a) if a == nil then return 1 end return 0 end,
  function(a) if a == 0.5 then return 1 end return 0 end, function(a) if a == true then return 1 end return 0 end,
  function(a) return a and 1 or 2 end, function(a, b) return a or b end,
}
for o = 1, #ops do
  local f = ops[o]
  for i = 1, #values do
    for j = 1, #values do
      local ok, r = pcall(f, values[i], values[j])
      print(o, i, j, ok, nan(r))
    end
  end
end
