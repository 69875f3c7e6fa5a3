-- § 2.6: the life of coroutines: values passed both ways, statuses, errors, nesting, yields through protected calls and iterators.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t
local create, resume, yield, status, wrap = coroutine.create, coroutine.resume, coroutine.yield, coroutine.status, coroutine.wrap

print "-- values in and out"
local co = create(function(...)
  print("start", list(...))
  print("first", list(yield(1, nil, 3)))
  print("second", list(yield()))
  print("third", list(yield(nil)))
  return "end", nil
end)
print(status(co), list(resume(co, "a", nil)))
print(status(co), list(resume(co, "b", nil, nil)))
print(status(co), list(resume(co)))
print(status(co), list(resume(co, nil)))
print(status(co), list(resume(co)), list(resume(co, 1)))
print(list(resume(create(function() end))), list(resume(create(print), "native")), list(resume(create(yield), 1, 2)))
print(select("#", resume(create(function() return table.unpack({}, 1, 200) end))))
do
  local many = create(function(...) local n = select("#", ...) while true do n = select("#", yield(table.unpack({}, 1, n * 2))) end end)
  for _, n in ipairs { 0, 1, 10, 100, 1000 } do io.write(select("#", resume(many, table.unpack({}, 1, n))), " ") end
  print()
end

print "-- statuses"
local outer
outer = create(function()
  local inner = create(function() yield(status(outer), coroutine.running() ~= outer) end)
  print(status(outer), status(inner), list(resume(inner)))
  print(status(inner), list(resume(outer)), list(resume(coroutine.running())))
  local self, main = coroutine.running()
  print(self == outer, main)
end)
print(status(outer), list(resume(outer)), status(outer))
local main, is_main = coroutine.running()
print(type(main), is_main, status(main), list(resume(main)))
print(coroutine.isyieldable(), list(pcall(yield)), coroutine.isyieldable(main))
print(wrap(function() return coroutine.isyieldable() end)(), coroutine.isyieldable(create(print)))

print "-- errors"
local failing = create(function() yield(1) error "failed" end)
print(list(resume(failing)), list(resume(failing)), status(failing), list(resume(failing)))
local object = {}
print(select(2, resume(create(function() error(object) end))) == object, list(resume(create(error))), list(resume(create(error), nil)), list(resume(create(error), "m", 0)))
print(list(resume(create(function() local x = nil + 1 end))))
for _, bad in ipairs { 1, "x", {}, true } do print(try(resume, bad), try(status, bad), try(create, bad), try(wrap, bad), try(coroutine.close, bad), try(coroutine.isyieldable, bad)) end
print(try(resume), try(status), try(create), try(wrap), try(coroutine.close), try(status, nil))
local w = wrap(function(...) yield(...) error "in wrap" end)
print(list(w(1, 2)), try(w), try(w))
print(try(wrap(function() error({}) end)), try(wrap(function() error("no position", 0) end)), try(wrap(function() error() end)))
print(try(wrap(wrap(function() error "nested" end))))
do
  local f
  f = wrap(function() return f() end)
  print(try(f))
end

print "-- yields through calls of all kinds"
local function level(n) if n == 0 then return yield "deep" end return "back", level(n - 1) end
local deep = create(level)
print(list(resume(deep, 5)), list(resume(deep, "value")))
local function tail(n) if n == 0 then return yield("tail") end return tail(n - 1) end
local t1 = create(tail)
print(list(resume(t1, 1000)), list(resume(t1, 1, 2)))
local protected = wrap(function()
  print("inside", list(pcall(yield, 1)))
  print("inside", list(pcall(function() yield(2) error "after" end)))
  print("inside", list(xpcall(function() yield(3) error("handled", 0) end, function(m) return "H " .. m end)))
  print("inside", list(xpcall(function(...) return yield(...) end, print, 4, nil)))
  print("inside", list(pcall(pcall, pcall, yield, 5)))
  print("inside", list(select(2, yield(6))))
  for a, b in function(_, i) if i < 3 then return i + 1, yield(i) end end, nil, 0 do print("iterator", a, b) end
  local u = { yield "u1", yield "u2", n = yield "u3" }
  print(list(u[1], u[2], u.n))
  print(yield("a1") + yield("a2"), yield("c1") .. yield("c2"), (yield("p")))
  if yield "cond" then print "taken" end
  while yield "loop" do print "again" end
  return "done", yield "last"
end)
for i = 1, 24 do print(i, list(protected(i, i % 7 ~= 0 and i))) if i >= 22 then break end end

print "-- generators"
local function range(n) return wrap(function() for i = 1, n do yield(i, i * i) end end) end
for i, square in range(4) do io.write(i, " ", square, "; ") end
print()
local function permutations(a, n) n = n or #a if n <= 1 then yield(table.concat(a)) else for i = 1, n do a[n], a[i] = a[i], a[n] permutations(a, n - 1) a[n], a[i] = a[i], a[n] end end end
for p in wrap(function() permutations { "a", "b", "c" } end) do io.write(p, " ") end
print()
local function filter(p, g) return wrap(function() for x in g do if x % p ~= 0 then yield(x) end end end) end
local sieve = wrap(function() for i = 2, 60 do yield(i) end end)
local primes = {}
while true do local p = sieve() if not p then break end primes[#primes + 1] = p sieve = filter(p, sieve) end
print(table.concat(primes, " "))
do
  local queue, log = {}, {}
  local producer = create(function() for i = 1, 6 do queue[#queue + 1] = i if i % 2 == 0 then yield() end end end)
  local consumer = create(function() while true do while #queue > 0 do log[#log + 1] = table.remove(queue, 1) * 10 end yield() end end)
  while status(producer) ~= "dead" do resume(producer) resume(consumer) end
  print(table.concat(log, " "))
end
do
  local threads = {}
  for i = 1, 200 do threads[i] = create(function(a) local b = yield(a + i) return a * b end) end
  local sum = 0
  for i, th in ipairs(threads) do sum = sum + select(2, resume(th, i)) end
  for i = #threads, 1, -1 do sum = sum + select(2, resume(threads[i], 2)) end
  print(sum)
end
do
  local function nest(n) if n == 0 then yield "bottom" return 0 end local c = wrap(nest) local v = c(n - 1) yield(v) return 1 + c() end
  local c = wrap(nest)
  print(c(50), c())
end

print "-- closures, upvalues, varargs"
local function maker()
  local n = 0
  return create(function(...) local first = ... while true do n = n + 1 yield(n, first, ...) end end), function() return n end
end
local c1, get1 = maker()
local c2, get2 = maker()
resume(c1, "x") resume(c1) resume(c2, "y")
print(get1(), get2(), list(resume(c1)), list(resume(c2)))
local shared = 0
local ups = {}
for i = 1, 3 do ups[i] = create(function() for _ = 1, 2 do shared = shared + i yield() end end) end
for _ = 1, 2 do for i = 1, 3 do resume(ups[i]) end end
print(shared)

print "-- yields that cannot be: natives"
print(list(resume(create(function() return table.sort({ 3, 2, 1 }, yield) end))))
print(list(resume(create(function() return ("x"):gsub("x", yield) end))))
print(list(resume(create(function() return load(yield) end))))
print(list(resume(create(function() return select(2, load(function() yield() end)) end))))
print(list(resume(create(function() local o = setmetatable({}, { __tostring = yield }) return tostring(o) end))))
print(list(resume(create(function() return pcall(table.sort, { 2, 1 }, yield) end))))

print "-- close"
print(list(coroutine.close(create(print))))
do
  local c = create(function() local v <close> = setmetatable({}, { __close = function(_, e) print("closed with", e) end }) yield "suspended" end)
  print(list(resume(c)), list(coroutine.close(c)), status(c), list(coroutine.close(c)), list(resume(c)))
end
do
  local function closing(name, err) return setmetatable({}, { __close = function(_, e) print(name, show(e)) if err then error(err, 0) end end }) end
  local c = create(function() local a <close> = closing "a" local b <close> = closing("b", "from b") local d <close> = closing "d" yield() end)
  resume(c)
  print(list(coroutine.close(c)), status(c), list(coroutine.close(c)))
  local e = create(function() local a <close> = closing("a", "second") error("first", 0) end)
  print(list(resume(e)), status(e), list(coroutine.close(e)), list(coroutine.close(e)))
  local w = wrap(function() local a <close> = closing("wrapped", "other") error("one", 0) end)
  print(try(w))
end
print(try(coroutine.close, coroutine.running()))
wrap(function() print(try(coroutine.close, coroutine.running())) print(try(coroutine.close, main)) end)()
