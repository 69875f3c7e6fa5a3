-- § 3.2, § 3.5: globals, locals, fields; visibility; upvalues shared by closures; limits.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run, eval = s.show, s.list, s.try, s.run, s.eval

print "-- locals before assignment, shadowing"
run "local x return x"
run "local x, y, z = 1 return x, y, z"
run "local x, y = 1, 2, 3 return x, y"
run "local x = x return x"
run "local x = 1 local x = x + 1 return x"
run "local x = 1 do local x = 2 end return x"
run "local x = 1 do local y = x x = 5 end return x, y"
run "x = 1 local x = 2 return x, _G.x"
run "local function f() return v end local v = 1 return f()"
run "local v = 1 local function f() return v end v = 2 return f()"
run "local a <const> = 1 do local a = 2 a = 3 end return a"
run "x = nil return x, rawget(_G, 'x')"
run "return a.b.c"
run "local t = { a = { b = { c = 5 } } } return t.a.b.c, t['a']['b'].c, t.a['b']['c']"
run "local t = {} t.x = 1 t['y'] = 2 t[1] = 3 t[1.0] = 4 t[1.5] = 5 return t.x, t.y, t[1], t[1.5]"
run "local t = { 10, 20, 30 } local i = 1 i, t[i] = i + 1, 99 return i, t[1], t[2]"
run "local t = {} t.end_ = 1 return t.end_"
run "local t = { ['end'] = 1 } return t['end']"
run "return (function() local y = 1 return y end)(), y"
run "(a) = 1"
run "a.b:c = 1"
run "f() = 1"
run "a, f() = 1, 2"
run "('x').y = 1"
run "(a).b = 1 return 1"
run "a = {} (a).b = 1 return a.b"
run "1 = 2"
run "nil = 2"
run "... = 1"
run "local a.b = 1"
run "a b = 1"

print "-- the scope of a local begins after its declaration, ends with its block"
run "local f = function() return f end return f()"
run "local function f() return f end return f() == f"
run "local i = 10 for i = i, i + 1 do io.write(i, ' ') end return i"
run "local t = {} for i = 1, 3 do t[i] = function() i = i + 1 return i end end return t[1](), t[1](), t[2](), t[3]()"
run "local t = {} local i = 1 while i <= 3 do local j = i t[i] = function() j = j + 10 return j end i = i + 1 end return t[1](), t[1](), t[2](), t[3]()"
run "local x repeat local y = 5 x = y until y == 5 return x, y"
run "local n = 0 repeat local done = n > 2 n = n + 1 until done return n"
run "local t = {} repeat local z = #t + 1 t[z] = function() return z end until z == 3 return t[1](), t[2](), t[3]()"
run "if true then local z = 1 end return z"
run "local function p(a, a) return a end return p(1, 2)"
run "local function p(x) local x = x or 'default' return x end return p(), p(1)"

print "-- upvalues"
do
  local function counter() local n = 0 return function() n = n + 1 return n end, function() return n end, function(v) n = v end end
  local inc, get, set = counter()
  local inc2, get2 = counter()
  print(inc(), inc(), get(), inc2(), get2(), set(10), inc(), get2())
  local function deep() local v = 1 return function() return function() return function() v = v * 2 return v end end end end
  local d = deep()
  print(d()()(), d()()(), deep()()()())
  local fs = {}
  for i = 1, 3 do local a, b = i, i * 10 fs[#fs + 1] = function() a = a + 1 return a, b end fs[#fs + 1] = function() b = b + 1 return a, b end end
  for round = 1, 2 do for i, f in ipairs(fs) do io.write(list(f()), "; ") end end
  print()
  local function params(a, b, ...) local extra = ... return function() a = a .. "+" return a, b, extra end end
  local p = params("x", "y", "z")
  print(p()) print(p())
  local function recursive(n) local v = n local f = function() return v end if n > 0 then local g, h = recursive(n - 1) return f, g() + (h or 0) end return f, 0 end
  print(select(2, recursive(5)))
  local co = coroutine.wrap(function() local v = 0 local f = function() v = v + 1 return v end while true do coroutine.yield(f, v) v = v + 100 end end)
  local f = co()
  print(f(), f(), select(2, co()), f(), select(2, co()), f())
  local a, b, c = 1, 2, 3
  local function swap() a, b, c = c, a, b end
  swap() print(a, b, c) swap() print(a, b, c)
  goto skip
  do local dead = 1 end
  ::skip::
  local loops = {}
  do local i = 1 ::again:: local x = i loops[i] = function() x = x + i return x end i = i + 1 if i <= 3 then goto again end end
  print(loops[1](), loops[2](), loops[3](), loops[1]())
end

print "-- many locals, upvalues, constants"
local function many(n, what) local parts = {} for i = 1, n do parts[i] = what:gsub("#", tostring(i)) end return table.concat(parts, "\n") end
local function outcome(source) local f, m = load(source, "=c") if not f then return (m:match "[^\n]*") end return try(f) end
print(outcome(many(200, "local v# = #") .. " return v1 + v200"))
print(outcome(many(201, "local v# = #") .. " return v1 + v201"))
print(outcome("local function f() " .. many(201, "local v# = #") .. " end"))
print(outcome(many(150, "do local v# = # end") .. many(150, "local w# = #") .. " return w150"))
print(outcome(many(255, "local t# = {}"):gsub("local ", "") .. " return t255 ~= nil"))
local function upvalues(n)
  local out = { "local t = {} " }
  local per = 150
  for i = 1, n, per do out[#out + 1] = "local function f" .. i .. "() " end
  return n
end
do
  local parts = { many(150, "local a# = #"), "return (function() ", many(100, "local b# = #"), "return (function() return 0" }
  for i = 1, 150 do parts[#parts + 1] = " + a" .. i end
  for i = 1, 100 do parts[#parts + 1] = " + b" .. i end
  parts[#parts + 1] = " end)() end)()"
  print(outcome(table.concat(parts, " ")))
  parts[4] = "local b101, b102, b103, b104, b105, b106, b107 = 1, 1, 1, 1, 1, 1, 1 return (function() return 0 + b101 + b102 + b103 + b104 + b105 + b106"
  print(outcome(table.concat(parts, " ")))
end
do
  local parts = {}
  for i = 1, 70000 do parts[i] = "'k" .. i .. "'" end
  local f = load("local t = { " .. table.concat(parts, ",") .. " } return #t, t[1], t[300], t[66000], t[70000]")
  print(f())
  for i = 1, 70000 do parts[i] = i + 0.5 end
  print(load("local t = { " .. table.concat(parts, ",") .. " } local s = 0 for i = 1, #t do s = s + t[i] end return s, t[70000]")())
  for i = 1, 2000 do parts[i] = "x" .. i .. " = " .. i end
  local env = {}
  load(table.concat(parts, " ", 1, 2000), "=c", "t", env)()
  print(env.x1, env.x2000, env.x256)
  print(load("return " .. ("("):rep(150) .. "1" .. (")"):rep(150))())
  print(outcome("return " .. ("("):rep(250) .. "1" .. (")"):rep(250)))
  print(outcome("return " .. ("-"):rep(1):rep(100) .. "1") == "no", outcome("return " .. ("not "):rep(150) .. "1"), outcome("return " .. ("- "):rep(250) .. "1"))
  print(outcome(("do "):rep(150) .. "x = 1 " .. ("end "):rep(150) .. "return x"), outcome(("do "):rep(250) .. ("end "):rep(250)))
  print(outcome("return " .. ("{"):rep(150) .. ("}"):rep(150)) ~= nil, outcome("return " .. ("{"):rep(250) .. ("}"):rep(250)))
  print(outcome("return " .. ("1 .. "):rep(150) .. "1") ~= nil, outcome("return " .. ("'a' .. "):rep(250) .. "'a'"), #tostring(outcome("return " .. ("2 ^ "):rep(190) .. "1")) > 0)
  print(outcome("local a = 1 return " .. ("a + "):rep(1000) .. "a"), outcome(("function f() "):rep(150) .. ("end "):rep(150)), outcome(("return function() "):rep(250) .. ("end "):rep(250)))
end
