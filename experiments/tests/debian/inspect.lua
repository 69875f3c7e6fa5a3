-- Debian keeps some of these modules under older versions of Lua only, though they run in 5.4.
local roots = {}
for _, version in ipairs({ "5.4", "5.3", "5.1" }) do
  local root = "/usr/share/lua/" .. version
  roots[#roots + 1] = root .. "/?.lua;" .. root .. "/?/init.lua"
end
package.path = table.concat(roots, ";")

local inspect = require("inspect")

print(inspect({ 1, 2, 3, a = { 1, 2 }, ["not a name"] = true, [2.5] = "x\ny" }))
local loop = { name = "loop" }
loop.self = loop
print(inspect(loop))
print(inspect(setmetatable({ 1 }, { __index = { hidden = 1 } })))
print(inspect({ a = { b = { c = { d = {} } } } }, { depth = 2 }))
local bytes = 0
for i = 1, 200 do bytes = bytes + #inspect({ i, { i, i }, key = { tostring(i) } }) end
print(bytes)
