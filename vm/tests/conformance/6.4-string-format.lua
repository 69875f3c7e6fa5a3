-- § 6.4, string.format: every conversion with flags, widths and precisions; what is refused.
local s = dofile "tests/conformance/lib/show.lua"
local show, try, t = s.show, s.try, s.t
local format = string.format

print "-- integers"
local INTEGERS = { 0, 1, -1, 42, -12345, math.maxinteger, math.mininteger, 3.0, "17", "0x1F" }
for _, conversion in ipairs { "d", "i", "u", "o", "x", "X", "c" } do
  for _, modifier in ipairs { "", "5", "-5", "05", "+", " ", "+5", "-+5", " 5", "#", "#10", ".0", ".3", ".10", "8.3", "-8.3", "08.3", "+.3", "20", ".20", "#.5" } do
    local row = {}
    local spec = "%" .. modifier .. conversion
    for i, value in ipairs(conversion == "c" and { 65, 0, 255, 256, -1, "66" } or INTEGERS) do row[i] = show((try(format, spec, value))) end
    print(spec, table.concat(row, " "))
  end
end

print "-- floats"
local FLOATS = { 0.0, -0.0, 1, -1.5, 0.1, 2 / 3, 123456.789, 1e10, 1e15, 1e16, 1e100, 1.7976931348623157e308, 5e-324, 1 / 0, -1 / 0, 2 ^ 53, 0.5, 1.5, 2.5, 99.995, "3.25" }
for _, conversion in ipairs { "e", "E", "f", "F", "g", "G", "a", "A" } do
  for _, modifier in ipairs { "", ".0", ".1", ".3", ".14", ".17", "12", "-12", "012", "+", " ", "#", "#.0", "+12.3", "-12.3", "012.3", ".99", "#.3" } do
    local row = {}
    local spec = "%" .. modifier .. conversion
    for i, value in ipairs(FLOATS) do local text = try(format, spec, value) row[i] = #text > 60 and #text .. text:sub(1, 12) .. text:sub(-10) or text end
    print(spec, table.concat(row, "|"))
  end
end
print(format("%f", 0 / 0):gsub("-", ""), format("%5.1f|%g", 0 / 0, 0 / 0):gsub("-", ""))

print "-- strings"
for _, modifier in ipairs { "", "10", "-10", ".3", ".0", "10.3", "-10.3", ".", "2", ".100" } do
  local spec = "%" .. modifier .. "s|"
  print(spec, show(try(format, spec, "hello")), show(try(format, spec, "")), try(format, spec, 42), try(format, spec, 1.5), try(format, spec, nil), try(format, spec, true), show(try(format, spec, "a\0b")), #try(format, spec, ("x"):rep(200)))
end
t("zero and width", format, "%10s", "a\0b") t("__tostring", format, "%s %5.2s|", setmetatable({}, { __tostring = function() return "shown" end }), setmetatable({}, { __tostring = function() return "shown" end })) t("bad __tostring", format, "%s", setmetatable({}, { __tostring = function() return {} end }))

print "-- %q"
for _, value in ipairs { "", "plain", "quote \" and \\ and \n newline", "\0", "\0001", "\r\t\a\b\f\v", "\127\128\255", "\1\0019", "é", 0, 1, -5, math.maxinteger, math.mininteger, 1.0, -0.0, 0.1, 1e100, 2 ^ 63, 1 / 0, -1 / 0, true, false } do print(show(format("%q", value))) end
print(format("%q", 0 / 0), format("%q", nil))
for _, bad in ipairs { {}, print, coroutine.create(print), io.stdout } do t(type(bad), format, "%q", bad) end
for _, modifier in ipairs { "5", "-5", ".3", "+", " ", "#", "0" } do t(modifier, format, "%" .. modifier .. "q", "x") end
for _, value in ipairs { "a\0b\n\"\\\r\200", 1 / 3, -0.0, math.mininteger, 1 / 0, 12, "\n\n" } do print(load("return " .. format("%q", value))() == value) end

print "-- %p"
print(format("%p", 1), format("%p", nil), format("%p", true), format("%p", 1.5), format("%10p|", 1), format("%-10p|", 2), (format("%p", {}):gsub("0x%x+", "ADDRESS")), (format("%p", print):gsub("%x%x%x+", "ADDRESS"):gsub("0x", "")), format("%p", "x") == format("%p", "x"), format("%p", io.stdout) == format("%p", io.stdout))
t("precision", format, "%.3p", {}) t("flag", format, "%+p", {}) t("none", format, "%p")

print "-- literal parts, %%, argument errors"
for _, spec in ipairs { "", "plain", "%%", "100%%", "%%d", "%", "x%", "%d%", "%y", "%5y", "%ll", "%ld", "%hd", "%5%", "%-%", "%n", "%v", "%S", "%D", "%1$d", "%*d", "%.*f", "%--5d", "%  d", "%+++++d", "%-+ #0d", "%-+ #05d", "%0000005d", "%123d", "%99d", "%100d", "%.99f", "%.100f", "%.123f", "%5.d", "%.d", "%.-3d", "% d", "%#d", "%0s", "%#s", "%+s", "% s", "%#i", "%#x", "%+x", "% x", "%0c", "%5c", "%-5c|", "%.5c", "%#c", "%i", "%u", "%\0", "a\0b%d", "%", "%10", "%.", "%-", "%#" } do
  print(show(spec), show(try(format, spec, 7, 8)))
end
for _, conversion in ipairs { "d", "x", "c", "f", "g", "a", "s", "q", "i" } do
  local row = {}
  for _, value in ipairs { "text", "1.5", 1.5, 2 ^ 63, 1e100, {}, true, "", "0x10", " 5 " } do row[#row + 1] = (try(format, "%" .. conversion, value):gsub("table: 0x%x+", "table")) end
  print(conversion, table.concat(row, " | "), try(format, "%" .. conversion), try(format, "%" .. conversion, nil))
end
t("too few", format, "%d %d", 1) t("too many", format, "%d", 1, 2) t("none", format) t("nil", format, nil) t("table", format, {}) t("number", format, 5) t("method", function() return ("%d-%s"):format(1, "x") end) t("method error", function() return ("%d"):format("x") end)
print(#format("%s%s", ("x"):rep(100000), ("y"):rep(100000)), #format(("%d"):rep(200), table.unpack((function() local v = {} for i = 1, 200 do v[i] = i end return v end)())))
