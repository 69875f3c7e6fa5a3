-- Debian keeps some of these modules under older versions of Lua only, though they run in 5.4.
local roots = {}
for _, version in ipairs({ "5.4", "5.3", "5.1" }) do
  local root = "/usr/share/lua/" .. version
  roots[#roots + 1] = root .. "/?.lua;" .. root .. "/?/init.lua"
end
package.path = table.concat(roots, ";")

local List = require("pl.List")
local lexer = require("pl.lexer")
local pretty = require("pl.pretty")
local stringx = require("pl.stringx")
local tablex = require("pl.tablex")

print(pretty.write({ 1, 2, { 3, 4 }, name = "x" }))
print(List({ 1, 2, 3 }):map(function(x) return x * 2 end):reverse())
print(List.range(1, 40):filter(function(x) return x % 3 == 0 end):slice(2, -2))
print(stringx.split("a b c"):concat("-"), stringx.title("hello world"), stringx.center("x", 9, "*"))
print(tablex.deepcompare({ 1, { 2 } }, { 1, { 2 } }), #tablex.keys({ a = 1 }))
print(pretty.write(tablex.map(function(v) return v + 1 end, { 1, 2, 3 })))

local source = ("local x = 10 + 'abc' -- c\nif x >= 0x1F then return [[long]] .. x end\n"):rep(60)
local counts, tokens = {}, 0
for kind, text in lexer.lua(source) do
  counts[kind] = (counts[kind] or 0) + #tostring(text)
  tokens = tokens + 1
end
print(tokens)
for kind, length in tablex.sort(counts) do print(kind, length) end
for i = 1, 50 do
  local nested = { i, { i, tostring(i) }, tostring(i):rep(3) }
  local back = assert(pretty.read(pretty.write(nested)))
  assert(tablex.deepcompare(nested, back))
end
print(pcall(List({ 1 }).remove_value, nil, 1) == false)
