-- § 6.9: os, in the time zone UTC.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

print "-- date"
local TIMES = { 0, 1, 86399, 86400, 951782400, 1e9, 1234567890, 1709164800, 2147483647, 2147483648, 4102444800, -1, -86400, 253402300799 }
for _, format in ipairs { "!%Y-%m-%d %H:%M:%S", "!%c", "!%x %X %p", "!%a %A %b %B %h", "!%d %e %j %U %W %V %G %g %u %w", "!%y %C %I %M %S", "!%D %F %R %T %r", "!%n%t%%|", "!%Z %z", "!%s", "!%Ec %EC %Ex %EX %Ey %EY", "!%Od %Oe %OH %OI %Om %OM %OS %Ou %OU %OV %Ow %OW %Oy", "!", "!text without", "%Y-%m-%d %H:%M:%S" } do
  for _, time in ipairs(TIMES) do if not (format:find "%%s" or format:find "%%Z") or time == 0 then print(show(format), time, show(try(os.date, format, time))) end end
end
for _, letter in ipairs { "E", "O", "Q", "q", "f", "i", "J", "k", "K", "l", "L", "N", "o", "P", "v", "1", " ", "-d", "5d", "Ed", "Oc", "E%", "EE", "!", "\0" } do t(show("%" .. letter), os.date, "!%" .. letter, 0) end
t("at end", os.date, "!%", 0) t("at end", os.date, "x%", 0) t("twice", os.date, "!!%Y", 0) t("number", os.date, 5, 0) t("table", os.date, {}) t("time", os.date, "!%Y", "x") t("time", os.date, "!%Y", 1.5) t("time", os.date, "!%Y", "86400") t("time", os.date, "!%Y", 2 ^ 60) t("time", os.date, "!%Y", math.mininteger) t("far", os.date, "!*t", 1 << 60) t("nil time", function() return #os.date("!%Y", nil) end) t("none", function() return type(os.date()) end)
for _, time in ipairs(TIMES) do s.fields(os.date("!*t", time), "year", "month", "day", "hour", "min", "sec", "wday", "yday", "isdst") end
s.fields(os.date("*t", 1e9), "year", "month", "day", "hour", "min", "sec", "wday", "yday", "isdst")
print(show(os.date("!*tx", 0).year), show(try(os.date, "*x", 0)), show(try(os.date, "!*", 0)))

print "-- time"
for _, fields in ipairs {
  { year = 1970, month = 1, day = 1 }, { year = 1970, month = 1, day = 1, hour = 0 }, { year = 2000, month = 2, day = 29, hour = 23, min = 59, sec = 59 }, { year = 2001, month = 13, day = 1 }, { year = 2001, month = 0, day = 1 }, { year = 2001, month = 1, day = 0 }, { year = 2001, month = 1, day = 400 }, { year = 2001, month = -5, day = -5 }, { year = 2024, month = 2, day = 30, hour = 25, min = 61, sec = 61 }, { year = 1900, month = 1, day = 1 }, { year = 0, month = 1, day = 1 }, { year = 9999, month = 12, day = 31 }, { year = "2000", month = "1", day = "1" }, { year = 2000.0, month = 1.0, day = 1.0 }, { year = 2000, month = 1, day = 1, isdst = true }, { year = 2000, month = 1, day = 1, isdst = false }, { year = 2000, month = 1, day = 1, hour = "12" }, { year = 2000, month = 1, day = 1, sec = -1 }, { year = 2000, month = 1, day = 1, sec = 1e9 },
  {}, { year = 2000 }, { year = 2000, month = 1 }, { month = 1, day = 1 }, { year = 2000, month = 1, day = "x" }, { year = 2000, month = 1, day = 1.5 }, { year = 2000, month = {}, day = 1 }, { year = 1e100, month = 1, day = 1 }, { year = 2 ^ 31 + 1900, month = 1, day = 1 }, { year = -2 ^ 31, month = 1, day = 1 }, { year = 2 ^ 40, month = 1, day = 1 }, { year = 2000, month = 2 ^ 31, day = 1 }, { year = 2000, month = 1, day = 2 ^ 31 }, { year = 2000, month = 1, day = 1, hour = true }, { year = 2000, month = 1, day = 1, hour = math.maxinteger }, { year = math.mininteger, month = 1, day = 1 },
} do
  local text = {}
  for _, key in ipairs { "year", "month", "day", "hour", "min", "sec", "isdst" } do if fields[key] ~= nil then text[#text + 1] = key .. "=" .. show(fields[key]) end end
  print(table.concat(text, " "), try(os.time, fields))
  s.fields(fields, "year", "month", "day", "hour", "min", "sec", "wday", "yday", "isdst")
end
t("number", os.time, 5) t("string", os.time, "x") print(math.type(os.time()), os.time() > 1600000000, os.time(setmetatable({}, { __index = { year = 2000, month = 1, day = 1 }, __newindex = function() end })))
for _, time in ipairs(TIMES) do if time >= 0 then io.write(tostring(os.time(os.date("*t", time)) == time), " ") end end print()

print "-- difftime, clock"
print(os.difftime(5, 3), os.difftime(3, 5), os.difftime(0, 0), math.type(os.difftime(1, 0)), try(os.difftime, 1), try(os.difftime), try(os.difftime, "x", 1), try(os.difftime, 1.5, 1), try(os.difftime, "5", "3"), try(os.difftime, 1, nil)) print(math.type(os.clock()), os.clock() >= 0, os.clock() <= os.clock())

print "-- getenv, execute, exit's arguments"
print(os.getenv "TZ" ~= nil or "no TZ", os.getenv "SURELY_NOT_SET", os.getenv "", os.getenv "A=B", type(os.getenv "PATH")) t("none", os.getenv) t("table", os.getenv, {})
print(list(os.execute()), list(os.execute "exit 0"), list(os.execute "exit 5"), list(os.execute "kill -15 $$"), list(os.execute "true"), list(os.execute "false")) t("table", os.execute, {}) t("exit", os.exit, "x") t("exit", os.exit, {})

print "-- remove, rename, tmpname, setlocale"
local name = os.tmpname()
local function clean(text) return (text:gsub(name:gsub("%p", "%%%0"), "NAME")) end
io.open(name, "w"):close()
print(type(name), clean(try(os.rename, name, name .. "2")), clean(try(os.rename, name, name .. "2")), clean(try(os.remove, name .. "2")), clean(try(os.remove, name .. "2")), try(os.remove, "/nonexistent/a/b"), try(os.rename, "/nonexistent/a", "/tmp/x"))
t("remove", os.remove) t("remove", os.remove, {}) t("rename", os.rename, "x") t("rename", os.rename)
for _, args in ipairs { {}, { "C" }, { "C", "all" }, { "C", "numeric" }, { "POSIX" }, { "xx_YY" }, { "C", "bad" }, { nil, "collate" }, { nil, "ctype" }, { nil, "monetary" }, { nil, "time" }, { "" and "C", "time" }, { 5 }, { {} } } do print(list(table.unpack(args, 1, 2)), try(os.setlocale, table.unpack(args, 1, 2))) end
