local luacheck = require("luacheck")

local piece = [[
local x = 1
local function f(a, b) return a end
print(y)
for i = 1, 10 do local z = i end
local t = { a = 1, a = 2 }
while true do if t then break end; t.b = f(x) end
do goto done ::done:: end
]]
local report = luacheck.check_strings({ piece:rep(60), "local x = = 1", "return 1" }, { std = "lua54" })
print(report.warnings, report.errors, report.fatals)
for number, file in ipairs(report) do
  print(number, #file)
  for i = 1, math.min(#file, 40) do
    local event = file[i]
    print(event.code, event.line, event.column, event.name, luacheck.get_message(event))
  end
end
