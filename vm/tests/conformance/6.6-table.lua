-- § 6.6: concat, insert, move, pack, remove, sort, unpack: borders, metamethods, errors.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t
local function items(o, n) local out = {} for i = 1, n or #o do out[i] = show(o[i]) end return "{" .. table.concat(out, " ") .. "}" end
local max, min = math.maxinteger, math.mininteger

print "-- concat"
for _, args in ipairs { { {} }, { { 1 } }, { { 1, 2, 3 } }, { { 1, 2, 3 }, ", " }, { { "a", 1.5, -0.0 }, "" }, { { 1, 2, 3 }, ",", 2 }, { { 1, 2, 3 }, ",", 2, 3 }, { { 1, 2, 3 }, ",", 3, 2 }, { { 1, 2, 3 }, ",", 0 }, { { 1, 2, 3 }, ",", 1, 4 }, { { 1, {}, 3 } }, { { true } }, { { 1, 2 }, 5 }, { { 1, 2 }, {} }, { { 1, 2 }, nil, 2 }, { { [0] = 0, 1, [-1] = -1 }, ",", -1, 1 }, { { [max] = "max" }, ",", max, max }, { { [max - 1] = 1, [max] = 2 }, ",", max - 1, max }, { {}, ",", max, min }, { { 1 }, ",", "1", "1" }, { { 1 }, ",", 1.5 }, { { 1 }, ",", 1.0 } } do t(items(args[1]), table.concat, table.unpack(args, 1, 4)) end
t("none", table.concat) t("string", table.concat, "x") t("nil", table.concat, nil) t("nil inside", table.concat, { 1, nil, 3 }, ",", 1, 3) t("function inside", table.concat, { print })
t("metamethods", table.concat, setmetatable({}, { __len = function() return 3 end, __index = function(_, i) return "v" .. i end }), "-") t("long", function() local v = {} for i = 1, 1000 do v[i] = i end return #table.concat(v, ", ") end)

print "-- insert"
for _, args in ipairs { { 9 }, { 1, 9 }, { 2, 9 }, { 4, 9 }, { 5, 9 }, { 0, 9 }, { -1, 9 }, { 1.0, 9 }, { "2", 9 }, { 1.5, 9 }, { "x", 9 }, { 1, 2, 3 }, {}, { nil }, { 2, nil }, { max, 1 }, { min, 1 } } do
  local o = { 1, 2, 3 }
  print(list(table.unpack(args)), try(table.insert, o, table.unpack(args, 1, args[2] == nil and #args == 1 and 1 or 2 + (args[3] and 1 or 0))), items(o))
end
t("none", table.insert) t("string", table.insert, "x", 1) t("one", table.insert, {}) t("nil value", function() local o = { 1 } table.insert(o, nil) return #o end)
do local o = {} for i = 1, 10 do table.insert(o, 1, i) end print(items(o)) for i = 1, 10 do table.insert(o, #o // 2 + 1, -i) end print(items(o)) end

print "-- remove"
for _, args in ipairs { {}, { 1 }, { 2 }, { 3 }, { 4 }, { 5 }, { 0 }, { -1 }, { 1.0 }, { "1" }, { 1.5 }, { nil } } do
  local o = { "a", "b", "c" }
  print(list(table.unpack(args)), try(table.remove, o, table.unpack(args)), items(o))
end
for _, pos in ipairs { 0, 1, -1, 2 } do t("empty " .. pos, table.remove, {}, pos) end
t("empty", table.remove, {}) t("zero", table.remove, { [0] = "zero" }, 0) t("#+1", table.remove, { 1, 2, [3] = nil }, 3) t("none", table.remove) t("string", table.remove, "x") print(select("#", table.remove {}))
do local o = {} for i = 1, 20 do o[i] = i end local out = {} while #o > 0 do out[#out + 1] = table.remove(o, #o // 2 + 1) end print(items(out)) end

print "-- move"
for _, args in ipairs { { 1, 3, 2 }, { 2, 3, 1 }, { 1, 0, 5 }, { 1, 3, 1 }, { 1, 3, 3 }, { 3, 1, 5 }, { 1, 5, 2 }, { 0, 2, 1 }, { -1, 1, 2 }, { 1, max, 2 }, { min, 0, 1 }, { max, max, 1 }, { 1, 1, max }, { 1, 2, max }, { -1, max, 1 }, { min, max, 1 }, { min, min + 1, min }, { 1.0, 2.0, 3.0 }, { 1, 2, 1.5 }, { "1", "2", "3" } } do
  local o = { "a", "b", "c" }
  if not (args[2] == max and args[1] == 1) then print(list(table.unpack(args)), (try(table.move, o, table.unpack(args))), items(o, 6)) else print(list(table.unpack(args)), (try(table.move, o, table.unpack(args)))) end
end
do local a, b = { 1, 2, 3 }, { 9, 9, 9, 9 } print(table.move(a, 1, 3, 2, b) == b, items(b), items(a)) print(items(table.move({ 1, 2, 3 }, 1, 3, 1, {}))) end
t("none", table.move) t("strings", table.move, "x", 1, 2, 3) t("target", table.move, {}, 1, 2, 3, "x") t("missing", table.move, {}, 1, 2)
do local log = {} local p = setmetatable({}, { __index = function(_, k) log[#log + 1] = "r" .. k return k * 10 end, __newindex = function(_, k, v) log[#log + 1] = "w" .. k .. "=" .. v end }) table.move(p, 1, 3, 2) table.move(p, 2, 3, 1) print(table.concat(log, " ")) end

print "-- pack, unpack"
for _, o in ipairs { table.pack(), table.pack(nil), table.pack(1, nil), table.pack(1, 2, 3) } do print(o.n, #o <= o.n, o[1], o[2]) end
for _, args in ipairs { { {} }, { { 1, 2, 3 } }, { { 1, 2, 3 }, 2 }, { { 1, 2, 3 }, 2, 3 }, { { 1, 2, 3 }, 3, 2 }, { { 1, 2, 3 }, 0, 4 }, { { 1, 2, 3 }, -1 }, { { 1, 2, 3 }, 2.0 }, { { 1, 2, 3 }, "2" }, { { 1 }, 1.5 }, { { 1 }, 1, "x" }, { { 1, 2 }, nil, 1 }, { { [max] = "m" }, max, max }, { { [min] = "m" }, min, min }, { {}, max, min }, { {}, 1, 1e6 * 10 }, { {}, min, max }, { {}, 0, max }, { {}, 1, max }, { {}, max - 1, max } } do t(list(table.unpack(args, 2)), table.unpack, table.unpack(args, 1, 3)) end
t("string", table.unpack, "abc") t("nil", table.unpack, nil) t("none", table.unpack) t("string with range", table.unpack, "abc", 1, 0) t("metamethods", table.unpack, setmetatable({}, { __len = function() return 2 end, __index = function(_, i) return i * i end })) t("number", table.unpack, 5, 1, 0)
print(select("#", table.unpack({}, 1, 100000)))

print "-- sort"
local function sorted(o, f) local ok, m = pcall(table.sort, o, f) return ok and items(o) or (m:gsub("^.-lua:%d+: ", "")) end
print(sorted {}, sorted { 1 }, sorted { 2, 1 }, sorted { 3, 1, 2 }, sorted { 1, 1, 1 }, sorted { 5, 4, 3, 2, 1 }, sorted { "b", "a", "C", "" }, sorted { 1.5, 1, -0.0, 2 ^ 53, max, -1 / 0, 1 / 0 })
print(sorted({ 1, 3, 2 }, function(a, b) return a > b end), sorted({ "aa", "b", "ccc" }, function(a, b) return #a < #b end), sorted({ 3, 1 }, nil), sorted({ 2, 1 }, setmetatable({}, { __call = function(_, a, b) return a < b end })))
print(sorted { 1, "x" }, sorted { {}, {} }, sorted { true, false }, sorted { 1, 2, nil, 4 }, sorted({ 3, 1, 2 }, function() error("in comparison", 0) end), sorted({ 1, 2 }, 5), sorted({ 1, 2 }, {}), sorted({ 1 }, 5))
for _, n in ipairs { 3, 4, 5, 10, 50, 150 } do local o = {} for i = 1, n do o[i] = i end print(n, (sorted(o, function() return true end):gsub("^{.*", "sorted somehow")), (sorted(o, function() return false end):gsub("^{.*", "sorted somehow"))) end
for _, n in ipairs { 10, 100, 101, 1000 } do
  local o, x = {}, 42
  for i = 1, n do x = (x * 1103515245 + 12345) % 2147483648 o[i] = x % 1000 end
  table.sort(o) local up = true for i = 2, n do up = up and o[i - 1] <= o[i] end
  table.sort(o, function(a, b) return a > b end) local down = true for i = 2, n do down = down and o[i - 1] >= o[i] end
  table.sort(o, function(a, b) return a > b end)
  print(n, up, down, o[1] >= o[n])
end
do local o = setmetatable({ {3}, {1}, {2} }, nil) local m = { __lt = function(a, b) return a[1] < b[1] end } for _, v in ipairs(o) do setmetatable(v, m) end table.sort(o) print(o[1][1], o[2][1], o[3][1]) end
do local store, log = { 3, 1, 2 }, 0 local p = setmetatable({}, { __index = store, __newindex = function(_, k, v) log = log + 1 store[k] = v end, __len = function() return 3 end }) table.sort(p) print(items(store), log > 0) end
t("none", table.sort) t("string", table.sort, "x") t("huge", table.sort, setmetatable({}, { __len = function() return 2 ^ 31 end })) t("results", function() return select("#", table.sort {}) end)

print "-- tables that are none: metamethods instead"
for _, name in ipairs { "insert", "remove", "concat", "sort", "unpack" } do
  for _, missing in ipairs { "__index", "__newindex", "__len" } do
    local meta = { __index = function() end, __newindex = function() end, __len = function() return 0 end }
    meta[missing] = nil
    debug.setmetatable(5, meta)
    print(name, missing, try(table[name], 5))
  end
end
debug.setmetatable(5, nil)
for _, name in ipairs { "insert", "remove", "concat", "sort", "unpack", "move" } do t(name, table[name], setmetatable({}, { __len = function() return "x" end }), 1, 2, 3) t(name, table[name], setmetatable({}, { __len = function() error("in len", 0) end }), 1, 2, 3) end
