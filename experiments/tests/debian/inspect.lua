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
