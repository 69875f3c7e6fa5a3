-- § 2.2: _ENV, _G, global names as fields, environments of loaded chunks.
local s = dofile "tests/conformance/lib/show.lua"
local try, run = s.try, s.run

print(_ENV == _G, _G._G == _G, _ENV._ENV)
x = 1
print(x, _G.x, _ENV.x, rawget(_G, "x"))
_G.y = 2
print(y)
x, y = nil, nil
print(x, _G.x)

print "-- a local _ENV"
do
  local print = print
  local _ENV = { z = 3 }
  print(z, print ~= nil)
  w = 4
  print(_ENV.w)
end
print(w, z)
local function with(_ENV) a = b return a end
print(with { b = 7 })
print(try(with, nil))
print(try(with, 5))
print(try(function(_ENV) return nothing.here end, {}))
print(try(function() local _ENV = nil return x end))
print(try(function() local _ENV = nil x = 1 end))
print(try(function() local _ENV <const> = { q = 1 } return q end))
do
  local up = { v = 10 }
  local function f() local _ENV = up return function() v = v + 1 return v end end
  local g, h = f(), f()
  print(g(), g(), h(), up.v)
end

print "-- metatables on environments"
do
  local log = {}
  local env = setmetatable({}, {
    __index = function(_, name) log[#log + 1] = "get " .. name return name:upper() end,
    __newindex = function(t, name, value) log[#log + 1] = "set " .. name rawset(t, name, value) end,
  })
  local f = load("first = second; return first, third, first", "=env", "t", env)
  print(f())
  print(table.concat(log, ", "), env.first)
end
setmetatable(_G, { __index = function(_, name) error("undeclared " .. name, 2) end })
print(try(function() return undeclared end))
print(try(function() return print ~= nil end))
setmetatable(_G, nil)

print "-- load"
local env = { print = print }
print(load("x = 1 return _ENV", "=c", "t", env)() == env, env.x, x)
print(load("return _ENV")() == _G)
print(try(load("return x", "=c", "t", nil)))
print(try(load("return x", "=c", "t", 1)))
print(try(load("x = 1", "=c", "t", "text")))
print(s.list(load("return len", "=c", "t", "text")))
print(s.list(load("local a = ... return a, _ENV", "=c", "t", false)(5)))
local chunk = load("n = (n or 0) + 1 return n", "=c", "t", env)
print(chunk(), chunk(), env.n)
print(debug.getupvalue(chunk, 1) == "_ENV", select(2, debug.getupvalue(chunk, 1)) == env)
debug.setupvalue(chunk, 1, { n = 40 })
print(chunk(), env.n)

print "-- every chunk has its own upvalue _ENV, functions of one chunk share it"
local one = load("local function f() return v end local function g(e) _ENV = e end return f, g", "=c", "t", { v = 1 })
local f, g = one()
print(f(), g({ v = 2 }), f(), one ~= nil)
run "_ENV = { r = 5 } return r, _G"
run "local _ENV = { r = 6 } return r"
run "for _ENV in next, {} do return x end return 'none'"
run "local function f(...) local _ENV <close> = nil end f()"
print(_ENV == _G)
