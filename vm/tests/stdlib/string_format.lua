local t = dofile "tests/stdlib/lib/show.lua"
local f = string.format

for _, x in ipairs { "%", "%y", "%10", "%-010d", "%5.100d", "%100d", "%.", "%.d", "%5.d", "%#d", "%+x", "% x", "%05s",
  "%-5s", "%+s", "%5c", "%05c", "%.3c", "%u", "%F", "%i", "%-+ #0d", "%-+ 0#f", "%------d", "%5.3q", "%q", "%#a", "%#x",
  "%.3p", "%10p", "%1234567890123456789012345d", "%0123d", "%00005d", "%.123f", "%5%", "%%%", "%l", "%d5.", "%.5.5d",
  "%012345678901d", "%+i", "%-i", "%.0x", "%#o", "%a", "%.20s" } do
  t(f, x, 12)
end
for n = 17, 24 do
  t(f, "%" .. ("0"):rep(n) .. "d", 1)
  t(f, "%" .. ("-"):rep(n) .. "y", 1)
end
t(f, "%5s", "a\0b") t(f, "%s", "a\0b") t(f, "%.200s", "x") t(f, "%200s", ("x"):rep(100)) t(f, "%50s", ("x"):rep(100))
t(f, "%d", "x") t(f, "%d", 3.5) t(f, "%d", "10") t(f, "%d") t(f, "%y") t(f, "%#d") t(f, "%#d", "z") t(f, "%q") t(f)
t(f, "%d", "0x10") t(f, "%d", "1e1") t(f, "%x", 2 ^ 53) t(f, "%d", 2 ^ 63) t(f, "%5d", "a") t(f, "% %") t(f, "a%")
t(f, "a%%b%%") t(f, "%\xff", 1) t(f, "%-\0d", 1) t(f, "%1.", 1) t(f, "%c\xe9", 1) t(f, "%c%c", 0, 300) t(f, "%c", "x")
for _, v in ipairs { 1, -1, math.mininteger, 0.1, 1.0, -0.0, 1e100, 1 / 0, -1 / 0, 0 / 0, "a\n\r\0001\0z\"\\\200\t\127", true,
  1e15, 2 ^ 53, 2 ^ 63, 0.5, 123456.0 } do
  t(f, "%q", v)
end
t(f, "%q", nil) t(f, "%q", {}) t(f, "%q", print) t(f, "%-q", 1) t(f, "%.3q", "x")
t(f, "%p", 1) t(f, "%p", nil) t(f, "%10p|", nil) t(f, "%p", "abc") t(f, "%p", {})
t(f, "%s", nil) t(f, "%s", 1.0) t(f, "%10s|%-10s|%.2s|", true, 1.5, "xyz")
t(f, "%s", setmetatable({}, { __tostring = function() return "hi" end }))
t(f, "%s", setmetatable({}, { __tostring = function() return {} end }))
t(f, "%f %F", 1e308, 1)
t(f, "%.99f", 0.1) t(f, "%.99g", 0.1) t(f, "%99.99f", 1 / 3)
