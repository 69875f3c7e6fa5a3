-- § 6.4.2: string.pack, packsize, unpack: every option, alignment, byte order, borders, errors.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t
local pack, unpack, size = string.pack, string.unpack, string.packsize
local function hex(text) return (text:gsub(".", function(c) return ("%02x"):format(c:byte()) end)) end
local function both(format, ...)
  local ok, text = pcall(pack, format, ...)
  if not ok then return text end
  return hex(text) .. " -> " .. try(unpack, format, text)
end

print "-- integers"
local VALUES = { 0, 1, -1, 127, 128, -128, -129, 255, 256, 32767, 32768, -32768, 65535, 65536, 2 ^ 31 - 1, 2 ^ 31, -2 ^ 31, 2 ^ 32 - 1, 2 ^ 32, math.maxinteger, math.mininteger, 3.0, "7", 1.5, "x", 2 ^ 63 }
for _, option in ipairs { "b", "B", "h", "H", "i", "I", "l", "L", "j", "J", "T", "i1", "I1", "i2", "I2", "i3", "I3", "i4", "I4", "i5", "i7", "I7", "i8", "I8", "i9", "I9", "i16", "I16" } do
  local row = {}
  for i, value in ipairs(VALUES) do row[i] = both("<" .. option, value) end
  print(option, size(option), table.concat(row, "; "))
  print("", both(">" .. option, 1), both(">" .. option, -2), both("=" .. option, 1), try(unpack, option, ("\255"):rep(size(option))), try(unpack, option, ("\128"):rep(size(option))), try(unpack, option, ("\255"):rep(size(option) - 1)), try(unpack, ">" .. option, ("\0"):rep(size(option) - 1) .. "\5"))
end
for _, option in ipairs { "i0", "i17", "I0", "I17", "i99", "i100000000000", "i-1", "s0", "s17", "!0", "!17", "!3", "!16", "!", "!1", "!2", "!4", "!8" } do print(option, try(pack, option .. "i4", 1, 1), try(size, option), try(unpack, option, "")) end

print "-- floats"
for _, option in ipairs { "f", "d", "n" } do
  for _, value in ipairs { 0.0, -0.0, 1, -1.5, 0.1, 1e100, 2 ^ 53, 5e-324, 1 / 0, -1 / 0, "2.5", "x", {} } do print(option, show(value), both("<" .. option, value), both(">" .. option, value)) end
  print(option, size(option), try(unpack, option, ""))
end
print(unpack("<f", pack("<f", 16777217)), unpack("<d", "\0\0\0\0\0\0\240\127"), tostring(unpack("<d", "\1\0\0\0\0\0\240\127")):gsub("-", ""))

print "-- strings"
for _, option in ipairs { "z", "s", "s1", "s2", "s4", "s8", "s3", "c0", "c1", "c3", "c5", "c10", "c" } do
  local row = {}
  for i, value in ipairs { "", "a", "abc", "hello", "a\0b", 12, ("x"):rep(300) } do local text = both("<" .. option, value) row[i] = #text > 80 and #text or text end
  print(option, try(size, option), table.concat(row, "; "), try(pack, option, nil), try(pack, option, {}))
end
print(try(unpack, "z", "no zero"), try(unpack, "z", "a\0b\0"), try(unpack, "zz", "a\0b\0"), try(unpack, "s1", "\5abc"), try(unpack, "s1", ""), try(unpack, "s1", "\3abcd"), try(unpack, "s", "\255\255\255\255\255\255\255\127"), try(unpack, "c5", "abc"), try(unpack, "c0", ""))

print "-- alignment, padding, byte order, white space"
for _, format in ipairs { "!bi2", "!bi4", "!bi8", "!4bi8", "!2bi8", "!1bi8", "bi8", "!bbhbi", "!8bXi8", "!bXi4b", "!4bXi8", "!bXh", "bXi4", "!bXd", "!bXz", "!bXc3", "!bXX", "!bX", "X", "Xi4", "!4 i1 i4", "!4 i1 !2 i4", "!i1xi2", "xbx", "x", "xxx", "<i2>i2=i2", "> i2 < i2", "i2 i2", " i1  i1 ", "!8 i1 i3", "!4 b d", "!b j", "!bf", "!bs4", "!bz", "!c1i4", "<!4i1i4>i1i4" } do
  print(show(format), try(size, format), both(format, 1, 2, 3, 4))
end
print(both("<i2 s1 z B", -2, "ab", "cd", 255), both("<!4 i1 s4", 1, "xyz"), both(" < > = ! ", 1))

print "-- unpack: positions, results"
local data = "\1\2\3\4\5"
for _, position in ipairs { 1, 2, 5, 6, 7, 0, -1, -5, -6, 3.0, "2", 1.5, math.maxinteger, math.mininteger } do print(show(position), try(unpack, "B", data, position), try(unpack, "", data, position)) end
print(list(unpack("BBB", data)), list(unpack("", "")), list(unpack("B B", data, 4)), try(unpack, "BB", data, 5), list(unpack("!4 B i4", "\1\0\0\0\2\0\0\0")), list(unpack("!4 i4", "\0\0\0\0\1\0\0\0", 2)))

print "-- errors"
for _, format in ipairs { "y", "k", "1", "i2 ?", "a", "\0", "é", "!3i4", "!4i3", "!4i16", "c-1", "c99999999999999999999", "i2147483648", "s", "z", "Xs", "X1" } do print(show(format), try(size, format), try(pack, format, "a"), try(unpack, format, "abc")) end
print(try(size, "c2147483647"), try(size, "c2147483647c1"), try(size, "c2147483647c2147483647"), try(size, "<i8c2147483639"))
t("none", pack) t("missing", pack, "i") t("missing 2", pack, "ii", 1) t("extra", function() return hex(pack("b", 1, 2)) end) t("nil", pack, "b", nil) t("format", pack, {}) t("unpack none", unpack) t("unpack one", unpack, "b") t("unpack bad", unpack, "b", {}) t("size none", size) t("size bad", size, {})
for n = 1, 16 do print(n, both("<i" .. n, -3), both(">I" .. n, 200), try(unpack, "<i" .. n, ("\255"):rep(n - 1) .. "\127"), try(unpack, "<I" .. n, "\1" .. ("\0"):rep(n - 1))) end
