-- Coroutines: states, errors, transfers, and what the debug library says of them.
local function p(...) print(...) end
local co = coroutine.create(function(...) p("args", ...) p("y", coroutine.yield(1, 2)) p("y2", coroutine.yield()) return "r", nil end)
p(coroutine.status(co), coroutine.resume(co, "a", nil))
p(coroutine.status(co), coroutine.resume(co, "b"))
p(coroutine.status(co), coroutine.resume(co))
p(coroutine.status(co), coroutine.resume(co))
p(coroutine.resume(co, 1))
-- self and normal
local a, b
a = coroutine.create(function() p("a", coroutine.status(a), coroutine.resume(a)) p(coroutine.resume(b)) p(coroutine.status(b)) return "a done" end)
b = coroutine.create(function() p("b", coroutine.status(a), coroutine.resume(a)) p(pcall(coroutine.close, a)) p(pcall(coroutine.close, b)) p(coroutine.isyieldable(), coroutine.isyieldable(a), coroutine.isyieldable(b)) coroutine.yield("from b") end)
p(coroutine.resume(a))
p(coroutine.status(a), coroutine.status(b), coroutine.isyieldable(a), coroutine.isyieldable(b))
p(coroutine.isyieldable(), coroutine.isyieldable(coroutine.running()))
p(select(2, coroutine.running()), coroutine.wrap(function() return select(2, coroutine.running()) end)())
p(pcall(coroutine.yield, 1))
-- error objects
p(coroutine.resume(coroutine.create(function() error({}) end)) == false)
local e = setmetatable({}, {__tostring = function() return "E!" end})
p(coroutine.resume(coroutine.create(function() error(e) end)))
p(pcall(coroutine.wrap(function() error(e) end)))
p(pcall(coroutine.wrap(function() error("s") end)))
p(pcall(coroutine.wrap(function() error("s", 0) end)))
p(pcall(coroutine.wrap(function() error(nil) end)))
p(pcall(coroutine.wrap(function() error(42) end)))
p(pcall(function() coroutine.wrap(function() error("s") end)() end))
p(pcall(function() coroutine.wrap(function() error(42) end)() end))
p(pcall(function() local w = coroutine.wrap(function() return 1 end) w() w() end))
p(pcall(function() return coroutine.wrap(function() local x = nil; x.y = 1 end)() end))
-- wrap in for
for i, j in coroutine.wrap(function() for i = 1, 3 do coroutine.yield(i, i * i) end end) do p(i, j) end
-- traceback of coroutines
local function deep(n) if n == 0 then coroutine.yield() end deep(n - 1) return 1 end
co = coroutine.create(deep)
coroutine.resume(co, 3)
p(debug.traceback(co)) p(debug.traceback(co, "msg")) p(debug.traceback(co, "msg", 2)) p(debug.traceback(co, nil, 1)) p(debug.traceback(co, 12)) p(debug.traceback(co, {}) ~= nil) p(debug.traceback("hi", 0)) p(debug.traceback("hi", 1)) p(debug.traceback("hi", 2)) p(debug.traceback("hi", 10)) p(debug.traceback(nil)) p(debug.traceback())
co = coroutine.create(deep)
coroutine.resume(co, 40)
p(debug.traceback(co))
co = coroutine.create(function() local x = 1; error("oops") end)
coroutine.resume(co)
p(debug.traceback(co), coroutine.status(co))
co = coroutine.create(function() end)
p(debug.traceback(co))
coroutine.resume(co)
p(debug.traceback(co))
co = coroutine.create(function() local t = setmetatable({}, {__index = function(t, k) coroutine.yield() end}) local v = t.foo for _ in function() coroutine.yield() end do end end)
coroutine.resume(co)
p(debug.traceback(co))
coroutine.resume(co)
p(debug.traceback(co))
co = coroutine.create(function(...) local loc = 5; local n = 1.5; pcall(coroutine.yield, "in pcall") end)
coroutine.resume(co, "va1", "va2")
p(debug.traceback(co))
p(debug.getlocal(co, 2, 1)) p(debug.getlocal(co, 2, 2)) p(debug.getlocal(co, 2, -1)) p(debug.getlocal(co, 2, -2)) p(debug.getlocal(co, 2, -3)) p(debug.getlocal(co, 2, 3)) p(debug.getlocal(co, 2, 4)) p(pcall(debug.getlocal, co, 5, 1))
local i = debug.getinfo(co, 2) p(i.short_src, i.currentline, i.what, i.namewhat, i.name, i.nups, i.nparams, i.isvararg, i.linedefined, i.lastlinedefined, i.istailcall, i.func ~= nil)
i = debug.getinfo(co, 0) p(i.short_src, i.currentline, i.what, i.namewhat, i.name, i.nups, i.nparams, i.isvararg, i.linedefined, i.lastlinedefined, i.istailcall)
i = debug.getinfo(co, 1) p(i.short_src, i.currentline, i.what, i.namewhat, i.name)
p(debug.getinfo(co, 3), debug.getinfo(co, -1) == nil)
p(debug.setlocal(co, 2, 1, "set")) p(debug.getlocal(co, 2, 1))
p(pcall(debug.setlocal, co, 7, 1, 1)) p(debug.setlocal(co, 2, 30, 1))
-- close
co = coroutine.create(print) p(coroutine.close(co), coroutine.status(co)) p(coroutine.close(co)) p(coroutine.resume(co))
co = coroutine.create(error) coroutine.resume(co, "x") p(coroutine.close(co)) p(coroutine.close(co))
-- transfers
local many = coroutine.wrap(function(...) local n = select("#", ...) while true do n = select("#", coroutine.yield(n, table.unpack({}, 1, n))) end end)
for _, k in ipairs {0, 1, 10, 200, 5000, 3} do p(select("#", many(table.unpack({}, 1, k)))) end
p(select("#", coroutine.wrap(function() return table.unpack({}, 1, 200000) end)()))
-- gc of suspended
for i = 1, 1000 do local c = coroutine.wrap(function() local t = {} coroutine.yield(t) end) c() end collectgarbage()
-- deep nesting
local function nest(n) if n == 0 then return "bottom" end local c = coroutine.wrap(nest) return c(n - 1) end
p(nest(100))
p((select(2, pcall(nest, 250)):gsub(".*: ", "")))
-- resume inside metamethod etc.
local t = setmetatable({}, {__index = function(t, k) return coroutine.wrap(function() coroutine.yield(k .. "!") end)() end})
p(t.abc)
p(table.concat({coroutine.resume(coroutine.create(function() return "x", "y" end))} , " ", 2))
-- yield in a for iterator & pcall & error after
co = coroutine.create(function() local ok, m = pcall(function() for i in function() return coroutine.yield("it") end do error("e" .. i) end end) coroutine.yield(ok, m) return pcall(error, "z") end)
p(coroutine.resume(co)) p(coroutine.resume(co, 7)) p(coroutine.resume(co)) p(coroutine.resume(co))
