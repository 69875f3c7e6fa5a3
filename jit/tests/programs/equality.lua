-- Every kind of value against every other.
local function eq(a, b) return a == b, a ~= b end
local m = setmetatable({}, { __eq = function() return true end })
local long = string.rep("x", 100)
local values = { 1, 1.0, 2, 2.5, 0/0, "a", "ab", "b", long, string.rep("x", 100), string.rep("y", 100), long .. "z",
  true, false, {}, {}, m, setmetatable({}, getmetatable(m)), print, io.stdout, io.stderr, coroutine.create(print), eq }
local n, out = 23, {}
for round = 1, 3 do
  for i = 1, n + 1 do
    for j = 1, n + 1 do
      local x, y = eq(values[i], values[j])
      out[#out + 1] = (x and "1" or "0") .. (y and "1" or "0")
    end
    out[#out + 1] = "\n"
  end
end
print(table.concat(out))
