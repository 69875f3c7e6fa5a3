-- § 3.3.5: numerical and generic for.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, run = s.show, s.list, s.try, s.run

print "-- numerical: integers, floats, borders, overflow"
local max, min = math.maxinteger, math.mininteger
local function loop(a, b, c)
  local out, n = {}, 0
  for i = a, b, c do n = n + 1 out[#out + 1] = show(i) if n == 6 then out[#out + 1] = "..." break end end
  return table.concat(out, " ")
end
local function loop1(a, b)
  local out, n = {}, 0
  for i = a, b do n = n + 1 out[#out + 1] = show(i) if n == 6 then out[#out + 1] = "..." break end end
  return table.concat(out, " ")
end
local BOUNDS = { 1, 3, 0, -2, 2.5, -0.0, 3.0, max, max - 2, min, min + 2, 1e308, math.huge, -math.huge, 0 / 0, 2 ^ 53, 2 ^ 63, -2 ^ 63, "3", {}, true }
local STEPS = { 1, 2, -1, 0, 0.5, -0.5, 0.0, max, min, math.huge, 1.0, 1e308, "1", {} }
for _, a in ipairs(BOUNDS) do
  for _, b in ipairs(BOUNDS) do print(show(a), show(b), (try(loop1, a, b):gsub("^error: .-lua:%d+: ", "error: "))) end
end
for _, range in ipairs { { 1, 3 }, { 3, 1 }, { 1, 3.5 }, { 1.0, 2 }, { max - 1, max }, { min + 1, min }, { min, max }, { max, min }, { 1, math.huge }, { 1, -math.huge }, { -1, 0 / 0 }, { 0, 0 }, { -3, 3 }, { 1, 1e100 }, { -1, -1e100 }, { 0.1, 0.35 } } do
  for _, step in ipairs(STEPS) do print(show(range[1]), show(range[2]), show(step), (try(loop, range[1], range[2], step):gsub("^error: .-lua:%d+: ", "error: "))) end
end
print(try(loop, 1, 2, nil), try(loop, nil, 2, 1), try(loop, 1, nil, 1))

print "-- the control variable is a copy; the bounds are evaluated once"
run "for i = 1, 3 do local j = i i = i * 10 io.write(j, ' ', i, '; ') end return 'end'"
run "local n = 3 for i = 1, n do n = 10 io.write(i, ' ') end return n"
run "local c = 0 local function f(x) c = c + 1 return x end for i = f(1), f(5), f(2) do end return c"
run "local t = {} for i = 1, 3 do t[i] = function() i = i + 1 return i end end return t[1](), t[1](), t[2](), t[3]()"
run "for i = 1, 0 do error 'never' end return 'empty'"
run "for i = 3, 1, -1 do io.write(i, ' ') end return i"
run "local s = 0 for i = 1, 100 do if i % 2 == 0 then goto c end s = s + i ::c:: end return s"
run "local s = 0 for i = 10, 1, -3 do s = s * 100 + i end return s"
run "local s = 0 for i = 1, 10 do for j = i, 10 do s = s + i * j end end return s"
run "for i = 1, 3, 0.5 do io.write(i, ' ') end return 'end'"
run "for i = 1.0, 3 do io.write(i, ' ') end return 'end'"
run "for i = 0.1, 1, 0.1 do io.write(('%.2f '):format(i)) end return 'end'"
run "for i = 1 do end"
run "for i = 1, 2, 3, 4 do end"
run "for i, j = 1, 2 do end"
run "for = 1, 2 do end"
run "for i = 1, 2 end"
run "for 1 = 1, 2 do end"
run "for i in do end"
run "for i do end"
run "for i = 1, 2 do"
run "for t.x = 1, 2 do end"
run "for i = 1, do end"
run "for (i) = 1, 2 do end"
run "local function f() for i = 1, 10 do if i == 5 then return i, 'found' end end end return f()"

print "-- generic: four values, termination, adjustment"
local function iter(state, control) if control < state then return control + 1, control * control end end
for a, b, c in iter, 3, 0 do print(a, b, c) end
for a in iter, 2, 0 do io.write(a, " ") end print()
run "for a, b in next, { 10 } do return a, b end"
run "for k, v in pairs({ x = 1 }) do return k, v end"
run "for i, v in ipairs { 'a', 'b', nil, 'd' } do io.write(i, v, ' ') end return ''"
run "for a in function() end do error 'never' end return 'empty'"
run "for a in function() return false end do io.write(tostring(a)) break end return ' false goes on'"
run "local n = 0 for a in function() n = n + 1 return n < 4 and n or nil end do io.write(a, ' ') end return n"
run "local t = {} for a, b, c, d in function(...) if not t[1] then t[1] = select('#', ...) return 1, 2 end end, nil do return a, b, c, d, t[1] end"
run "for a, b in (function() return next, { 5 } end)() do return a, b end"
run "for a, b in ((function() return next, { 5 } end)()) do return a, b end"
run "for a in next, {}, 'x' do end"
run "for a in 1 do end"
run "for a in nil do end"
run "for a in 'x' do end"
run "for a in {} do end"
run "for a in pairs(nil) do end"
run "for a in ipairs() do end"
run "for a, b in print do end return 'prints once'"
run "for k in pairs { 1, 2, 3 } do k = k * 2 io.write(k, ' ') end return ''"
run "local f = {} for k, v in ipairs { 'a', 'b' } do f[k] = function() v = v .. k return v end end return f[1](), f[1](), f[2]()"
run "for a, b, c in ('k=v, x=y'):gmatch '(%w)=(%w)' do io.write(a, b, tostring(c), ' ') end return ''"
run "for a, a in ipairs { 'x' } do return a end"
run "for k, v in next, { 1, 2, 3 } do if k == 2 then break end io.write(k, ' ') end return 'broken'"

print "-- the closing value"
local function closing(name) return setmetatable({}, { __close = function(_, e) io.write("[", name, " ", tostring(e), "] ") end }) end
local function three() local n = 0 return function() n = n + 1 if n <= 3 then return n end end end
for i in three(), nil, nil, closing "normal" do io.write(i, " ") end print()
for i in three(), nil, nil, closing "break" do if i == 2 then break end io.write(i, " ") end print()
print((function() for i in three(), nil, nil, closing "return" do if i == 2 then return "value" end end end)())
print(try(function() for i in three(), nil, nil, closing "error" do error("e", 0) end end))
do for i in three(), nil, nil, closing "goto" do goto out end ::out:: print "out" end
print(try(function() for i in three(), nil, nil, {} do end end), try(function() for i in three(), nil, nil, 5 do end end), try(function() for i in three(), nil, nil, false do end return "false is fine" end))
print(try(function() for i in nil, nil, nil, closing "bad iterator" do end end))
for i in three(), nil, nil, closing "outer" do for j in three(), nil, nil, closing "inner" do if j == 2 then break end io.write(i, ",", j, " ") end end print()

print "-- changing a table while it is traversed"
do
  local t = {}
  for i = 1, 20 do t["k" .. i] = i end
  local n = 0
  for k, v in pairs(t) do t[k] = v * 2 n = n + 1 end
  for k in pairs(t) do t[k] = nil end
  print(n, next(t))
  local list = { 1, 2, 3, 4, 5 }
  for i, v in ipairs(list) do list[i + 5] = v < 4 and v or nil if i > 9 then break end end
  for i, v in ipairs(list) do if v == 3 then list[i + 1] = nil end io.write(i, " ") end
  print()
end
