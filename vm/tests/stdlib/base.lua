local t = dofile "tests/stdlib/lib/show.lua"

-- assert and error
t(function() assert(false) end)
t(function() assert(nil, "m") end)
t(function() assert() end)
t(function() assert(false, {}) end)
t(function() return assert(1, 2, 3) end)
t(assert, false, "m")
t(function() error() end)
t(function() error("x", 0) end)
t(function() error("x", 2) end)
t(function() error {} end)
t(function() error(nil) end)
t(function() error(12) end)
t(function() error("x", "1") end)
t(error)
t(error, "x", 3)

-- traversal
t(ipairs) t(pairs) t(ipairs, nil) t(next) t(next, {}, 1) t(next, { 10 }, nil)
t(function() ipairs() end)
t(function() next({}, 1) end)
for i, v in ipairs(setmetatable({}, { __index = function(_, i) if i < 4 then return i * i end end })) do print(i, v) end
for k, v, extra in pairs(setmetatable({}, { __pairs = function(self) return function(_, k) if not k then return 1, 2 end end, self, nil end })) do print(k, v, extra) end

-- raw access
t(rawlen, 5) t(rawlen) t(rawlen, "abc") t(rawlen, { 1, 2 })
t(rawget, 1) t(rawget, {}) t(rawget, { a = 1 }, "a")
t(rawset, 1) t(rawset, {}) t(rawset, {}, 1) t(rawset, {}, nil, 1) t(rawset, {}, 0 / 0, 1)
t(rawequal, 1) t(rawequal, 1, 1.0) t(rawequal, "a", "a") t(rawequal, {}, {})

-- select
t(select) t(select, 0) t(select, -1) t(select, -1, 1, 2) t(select, "#", 1, nil) t(select, "x") t(select, 5, 1)
t(select, 2, "a", "b", "c") t(select, -2, "a", "b", "c") t(select, -4, "a", "b", "c")

-- conversions
t(tonumber) t(tonumber, nil) t(tonumber, "10", 1) t(tonumber, "10", 37) t(tonumber, 10, 10) t(tonumber, "zz", 36)
t(tonumber, " -7f ", 16) t(tonumber, "", 10) t(tonumber, "1e1") t(tonumber, {}) t(tonumber, "8", 8)
t(tonumber, "7fffffffffffffffff", 16) t(tonumber, "1 2", 10) t(tonumber, "  0x  ") t(tonumber, "-", 10)
t(tonumber, "1.0", 10) t(tonumber, "x", 2.5) t(tonumber, " 0x1p4 ") t(tonumber, "1_000") t(tonumber, "inf")
t(tostring) t(tostring, nil) t(tostring, true) t(tostring, -0.0) t(tostring, 1e15) t(tostring, 2 ^ 63) t(tostring, -5)
t(tostring, setmetatable({}, { __tostring = function() return "shown" end }))
t(tostring, setmetatable({}, { __tostring = function() return 1 end }))
t(tostring, setmetatable({}, { __tostring = function() return {} end }))
t(tostring, setmetatable({}, { __name = "Name" }))
t(tostring, setmetatable({}, { __name = 1 }))
t(type) t(type, nil) t(type, 1) t(type, 1.5) t(type, "") t(type, {}) t(type, print) t(type, t) t(type, true)
t(type, coroutine.create(print)) t(type, io.stdout)

-- metatables
t(setmetatable, 1) t(setmetatable, {}) t(setmetatable, {}, 1)
t(setmetatable, setmetatable({}, { __metatable = 1 }), {})
t(getmetatable) t(getmetatable, setmetatable({}, { __metatable = 1 })) t(getmetatable, 1) t(getmetatable, {})
print(getmetatable("").__index == string)

-- collector
t(collectgarbage, "x") t(collectgarbage, "isrunning") t(collectgarbage, "incremental") t(collectgarbage, "generational")
t(collectgarbage, "incremental") t(collectgarbage, "setpause", 100) t(collectgarbage, "setstepmul", 200)
t(collectgarbage, "stop") t(collectgarbage, "isrunning") t(collectgarbage, "restart") t(collectgarbage)
print(math.type(collectgarbage "count"))

-- loading
t(load) t(load, 1) t(load, {}) t(load, "x=") t(load, "return 1", "=c", "b") t(load, "\27x", "c", "t")
t(load, function() return {} end) t(load, function() error "e" end)
t(load, "x=", "abc\ndef") t(load, "x=", ("l"):rep(100)) t(load, "x x") t(load, "x x", "=(x)") t(load, "x x", "x", "q")
t(load, "x", "n", 1) t(load, "x", {})
t(loadfile, "/nonexistent") t(dofile, "/nonexistent")
print(load("return ...", "=c", "t", {})(1, 2))
print(load("x = 1; return x, _ENV.x", "=c", "t", {})())
print(pcall(load("return x", "=c", "t", nil)))
do
  local pieces, n = { "return ", "1", " + 2", "" }, 0
  print(load(function() n = n + 1 return pieces[n] end)())
end
do
  local name = os.tmpname()
  local file = assert(io.open(name, "w"))
  file:write("#! a first line\nreturn ..., debug.getinfo(1, 'l').currentline\n")
  file:close()
  print(loadfile(name)(7))
  print(dofile(name))
  os.remove(name)
end

-- protected calls
t(xpcall) t(xpcall, print) t(pcall)
t(xpcall, error, function(m) return "h" .. tostring(m) end, "z")
t(pcall, error)
t(pcall, pcall, error, "e")
t(xpcall, function(...) return select("#", ...), ... end, print, 1, nil)
print(xpcall(function() local x = nil; x() end, function(m) return "handled: " .. m end))

-- warnings
t(warn) t(warn, {}) t(warn, "@off") t(warn, "a", "b")
print(_VERSION, _G._G == _G)
