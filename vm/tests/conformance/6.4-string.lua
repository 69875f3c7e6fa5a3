-- § 6.4: byte, char, dump, len, lower, rep, reverse, sub, upper and the metatable of strings.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t
local INDICES = { 1, 2, 3, 5, 6, 7, 0, -1, -3, -5, -6, math.maxinteger, math.mininteger, 2.0, "2" }

print "-- sub, byte"
for _, i in ipairs(INDICES) do
  local row = { show(("hello"):sub(i)), list(("hello"):byte(i)) }
  for _, j in ipairs(INDICES) do row[#row + 1] = show(("hello"):sub(i, j)) .. list(("hello"):byte(i, j)) end
  print(show(i), table.concat(row, " "))
end
t("sub", string.sub) t("sub", string.sub, "x") t("sub", string.sub, "x", 1.5) t("sub", string.sub, "x", "y") t("sub", string.sub, 12345, 2, 3) t("sub", string.sub, {}, 1) t("sub", string.sub, "x", 1, {}) t("sub nil", string.sub, "hello", 2, nil)
t("byte", string.byte) t("byte", string.byte, "") t("byte", string.byte, "abc", 1.5) t("byte", string.byte, "abc", 1, -1) t("byte", string.byte, "\0\255", 1, 2) t("byte", string.byte, nil) t("byte", function() return select("#", string.byte("abc", 10)) end) t("many", function() return select("#", ("x"):rep(5000):byte(1, -1)) end)
print(("").sub("", 1), (""):byte(1, -1), ("x"):sub(1, 0) == "", ("\0x"):sub(1, 1) == "\0")

print "-- char, len"
print(string.char(), string.char(104, 105), show(string.char(0, 255, 10)), #string.char(table.unpack((function() local v = {} for i = 1, 200 do v[i] = i end return v end)())), string.char("65", 66.0))
for _, bad in ipairs { -1, 256, 1.5, "x", {}, 2 ^ 53 } do t(show(bad), string.char, bad) t(show(bad), string.char, 65, bad) end
print(("abc"):len(), #"", string.len "a\0b", string.len(123)) t("len", string.len) t("len", string.len, nil) t("len", string.len, {})

print "-- lower, upper, reverse"
local all = {}
for i = 0, 255 do all[i + 1] = string.char(i) end
all = table.concat(all)
print(show(all:lower()), show(all:upper()), all:reverse():reverse() == all, all:reverse():byte(1, 3))
print((""):lower(), (""):upper(), (""):reverse(), ("AbC"):lower(), ("AbC"):upper(), ("abc"):reverse(), string.upper(1e15), string.reverse(123))
for _, f in ipairs { "lower", "upper", "reverse" } do t(f, string[f]) t(f, string[f], nil) t(f, string[f], {}) t(f, string[f], true) end

print "-- rep"
for _, n in ipairs { 0, 1, 2, 3, -1, math.mininteger, 2.0, "2", 1.5, "x" } do t(show(n), string.rep, "ab", n) t(show(n), string.rep, "ab", n, ",") t(show(n), string.rep, "", n, ",") t(show(n), string.rep, "", n) end
t("none", string.rep) t("one", string.rep, "x") t("sep", string.rep, "x", 3, "") t("sep number", string.rep, "x", 3, 0) t("sep bad", string.rep, "x", 3, {}) t("sep nil", string.rep, "x", 3, nil) t("too long", string.rep, "x", math.maxinteger) t("too long", string.rep, "ab", 2 ^ 62) t("too long sep", string.rep, "x", 1 << 40, ("y"):rep(1 << 10)) t("empty", string.rep, "", 1e6)
print(#("x"):rep(1e6), #("ab"):rep(1000, "-"), ("x"):rep(41) == ("x"):rep(40) .. "x")

print "-- dump"
t("native", string.dump, print) t("none", string.dump) t("string", string.dump, "x") t("table", string.dump, {})

print "-- strings as objects"
print(("x"):rep(3), ("%d"):format(5), #"abc", ("a,b"):find(",", 1, true), ("x").len == string.len, getmetatable("").__index == string, getmetatable "".__name)
t("missing", function() return ("x"):nothing() end) t("index", function() return ("x")[1] end) t("write", function() ("x").y = 1 end)
function string.shout(text) return text:upper() .. "!" end
print(("hey"):shout()) string.shout = nil

print "-- arithmetic metamethods"
local m = getmetatable ""
for _, event in ipairs { "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__unm" } do
  local second = event ~= "__unm"
  print(event, try(m[event], "10", second and "3" or "10"), try(m[event], "0x10", second and 2.5 or "0x10"), try(m[event], "x", 1), try(m[event], {}, "1"), try(m[event], "1", setmetatable({}, { [event] = function(a, b) return "other's" end })))
end
local add = m.__add
m.__add = function(a, b) return "added " .. tostring(a) .. " " .. tostring(b) end
print("1" + 2, 1 + "2", "a" + "b", try(function() return "a" - "b" end))
m.__add = nil
print(try(function() return "1" + 2 end), try(function() return 2 + "1" end), "3" - 1)
m.__add = add
print("1" + 2, m.__band, m.__concat, m.__lt, m.__len)
