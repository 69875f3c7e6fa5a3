local t = dofile "tests/stdlib/lib/show.lua"

t(os.execute, "exit 4") t(os.execute) t(os.execute, "kill -9 $$") t(os.execute, "true") t(os.execute, {})
t(os.remove, "/nonexistent/x") t(os.rename, "/nonexistent/x", "y") t(os.getenv, "NOPE") t(os.getenv, "") t(os.getenv, "A=B") t(os.getenv)
t(os.setlocale) t(os.setlocale, "C") t(os.setlocale, "xx") t(os.setlocale, "C", "bad") t(os.setlocale, nil, "all")
t(os.date, "%Ez") t(os.date, "%Q") t(os.date, "%") t(os.date, "%E") t(os.date, "%Oz") t(os.date, "x%") t(os.date, "%d", "x")
t(os.date, "!%Y-%m-%d %H:%M:%S", 0) t(os.date, "!%c", 0) t(os.date, "!%x %X %p %A %B %j %U %w %y %Z %%", 1e9) t(os.date, "!", 0)
t(os.date, "!%Ey %Od %D %e %F %g %G %h %I %M %n %R %t %T %u %V %W", 1234567890) t(os.date, "*t", 1e300) t(os.date, "%d", 2 ^ 60)
local fields = {}
for name, value in pairs(os.date("!*t", 3600)) do fields[#fields + 1] = name .. "=" .. tostring(value) end
table.sort(fields)
print(table.concat(fields, " "))
t(os.time, {}) t(os.time, { year = 2000, month = 1 }) t(os.time, { year = 2000, month = 1, day = "x" }) t(os.time, 1)
t(os.time, { year = 2000, month = 1, day = 1.5 }) t(os.time, { year = 1e15, month = 1, day = 1 })
t(os.time, { year = 2000, month = 1, day = 1, hour = {} }) t(os.time, { year = "2000", month = "1", day = "1" == "1" and "1" })
do
  local when = { year = 2000, month = 13, day = 32, hour = 25, min = 61, sec = 61 }
  local time = os.time(when)
  print(when.year, when.month, when.day, when.hour, when.min, when.sec, when.wday, when.yday)
  local back = os.date("*t", time)
  print(back.year, back.month, back.day, back.hour, back.min, back.sec)
end
t(os.difftime, 2, 1) t(os.difftime, 1) t(os.difftime, "x", 1) t(os.exit, "x")
print(os.clock() >= 0, math.type(os.clock()), math.type(os.time()), os.time() > 1.6e9)
do
  local name = os.tmpname()
  print(io.open(name) ~= nil, os.rename(name, name .. "x"), (io.open(name)), os.remove(name .. "x"))
end
