-- § 6.1: the basic functions, one block each.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t, run = s.show, s.list, s.try, s.t, s.run

print "-- _G, _VERSION"
print(_VERSION, _G._G == _G, type(_G))

print "-- assert"
for _, args in ipairs { {}, { true }, { 1, 2, 3 }, { false }, { false, "m" }, { false, 5 }, { false, {} }, { false, false }, { "text", "m" } } do t(#args, assert, table.unpack(args)) end
t("nil", assert, nil) t("nil nil", assert, nil, nil) t("many", assert, table.unpack({ 1, 2, nil, 4 }, 1, 4))

print "-- collectgarbage"
t("default", collectgarbage) t("collect", collectgarbage, "collect") t("isrunning", collectgarbage, "isrunning") t("bad", collectgarbage, "bad") t("number", collectgarbage, 1)

print "-- dofile, loadfile"
local name = os.tmpname()
local function write(text) local f = assert(io.open(name, "wb")) f:write(text) f:close() end
local function clean(...) local out = table.pack(...) for i = 1, out.n do if type(out[i]) == "string" then out[i] = out[i]:gsub(name:gsub("%p", "%%%0"), "NAME") end end return list(table.unpack(out, 1, out.n)) end
write "return 1, nil, ..."
print(clean(dofile(name)), clean(loadfile(name)("a", "b")), clean(pcall(dofile, "/nonexistent/file")), clean(loadfile "/nonexistent/file"))
write "x ="
print(clean(pcall(dofile, name)), clean(loadfile(name)))
write "error 'inside'"
print(clean(pcall(dofile, name)))
write "#!/usr/bin/lua\nreturn 'after shebang'"
print(clean(dofile(name)))
write "# first line only"
print(clean(dofile(name)))
write "\239\187\191return 'bom'"
print(clean(dofile(name)))
write "\239\187\191#comment\nreturn 'bom and comment'"
print(clean(dofile(name)))
write "return x"
print(clean(loadfile(name, "t", { x = "env" })()), clean(loadfile(name, "b")), clean(loadfile(name, "bt", {})()), clean(pcall(loadfile, name, 5)), clean(pcall(loadfile, {})))
write "\27Lua rubbish"
print(clean(loadfile(name, "t")))
write ""
print(clean(dofile(name)))
os.remove(name)

print "-- error"
t("string", error, "m") t("level 0", error, "m", 0) t("none", error) t("nil", error, nil) t("number", error, 42) t("float", error, 1.5) t("boolean", error, true) t("table", error, {})
t("level 1", function() error("m", 1) end) t("level 2", function() error("m", 2) end) t("bad level", error, "m", "x") t("string level", function() error("m", "1") end)

print "-- getmetatable, setmetatable"
local m = {}
print(getmetatable(setmetatable({}, m)) == m, getmetatable({}), getmetatable(1), getmetatable(nil), type(getmetatable ""))
t("none", getmetatable) t("none", setmetatable) t("one", setmetatable, {}) t("number", setmetatable, {}, 5) t("string", setmetatable, "x", {}) t("nil", setmetatable, nil, {})

print "-- ipairs, pairs, next"
for i, v in ipairs { 1, 2, nil, 4 } do io.write(i, v, " ") end
for i, v in ipairs {} do io.write(i, v) end
print(select("#", ipairs {}), select(3, ipairs {}), select("#", pairs {}), (pairs {}) == next, select(3, pairs {}))
t("next", next, {}) t("next nil", next, { 1 }, nil) t("next 1", next, { 1, 2 }, 1) t("next last", next, { 1, 2 }, 2) t("next bad", next, { 1 }, "x") t("next float", next, { 1, 2 }, 1.0) t("next nan", next, {}, 0 / 0) t("next 3", next, { 1, 2 }, 3) t("next none", next) t("next number", next, 5) t("next zero", next, { 1 }, 0)
t("ipairs none", ipairs) t("ipairs nil", ipairs, nil) t("pairs none", pairs) t("pairs nil", pairs, nil) t("pairs number", pairs, 5)
local seen = {}
for k, v in next, { a = 1, b = 2, 10, 20 } do seen[#seen + 1] = tostring(k) .. v end
table.sort(seen) print(table.concat(seen, " "))

print "-- load"
run "return 1" run "syntax error here" run "" run "return ..." run "local x <close> = 5"
local pieces = { "return ", "1", " + ", "2", nil }
local at = 0
print(load(function() at = at + 1 return pieces[at] end)())
local function reader(...) local parts, i = { ... }, 0 return function() i = i + 1 return parts[i] end end
pcall(function() print(clean(load(reader())), clean(load(reader("return 1", "", " + 5"))()), clean(load(reader("x", " = ", "="))), clean(pcall(load, reader(5))), clean(load(reader("return '", "a", "b", "'"))()), clean(load(reader(false))), clean(load(reader("return ", {}))), clean(load(reader("return ", true)))) end) -- pcall: no handler adds a traceback
pcall(function() print(clean(load(function() error("in reader", 0) end)), clean(load(function() error({}) end)), clean(load(function() error "at" end))) end) -- pcall: no handler adds a traceback
print(clean(load("return 1", "=name", "b")), clean(load("return 1", "=name", "t")()), clean(load("return 1", "=name", "bt")()), clean(load("return 1", "=name", "x")), clean(load("return 1", nil, nil)()), clean(load("return x", nil, nil, { x = 3 })()), clean(pcall(load("return x", nil, nil, nil))), clean(load("\27Lua", "=name", "t")), clean(load("\27", "=name", "t")))
print(clean(load("error 'm'", "chunk text")), clean(pcall(load("error 'm'"))), clean(pcall(load("error 'm'", "@file"))), clean(pcall(load("\nerror 'm'", "=name"))), clean(pcall(load(reader("error 'm'")))), clean(pcall(load(reader("error 'm'"), "=r"))))
t("none", load) t("number", load, 5) t("nil", load, nil) t("table", load, {}) t("name", load, "return 1", {}) t("mode", load, "return 1", "n", {})
print(clean(load(5)), clean(pcall(load, true)))
print(load(function() return nil end)(), load "" (), select("#", load "return" ()))

print "-- pcall, xpcall"
t("pcall", pcall) t("pcall value", pcall, 5) t("pcall fine", pcall, select, "#", 1, nil) t("pcall error", pcall, error, "m", 0) t("xpcall none", xpcall) t("xpcall one", xpcall, print) t("xpcall bad handler", xpcall, print, 5) t("xpcall fine", xpcall, select, print, "#", 1, 2) t("xpcall error", xpcall, error, function(m, ...) return m .. select("#", ...) end, "m", 0)

print "-- print"
print() print(nil) print(1, 1.0, -0.0, "x", true) print("a\0b" == "a\0b", "tab\tbed") print(table.unpack({}, 1, 3))
print(setmetatable({}, { __tostring = function() return "shown" end }), setmetatable({}, { __name = "N", __tostring = function() return "" end }))
t("bad tostring", print, setmetatable({}, { __tostring = function() return 1 == 1 end }))

print "-- rawequal, rawget, rawlen, rawset"
local proxy = setmetatable({ 1, 2 }, { __index = function() return "meta" end, __newindex = error, __len = function() return 9 end, __eq = function() return true end })
print(rawequal(proxy, {}), rawequal(proxy, proxy), rawget(proxy, 3), proxy[3], rawlen(proxy), #proxy, rawset(proxy, "k", 5) == proxy, rawget(proxy, "k"), rawlen "abc")
t("rawequal", rawequal, 1) t("rawequal 0", rawequal) t("rawequal nil", rawequal, nil, nil) t("rawget", rawget, {}) t("rawget 5", rawget, 5, 1) t("rawget string", rawget, "x", 1) t("rawlen 5", rawlen, 5) t("rawlen", rawlen) t("rawset", rawset, {}, 1) t("rawset nil", rawset, {}, nil, 1) t("rawset nan", rawset, {}, 0 / 0, 1) t("rawset 5", rawset, 5, 1, 1) t("rawset value nil", function() local o = { 1 } rawset(o, 1, nil) return #o end)

print "-- select"
for _, n in ipairs { "#", 1, 2, 3, 4, 0, -1, -2, -3, -4, 1.0, "2", 1.5, "x", math.maxinteger, math.mininteger } do t(show(n), select, n, "a", "b", "c") end
t("none", select) t("#none", select, "#") t("nil", select, nil) t("table", select, {}) t("past", select, 1) t("##", select, "##", 1) t("#nil", select, "#", nil, nil)

print "-- tonumber"
for _, v in ipairs { "0", "10", "-10", "+10", " 10 ", "\t10\n", "10a", "1 0", "", " ", "0x10", "0X1f", "-0x10", "+0x1", "0x", "0xg", "1.5", ".5", "5.", ".", "1e1", "1e", "1E+2", "1e-2", "e1", "0x1p4", "0x1.8", "0x.8p1", "0x1p", "inf", "nan", "Infinity", "1e400", "-1e400", "9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "0x7fffffffffffffff", "0xffffffffffffffff", "0x1ffffffffffffffff", "1_000", "1,5", "1\0", "\0001", "--1", "- 1", "0b1", "08", "1f", "0x1.fp-2", ("1"):rep(30), ("0"):rep(30) .. "1", ".e1", "0x.p1", "1..2", "0x-1", "1e+-1", 5, 5.5, true, {}, print } do io.write(show(v), "=", try(tonumber, v), " ", math.type(tonumber(v)) or "-", "; ") end
print()
for base = 2, 36, 7 do for _, v in ipairs { "10", "-10", " 11 ", "zz", "ZZ", "9", "1.0", "", "-", "0x10", "1 1", "+1", "7fffffffffffffff", "ffffffffffffffffff", "1e1", "\t1\n" } do io.write(show(tonumber(v, base)), " ") end print(base) end
t("none", tonumber) t("nil", tonumber, nil) t("nil base", tonumber, "10", nil) t("base 1", tonumber, "10", 1) t("base 37", tonumber, "10", 37) t("number base", tonumber, 10, 10) t("string base", tonumber, "10", "16") t("float base", tonumber, "10", 2.5) t("nil 10", tonumber, nil, 10) t("bad base", tonumber, "10", "x") t("table", tonumber, {}, 10)

print "-- tostring, type"
for _, v in ipairs { 0, -0.0, 1, 1.0, -1.5, 1e14, 1e15, 1e16, 123456789012345.0, 1e100, 0.1, 1 / 3, 2 ^ 53, 2 ^ 63, -2 ^ 63, 5e-324, 1.7976931348623157e308, math.huge, -math.huge, math.maxinteger, math.mininteger, true, false, "x", "" } do io.write(show(tostring(v)), " ") end
print(tostring(nil))
t("tostring", tostring) t("type", type) t("type nil", type, nil)

print "-- warn"
t("none", warn) t("number", warn, 1) t("table", warn, {}) t("nil", warn, "x", nil) t("off", warn, "@off") t("text", warn, "not shown") t("pieces", warn, "a", "b", "c") t("unknown", warn, "@unknown")
