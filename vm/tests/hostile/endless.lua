-- Programs that never end by themselves. Each section is one of them.
--- while
while true do end
--- while inside pcall, again and again
while true do pcall(function() while true do end end) end
--- repeat
repeat until false
--- goto
::again:: goto again
--- numeric for
while true do for i = 1, math.maxinteger do end end
--- float for
for x = 1.0, math.huge do end
--- endless iterator
for i in function() return 1 end do end
--- ipairs of what never ends
for i, v in ipairs(setmetatable({}, {__index = function(t, k) return k end})) do end
--- recursion, caught
local function f() return 1 + f() end
while true do pcall(f) end
--- tail recursion
local function f() return f() end
f()
--- mutual tail calls
local a, b
function a() return b() end
function b() return a() end
a()
--- coroutine ping-pong
local co = coroutine.wrap(function() while true do coroutine.yield() end end)
while true do co() end
--- loop in a coroutine
coroutine.wrap(function() while true do end end)()
--- coroutine that is resumed in protected mode
while true do coroutine.resume(coroutine.create(function() while true do end end)) end
--- metamethod recursion
local t = setmetatable({}, {})
getmetatable(t).__index = function(t, k) return t[k .. "x"] end
while true do pcall(function() return t.x end) end
--- arithmetic metamethod
local mt = {}
mt.__add = function(a, b) return setmetatable({}, mt) end
local v = setmetatable({}, mt)
while true do v = v + v end
--- __call
local t = setmetatable({}, {__call = function(self) return self() end})
t()
--- finalizers that make garbage with finalizers
local function litter() setmetatable({}, {__gc = litter}) end
while true do litter() end
--- loop in a finalizer
setmetatable({}, {__gc = function() while true do end end})
collectgarbage()
--- loop in the last finalizer
setmetatable({}, {__gc = function() while true do end end})
while true do local t = {} end
--- loop in __close
do local c <close> = setmetatable({}, {__close = function() while true do end end}) end
--- loop in __close after an error
pcall(function()
  local c <close> = setmetatable({}, {__close = function() while true do end end})
  error("x")
end)
--- __close that opens another
local mt = {}
mt.__close = function() local again <close> = setmetatable({}, mt) end
while true do pcall(function() local c <close> = setmetatable({}, mt) end) end
--- sort with an inconsistent order
while true do
  local t = {}
  for i = 1, 500 do t[i] = i % 7 end
  pcall(table.sort, t, function() return true end)
end
--- loop in an order function
table.sort({3, 2, 1}, function() while true do end end)
--- loop in a message handler
xpcall(error, function() while true do end end)
--- message handler that fails
while true do xpcall(error, function(e) error(e) end) end
--- load without end
while true do load("return 1 + 1")() end
--- reader without end
load(function() return " " end)
--- reader that loops
load(function() while true do end end)
--- gsub callback
string.gsub("x", "x", function() while true do end end)
--- pattern bomb
string.find(string.rep("a", 50), string.rep("a-", 30) .. "b")
--- pattern bomb with greedy items
string.find(string.rep("a", 200), string.rep(".*", 20) .. "b")
--- pattern bomb in gsub
string.gsub(string.rep("a", 5000), ".-.-.-.-b", "")
--- pattern bomb in gmatch
for _ in string.gmatch(string.rep("a", 5000), ".-.-.-.-b") do end
--- pattern over a large subject
local s = string.rep("ab", 1 << 18)
while true do s:find("a.-x") end
--- balanced pattern over a large subject
local s = string.rep("(", 1 << 16)
while true do s:find("%b()") end
--- plain search over a large subject
local s = string.rep("a", 1 << 20)
while true do s:find("aab", 1, true) end
--- native iterator
for _ in next, setmetatable({}, {}) do end
local t = {1}
while true do next(t) end
--- next over removed entries
local t = {}
for i = 1, 1 << 14 do t[i * 2.5] = true end
for k in pairs(t) do t[k] = nil end
while true do next(t) end
--- tonumber of a long numeral
local s = string.rep("1", 1 << 14)
while true do tonumber(s) end
--- generic for over removed entries
local t = {}
for i = 1, 1 << 14 do t[i * 2.5] = true end
for k in pairs(t) do t[k] = nil end
while true do for k in pairs(t) do end end
--- comparing large strings
local a, b = string.rep("a", 1 << 20), string.rep("a", 1 << 20)
while true do local _ = a == b, a < b end
--- large strings
local s = string.rep("a", 1 << 16)
while true do local _ = s .. s end
--- rep
while true do string.rep("abc", 1 << 16) end
--- concat
local t = {}
for i = 1, 1000 do t[i] = "piece" end
while true do table.concat(t, ", ") end
--- format
while true do string.format("%99.99f %s", 1e300, string.rep("a", 1000)) end
--- upper, reverse, sub, byte
local s = string.rep("a", 1 << 16)
while true do s:upper() s:reverse() s:sub(2) s:byte(1, 200) end
--- unpack
local t = {}
for i = 1, 10000 do t[i] = i end
while true do select("#", table.unpack(t)) end
--- varargs
local function f(...) return select("#", ...) end
local t = {}
for i = 1, 10000 do t[i] = i end
while true do f(table.unpack(t)) end
--- move and insert
local t = {}
for i = 1, 10000 do t[i] = i end
while true do table.move(t, 1, 10000, 2, {}) table.insert(t, 1, 0) table.remove(t, 1) end
--- sort in place
local t = {}
for i = 1, 10000 do t[i] = i end
while true do table.sort(t) end
--- collections
while true do collectgarbage() end
--- tonumber of long numerals
local s = string.rep("1", 1 << 16)
while true do tonumber(s) end
--- utf8
local s = string.rep("\u{20AC}", 1 << 14)
while true do utf8.len(s) end
--- coroutines without number
while true do coroutine.create(print) end
--- coroutines that keep each other
local all = {}
while true do
  local co = coroutine.wrap(function() coroutine.yield() end)
  co()
  all[#all % 1000 + 1] = co
end
--- hook-free error loop
while true do pcall(error, setmetatable({}, {__tostring = function() while true do end end})) end
--- tostring
tostring(setmetatable({}, {__tostring = function() while true do end end}))
--- require of a looping module
package.preload.m = function() while true do end end
require "m"
--- pairs metamethod
for _ in pairs(setmetatable({}, {__pairs = function() while true do end end})) do end
--- errors in a coroutine's to-be-closed variable
while true do
  local co = coroutine.create(function()
    local c <close> = setmetatable({}, {__close = function() error("again") end})
    coroutine.yield()
  end)
  coroutine.resume(co)
  coroutine.close(co)
end
