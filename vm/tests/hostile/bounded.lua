-- Programs that try to break the VM and end. Each section is one of them, and has to end with `return true`.
--- string.rep with a huge count
assert(not pcall(string.rep, "x", math.maxinteger))
assert(not pcall(string.rep, "xy", 1 << 62))
assert(not pcall(string.rep, "x", 1 << 40, "y"))
assert(string.rep("", math.maxinteger) == "")
assert(string.rep("", 1 << 40, "") == "")
assert(("x"):rep(-1) == "" and ("x"):rep(math.mininteger) == "")
assert(not pcall(string.rep, "", 1 << 40, "x"))
return true
--- concatenation that doubles
local ok = pcall(function()
  local s = "x"
  for i = 1, 26 do s = s .. s end
end)
assert(ok)
return true
--- format widths
assert(not pcall(string.format, "%100d", 1))
assert(not pcall(string.format, "%.100f", 1))
assert(not pcall(string.format, "%99999999999d", 1))
assert(#string.format("%99.99f", -1e308) > 300)
assert(not pcall(string.format, "%"))
assert(not pcall(string.format, string.rep("%d", 1000)))
return true
--- gsub that expands
local s = string.gsub(string.rep("a", 1000), "a", string.rep("%0", 1000))
assert(#s == 1000000)
return true
--- table.concat with bounds
assert(not pcall(table.concat, {}, "x", 1, math.maxinteger))
assert(not pcall(table.concat, {}, "x", math.mininteger, math.maxinteger))
assert(table.concat({}, "x", math.maxinteger, math.mininteger) == "")
assert(table.concat(setmetatable({}, {__len = function() return math.mininteger end})) == "")
return true
--- recursion
local depth = 0
local function f() depth = depth + 1 return 1 + f() end
local ok, message = pcall(f)
assert(not ok and message:find("stack overflow"), message)
assert(depth > 1000)
return true
--- recursion with many registers
local src = {"local f; function f() local a0"}
for i = 1, 180 do src[#src + 1] = ", a" .. i end
src[#src + 1] = "; return 1 + f() end return f"
local f = load(table.concat(src))()
assert(not pcall(f))
return true
--- recursion in a metamethod
local mt = {}
mt.__add = function(a, b) return b + a end
assert(not pcall(function() return setmetatable({}, mt) + 1 end))
mt.__index = function(t, k) return t[k + 1] end
assert(not pcall(function() return setmetatable({}, mt)[1] end))
mt.__eq = function(a, b) return a == b end
assert(not pcall(function() return setmetatable({}, mt) == setmetatable({}, mt) end))
mt.__concat = function(a, b) return a .. b end
assert(not pcall(function() return setmetatable({}, mt) .. "x" end))
mt.__tostring = tostring
assert(not pcall(tostring, setmetatable({}, mt)))
mt.__len = function(a) return #a end
assert(not pcall(function() return #setmetatable({}, mt) end))
mt.__lt = function(a, b) return a < b end
assert(not pcall(function() return setmetatable({}, mt) < setmetatable({}, mt) end))
mt.__close = function() local c <close> = setmetatable({}, mt) end
assert(not pcall(function() local c <close> = setmetatable({}, mt) end))
return true
--- __index that is itself
local t = {}
setmetatable(t, {__index = t})
assert(not pcall(function() return t.x end))
t = setmetatable({}, {__newindex = nil})
getmetatable(t).__newindex = t
assert(not pcall(function() t.x = 1 end))
return true
--- long chain of __index
local t = {}
for i = 1, 10000 do t = setmetatable({}, {__index = t}) end
assert(not pcall(function() return t.x end))
return true
--- long chain of __call
local f = function() end
for i = 1, 1000 do f = setmetatable({}, {__call = f}) end
pcall(f)
local t = setmetatable({}, {})
getmetatable(t).__call = t
assert(not pcall(t))
return true
--- pcall in pcall in pcall
local function nest(n) if n == 0 then return true end return pcall(nest, n - 1) end
nest(100000)
local function deep() return pcall(deep) end
deep()
local function deeper() local ok, e = pcall(deeper) return ok, e end
deeper()
return true
--- pcall of pcall
local args = {}
for i = 1, 200000 do args[i] = pcall end
pcall(table.unpack(args))
return true
--- xpcall whose handler recurses
local function handler(e) return handler(e) .. "x" end
xpcall(error, handler, "x")
xpcall(error, function(e) error(e) end, "x")
local function again() xpcall(error, again) end
pcall(again)
return true
--- gsub callbacks in gsub callbacks
local function f(s) return string.gsub(s, ".", f) end
assert(not pcall(f, "x"))
return true
--- sort in sort
local function f() table.sort({1, 2, 3}, function(a, b) f() return a < b end) end
assert(not pcall(f))
return true
--- load in load
local function f() return load("return ...")(f) end
assert(type(f()) == "function")
local function g() return load(function() g() return nil end) end
pcall(g)
return true
--- nested source
for _, pair in ipairs {
  {"(", ")"}, {"{", "}"}, {"-", ""}, {"not ", ""}, {"function() return ", " end"}, {"f(", ")"}, {"a[", "]"}, {"1 .. ", ""},
  {"1 + ", ""}, {"2 ^ ", ""}, {"a.b", ""}, {"(f)", ""}, {"f'x'", ""}, {"- -", ""}, {"~", ""},
} do
  for _, n in ipairs {100, 1000, 100000} do
    load("return " .. pair[1]:rep(n) .. "1" .. pair[2]:rep(n))
  end
end
for _, pair in ipairs {
  {"do ", " end"}, {"if x then ", " end"}, {"while x do ", " end"}, {"for i = 1, 1 do ", " end"}, {"repeat ", " until x"},
  {"function f() ", " end"}, {"if x then else", " end"}, {"local function f() ", " end"}, {"for k in x do ", " end"},
} do
  for _, n in ipairs {100, 1000, 100000} do
    load(pair[1]:rep(n) .. pair[2]:rep(n))
  end
end
load("x" .. (", x"):rep(100000) .. " = 1")
load("return " .. ("x, "):rep(100000) .. "x")
load("return {" .. ("x, "):rep(100000) .. "}")
load("if x then " .. ("elseif x then "):rep(100000) .. " end")
load("return " .. ("1 + "):rep(100000) .. "1")
load("return " .. ("x .. "):rep(100000) .. "x")
load("x = " .. ("a and b or "):rep(100000) .. "1")
load(("goto l "):rep(10000) .. "::l::")
load(("::l%d:: "):rep(10):format(1, 2, 3, 4, 5, 6, 7, 8, 9, 10))
load("return [" .. ("="):rep(100000) .. "[")
load("--[" .. ("="):rep(100000) .. "[")
load("return '" .. ("\\z "):rep(100000) .. "'")
load("return 0x" .. ("f"):rep(100000))
load("return " .. ("1"):rep(100000))
load("return 1e" .. ("9"):rep(100000))
load("return 0x." .. ("0"):rep(100000) .. "1p" .. ("1"):rep(1000))
load("return '\\u{" .. ("0"):rep(100000) .. "1}'")
return true
--- many locals, upvalues, constants, functions
local src = {}
for i = 1, 10000 do src[i] = "local x" .. i .. " = " .. i end
assert(not load(table.concat(src, "\n")))
src = {}
for i = 1, 300 do src[i] = ("do local x%d = %d end"):format(i, i) end
assert(load(table.concat(src, "\n")))
src = {}
for i = 1, 100000 do src[i] = ("x = %d.5"):format(i) end
assert(load(table.concat(src, "\n")))
src = {}
for i = 1, 20000 do src[i] = "x = function() return x end" end
assert(load(table.concat(src, "\n")))()
local up = {}
for i = 1, 256 do up[i] = "local u" .. i end
local closures = {}
for i = 1, 100000 do local x = i; closures[i] = function() x = x + 1 return x end end
assert(closures[100000]() == 100001)
return true
--- many parameters and arguments
local names = {}
for i = 1, 300 do names[i] = "a" .. i end
assert(not load("return function(" .. table.concat(names, ", ") .. ") end"))
assert(not pcall(load("return f(" .. ("1, "):rep(1000) .. "1)") or error))
return true
--- unpack
assert(not pcall(table.unpack, {}, 1, 1e7))
assert(not pcall(table.unpack, {}, 1, math.maxinteger))
assert(not pcall(table.unpack, {}, math.mininteger, math.maxinteger))
assert(not pcall(function() return select("#", table.unpack({}, 1, 1e7)) end))
assert(select("#", table.unpack({}, 1, 1e5)) == 1e5)
assert(table.unpack({}, math.maxinteger, math.maxinteger) == nil)
assert(select("#", table.unpack({}, math.maxinteger, math.mininteger)) == 0)
assert(not pcall(function() return string.char(table.unpack({}, 1, 1e6)) end))
assert(not pcall(string.byte, string.rep("x", 2000000), 1, -1))
return true
--- table.move
assert(not pcall(table.move, {}, 1, math.maxinteger, 2))
assert(not pcall(table.move, {}, math.mininteger, math.maxinteger, 1))
assert(not pcall(table.move, {}, -1, math.maxinteger, 2))
return true
--- table.insert and remove
local t = setmetatable({}, {__len = function() return math.maxinteger end})
pcall(table.insert, t, 1, 1)
pcall(table.insert, t, 1)
assert(not pcall(table.sort, t))
assert(not pcall(table.remove, t, 5.5))
t = setmetatable({}, {__len = function() return "x" end})
assert(not pcall(table.insert, t, 1))
return true
--- sort with inconsistent orders
local n = 0
for _, order in ipairs {
  function() return true end, function() return false end, function(a, b) n = n + 1 return n % 3 == 0 end,
  function(a, b) return (a or 0) <= (b or 0) end,
} do
  local t = {}
  for i = 1, 2000 do t[i] = (i * 7919) % 1000 end
  pcall(table.sort, t, order)
end
local t = {}
for i = 1, 100 do t[i] = i end
pcall(table.sort, t, function(a, b) t[#t + 1] = 1 t[1] = nil return a < b end)
pcall(table.sort, {1, "x", 2})
pcall(table.sort, {0 / 0, 1, 0 / 0, 2})
return true
--- patterns
assert(not pcall(string.find, "x", ("("):rep(100)))
assert(not pcall(string.find, "x", ("()"):rep(100)))
assert(not pcall(string.find, "x", "%"))
assert(not pcall(string.find, "x", "["))
assert(not pcall(string.find, "x", "[%"))
assert(not pcall(string.find, "x", "%b"))
assert(not pcall(string.find, "x", "%f"))
assert(not pcall(string.find, "x", "(x%1)"))
assert(not pcall(string.gsub, "x", "x", "%2"))
assert(not pcall(string.find, ("x"):rep(1000), ("x?"):rep(1000) .. "y"))
string.find(("x"):rep(3000), ".-.b")
string.find(("x"):rep(300), "x*x*b")
string.match(("x"):rep(1000000), "^(x*)*$")
string.find("x", ("[a-z]"):rep(100000))
string.find("x", "[" .. ("a-z"):rep(100000) .. "]")
return true
--- coroutines in coroutines
local function nest(n) return coroutine.wrap(function() return nest(n + 1) end)() end
local ok, message = pcall(nest, 0)
assert(not ok and tostring(message):find("C stack overflow"), message)
local co = coroutine.create(function() end)
assert(not coroutine.resume(coroutine.running()))
local w
w = coroutine.wrap(function() return w() end)
assert(not pcall(w))
return true
--- many coroutines
local all = {}
for i = 1, 20000 do
  local co = coroutine.wrap(function() coroutine.yield(i) return i end)
  assert(co() == i)
  all[i] = co
end
assert(all[17777]() == 17777)
return true
--- yields where none is possible
assert(not pcall(coroutine.yield))
local co = coroutine.wrap(function() return pcall(table.sort, {1, 2, 3}, function() coroutine.yield() end) end)
assert(co() == false)
co = coroutine.wrap(function() return pcall(string.gsub, "x", "x", coroutine.yield) end)
assert(co() == false)
return true
--- keys that might collide
local function fill(key)
  local t = {}
  for i = 1, 20000 do t[key(i)] = i end
  for i = 1, 20000 do assert(t[key(i)] == i) end
end
for k = 0, 48 do fill(function(i) return (i + 100000) << k end) end
for k = 0, 48, 4 do fill(function(i) return -((i + 100000) << k) end) end
fill(function(i) return i + 0.5 end)
fill(function(i) return i * 2.0 ^ 60 end)
fill(function(i) return i * 2.0 ^ -60 end)
fill(function(i) return i * 0x9E3779B97F4A7C15 end)
fill(function(i) return i * 0xF1DE83E19937733D end)
fill(function(i) local x = i * 0xF1DE83E19937733D return x ~ x >> 32 end)
fill(function(i) return i << 32 | i end)
fill(function(i) return i << 48 | i << 16 end)
fill(function(i) return i * 832040 end)
fill(function(i) return i * 832040 << 20 end)
fill(function(i) return string.pack("i8", i << 32):rep(6) end)
fill(function(i) return string.pack("i8", i << 32) end)
fill(function(i) return ("x"):rep(40) .. i end)
local objects = {}
for i = 1, 20000 do objects[i] = {} end
fill(function(i) return objects[i] end)
return true
--- tables with strange keys
local t = {}
t[math.maxinteger] = 1
t[math.mininteger] = 2
t[2 ^ 53] = 3
t[1 << 31] = 4
t[(1 << 32) + 1] = 5
for i = 0, 62 do t[1 << i] = i end
assert(#t >= 0 and t[math.maxinteger] == 1)
assert(not pcall(function() t[0 / 0] = 1 end))
assert(not pcall(function() t[nil] = 1 end))
assert(not pcall(next, t, {}))
for k in pairs(t) do t[k] = nil end
return true
--- pack
assert(not pcall(string.pack, "i17", 1))
assert(not pcall(string.pack, "i0", 1))
assert(not pcall(string.pack, "!3 i4", 1))
assert(not pcall(string.packsize, "c" .. math.maxinteger .. "c10"))
assert(not pcall(string.packsize, ("c2147483647"):rep(10)))
assert(not pcall(string.unpack, "s8", ("\xff"):rep(8)))
assert(not pcall(string.unpack, "z", "x"))
assert(not pcall(string.unpack, "i16", ("\xff"):rep(15) .. "\x00"))
assert(not pcall(string.unpack, "i4", "xxxx", math.maxinteger))
assert(not pcall(string.unpack, "c" .. math.maxinteger, "x"))
return true
--- utf8
assert(not pcall(utf8.char, -1))
assert(not pcall(utf8.char, 1 << 31))
assert(not utf8.len("\xff"))
assert(not utf8.len("\xe2\x82"))
assert(not utf8.len("\u{D800}"))
assert(not pcall(utf8.codepoint, "\xff"))
assert(not pcall(utf8.codepoint, "x", 1, math.maxinteger))
assert(not pcall(utf8.offset, "x", 1, math.maxinteger))
utf8.offset("x", math.mininteger)
assert(not pcall(function() for _ in utf8.codes("x\xff") do end end))
return true
--- numbers
assert(not pcall(function() return 1 // 0 end))
assert(not pcall(function() return 1 % 0 end))
assert(math.mininteger // -1 == math.mininteger and math.mininteger % -1 == 0)
assert(1 << 64 == 0 and 1 << math.mininteger == 0 and 1 >> math.mininteger == 0 and 1 << math.maxinteger == 0)
assert(not pcall(math.random, 2, 1) and not pcall(math.random, 0.5))
assert(math.random(math.mininteger, math.maxinteger))
for i = math.maxinteger - 1, math.maxinteger do end
for i = math.mininteger + 1, math.mininteger, -1 do end
assert(not pcall(function() for i = 1, 10, 0 do end end))
assert(tonumber(("9"):rep(400)) == math.huge and tonumber("1e" .. ("9"):rep(100)) == math.huge)
assert(not tonumber("0x") and not tonumber("1e") and not tonumber("10", 37 - 1 + 0) == false)
return true
--- finalizers
for i = 1, 2000 do setmetatable({}, {__gc = function(t) t.again = setmetatable({}, getmetatable(t)) error("x") end}) end
collectgarbage()
collectgarbage()
local mt = {}
mt.__gc = function(t) setmetatable(t, mt) end
setmetatable({}, mt)
collectgarbage()
collectgarbage()
return true
--- weak tables that refer to themselves
local t = setmetatable({}, {__mode = "kv"})
for i = 1, 1000 do local k = {} t[k] = {k, t} t[i] = k end
collectgarbage()
local e = setmetatable({}, {__mode = "k"})
local k = {}
for i = 1, 20000 do local n = {} e[k] = n k = n end
collectgarbage()
return true
--- deep structures for the collector
local t
for i = 1, 300000 do t = {t} end
collectgarbage()
local f
for i = 1, 200000 do local g = f f = function() return g end end
collectgarbage()
local co
for i = 1, 2000 do local c = co co = coroutine.create(function() return c end) end
collectgarbage()
t, f, co = nil, nil, nil
collectgarbage()
return true
--- changing a table while it is traversed
local t = {}
for i = 1, 1000 do t[i] = i t["k" .. i] = i end
pcall(function() for k, v in pairs(t) do t[k] = nil t[k .. "x"] = v end end)
for i in ipairs(t) do t[i + 1] = i < 10000 and 1 or nil end
return true
--- errors that are no strings
for _, e in ipairs {{}, print, 1, true, coroutine.create(print)} do
  assert(select(2, pcall(error, e)) == e)
end
assert(select(2, pcall(error)) == nil)
assert(not pcall(error, setmetatable({}, {__tostring = error})))
pcall(error, "x", math.maxinteger)
pcall(error, "x", math.mininteger)
return true
--- tables that grow and shrink
local t = {}
for round = 1, 20 do
  for i = 1, 20000 do t[i] = i end
  for i = 20000, 1, -1 do t[i] = nil end
  for i = 1, 20000 do t["k" .. i] = i end
  for i = 1, 20000 do t["k" .. i] = nil end
end
return true
--- the sandbox
assert(io == nil and os.execute == nil and os.exit == nil and os.getenv == nil and dofile == nil and loadfile == nil)
assert(package.loadlib == nil and package.path == nil and package.loaded.io == nil and string.dump == nil)
assert(debug.sethook == nil and debug.getregistry == nil and debug.setupvalue == nil and debug.getmetatable == nil)
assert(getmetatable("") == false and not pcall(setmetatable, "", {}))
assert(not load("\27Lua") and not load("\27Lua", "x", "b") and not load("x", "x", "b"))
assert(not pcall(require, "some.module"))
assert(not pcall(debug.getinfo, 1, "f") and debug.getinfo(1).func == nil and debug.getinfo(1, "l").currentline > 0)
assert(debug.traceback("x"):find("stack traceback"))
collectgarbage("stop")
assert(collectgarbage("isrunning") and collectgarbage("count") > 0)
assert(os.time() > 0 and os.clock() >= 0 and os.date())
return true
