local t = dofile "tests/stdlib/lib/show.lua"
local T = table

t(T.insert, {}) t(T.insert, nil, 1) t(T.insert, {}, 1, 2, 3) t(T.insert, {}, 0, 1) t(T.insert, {}, 3, 1) t(T.insert, "x", 1)
t(T.insert, {}, "a", 1) t(T.insert, {}, 1.5, 1) t(T.insert, setmetatable({}, { __len = function() return "x" end }), 1)
for size = 0, 3 do
  for position = -2, 5 do
    local list = { T.unpack({ 10, 20, 30 }, 1, size) }
    io.write(size, " ", position, " ")
    t(T.remove, list, position)
    list = { T.unpack({ 10, 20, 30 }, 1, size) }
    t(T.insert, list, position, "new")
    print(T.concat(list, " "))
  end
end
t(T.remove, {}) t(T.remove, nil) t(T.remove, {}, nil) t(T.remove, { n = 1, [0] = "z" }, 0) t(T.remove, { [0] = "q" })
do
  local list = {}
  for i = 1, 20 do T.insert(list, 1, i) end
  for i = 1, 5 do T.insert(list, i * 2, i + 0.5) end
  T.insert(list, 3, "text")
  print(T.concat(list, " "))
  for i = 1, 10 do io.write(tostring(T.remove(list, i)), " ") end
  print(#list, T.concat(list, " "))
end

t(T.concat, { 1, {}, 3 }) t(T.concat, { 1, 2 }, 1) t(T.concat, { 1, 2 }, {}) t(T.concat, { 1, 2, 3 }, ",", 2, 3)
t(T.concat, {}, ",", 1, 2) t(T.concat, 1) t(T.concat, { 1, 2.5, "x" }, "-") t(T.concat, { 1 }, ",", 3) t(T.concat, {})
t(T.concat, { "a", "b" }, "", 1, 1) t(T.concat, { "a", "b", "c" }, "--") t(T.concat, { [3] = "x", [4] = "y" }, " ", 3, 4)
t(T.concat, { "a", "b" }, ",", math.maxinteger, math.maxinteger) t(T.concat, { "a", 1, "b" }, ("s"):rep(30))
t(T.concat, setmetatable({}, { __index = function(_, i) return i * 10 end, __len = function() return 3 end }), ",")

t(T.unpack) t(T.unpack, 1) t(T.unpack, {}, 1, 1e8) t(T.unpack, {}, math.mininteger, math.maxinteger) t(T.unpack, {}, 1, 1e6)
t(T.unpack, { 1, 2, 3 }, -1, 1) t(T.unpack, { 1, nil, 3 }, 1, 3) t(T.unpack, { 1, 2 }, 2) t(T.unpack, {}, 2, 1)
t(T.unpack, setmetatable({}, { __index = function(_, i) return i * 10 end }), 1, 3) t(T.unpack, "abc", 1, 2)
t(T.unpack, { 1, 2 }, math.maxinteger, math.maxinteger)
print(select("#", T.unpack({}, 1, 5000)), (select(200, T.unpack({ n = 1, [200] = "x" }, 1, 300))))
do
  local packed = T.pack(1, nil, 3, nil)
  print(packed.n, #packed >= 0, packed[1], packed[3], T.pack().n)
end

t(T.move, {}, 1, math.maxinteger, 2) t(T.move, {}, -1, math.maxinteger, 2) t(T.move, {}, 2, 3, math.maxinteger)
t(T.move, 1, 1, 1, 1) t(T.move, {}, 1, 2, 3, 4) t(T.move, {}, 1, 2) t(T.move, {}, 1, 0, "x")
print(T.concat(T.move({ 1, 2, 3 }, 1, 3, 2), ","), T.concat(T.move({ 1, 2, 3 }, 2, 3, 1), ","))
print(T.concat(T.move({ 1, 2, 3 }, 1, 3, 3, { 9, 9 }), ","), T.concat(T.move({ 1, 2, 3 }, 1, 0, 5), ","))

t(T.sort, { 3, 1, 2, 5, 4 }, function() return true end) t(T.sort, { 1, 2, 3, nil, 5 }) t(T.sort, { 1, "x" }) t(T.sort, { 1, 2 }, 1)
t(T.sort, 1) t(T.sort, { {}, {} }) t(T.sort, { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 }, function() return true end)
t(T.sort, setmetatable({}, { __len = function() return 1e10 end })) t(T.sort, { 1 }, 1) t(T.sort, { 2, 1 }, nil)
t(T.sort, { 3, 2, 1 }, function() error("in order", 0) end)
local function sorted(list, order) T.sort(list, order) return T.concat(list, " ") end
print(sorted { 5, 2, 8, 1, 9, 3 }) print(sorted { 2.5, -1.0, 3.25, 0.0 }) print(sorted { "b", "a", "B", "", "ab", "a\0" })
print(sorted { 1, 2.5, -3, 0.5, 10 }) print(sorted({ 5, 2, 8, 1 }, function(a, b) return a > b end))
print(sorted { 1e308, -1 / 0, 1 / 0, 0.0 })
do
  -- Elements that compare equal stay where the reference implementation leaves them.
  local state = 12345
  local function random(n) state = state * 1103515245 + 12345 & 0x7fffffff return state % n end
  for _, size in ipairs { 2, 3, 4, 7, 20, 99, 100, 101, 102, 150, 500, 3000 } do
    local list, keys = {}, {}
    for i = 1, size do list[i] = i keys[i] = random(1 + size // 4) end
    T.sort(list, function(a, b) return keys[a] < keys[b] end)
    local sum = 0
    for i, v in ipairs(list) do sum = (sum * 31 + v) % 1000000007 end
    print(size, sum, list[1], list[size])
  end
  local organ = {}
  for i = 1, 4000 do organ[i] = i <= 2000 and i or 4000 - i end
  T.sort(organ, function(a, b) return a < b end)
  for i = 2, #organ do assert(organ[i - 1] <= organ[i]) end
end
do
  local log = {}
  local proxy = setmetatable({}, {
    __len = function() return 4 end,
    __index = function(_, i) log[#log + 1] = "r" .. i return 5 - i end,
    __newindex = function(_, i, v) log[#log + 1] = "w" .. i end,
  })
  t(T.insert, proxy, 2, "x") t(T.remove, proxy, 3)
  print(T.concat(log, " "))
end
