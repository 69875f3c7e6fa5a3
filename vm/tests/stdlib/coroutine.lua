local t = dofile "tests/stdlib/lib/show.lua"
local C = coroutine

t(C.create) t(C.resume, 1) t(C.status, nil) t(C.isyieldable, 1) t(C.close, 1) t(C.yield, 1) t(C.wrap, 1)
t(C.resume, C.create(function() error "x" end)) t(C.resume, C.create(function(...) return ... end), 1, nil, 3)
t(C.wrap(function() error "x" end)) t(C.wrap(function() error {} end)) t(C.wrap(function() error("x", 0) end))
t(function() C.wrap(function() error("x", 0) end)() end)
do
  local f = C.wrap(function() return 1 end)
  f()
  t(f)
end
t(C.close, (C.running())) t(C.isyieldable) print(select(2, C.running()))
local co
co = C.create(function()
  print(C.resume(co)) print(C.status(co)) print(pcall(C.close, co)) print(C.isyieldable(), select(2, C.running()))
end)
print(C.status(co)) C.resume(co) print(C.status(co), C.close(co)) t(C.resume, co)
co = C.create(function(a, b)
  local c = C.yield(a + b)
  local d, e = C.yield(c * 2)
  return d + e, "end"
end)
print(C.resume(co, 1, 2)) print(C.resume(co, 10)) print(C.resume(co, 3, 4)) print(C.resume(co)) print(C.status(co))
-- a yield inside pcall, an iterator and a metamethod
co = C.wrap(function()
  print(pcall(function() C.yield(1) error "after" end))
  for i in C.wrap(function() for i = 1, 3 do C.yield(i) end end) do C.yield(i * 10) end
  local proxy = setmetatable({}, { __index = function(_, k) return C.yield(k) end, __add = function(a, b) return C.yield "add" end })
  print(proxy.field, proxy + 1)
  return "done"
end)
print(co()) print(co()) print(co()) print(co()) print(co()) print(co "value") print(co "sum")
-- closing
co = C.create(function()
  local guard <close> = setmetatable({}, { __close = function(_, e) print("closed", e) end })
  C.yield(1)
end)
C.resume(co) print(C.close(co), C.status(co))
co = C.create(function()
  local guard <close> = setmetatable({}, { __close = function() error("in close", 0) end })
  C.yield(1)
end)
C.resume(co) print(C.close(co)) print(C.status(co)) print(C.close(C.create(print)))
t(function() C.wrap(function() table.sort({ 3, 2, 1 }, function() C.yield() end) end)() end)
t(C.resume, C.create(function() return C.resume(C.create(function() return C.status((C.running())) end)) end))
