-- § 2.4, § 6.1: the metafields __tostring, __name, __pairs, __metatable, __close, __mode and __gc as values, and __idiv and friends looked up raw.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

print "-- __tostring and __name"
for _, handler in ipairs { function() return "text" end, function() return 5 end, function() return 1.5 end, function() end, function() return {} end, function() return true end, function() error("thrown", 0) end, function(...) return "arguments " .. select("#", ...) end,
  setmetatable({}, { __call = function() return "called" end }), "text", 5, {} } do
  local o = setmetatable({}, { __tostring = handler })
  print(type(handler), try(tostring, o), try(print, nil), try(string.format, "%s", o), try(string.format, "%10s|", o), try(table.concat, { o }))
end
print(tostring(setmetatable({}, { __name = "My.Type" })):gsub("0x%x+", "ADDRESS"))
print(tostring(setmetatable({}, { __name = 5 })):gsub("0x%x+", "ADDRESS"))
print(tostring({}):gsub("0x%x+", "ADDRESS"))
print(tostring(print):gsub("0x%x+", "ADDRESS"):gsub("builtin.*", "ADDRESS"))
print(tostring(coroutine.create(print)):gsub("0x%x+", "ADDRESS"))
print(tostring(io.stdout):gsub("0x%x+", "ADDRESS"))
print(tostring(nil), tostring(true), tostring(1), tostring(1.0), tostring "x")
local same = {}
print(tostring(same) == tostring(same), tostring(same) ~= tostring({}), ("%p"):format(same) == ("%p"):format(same))
debug.setmetatable(1, { __tostring = function(n) return "number" end, __name = "num" })
print(tostring(1), 1 .. "", ("%s"):format(2), ("%d"):format(3))
print(1, io.write(1, "\n") == io.stdout)
debug.setmetatable(1, nil)
getmetatable "".__tostring = function() return "never" end
print(tostring "x", "x")
getmetatable "".__tostring = nil
debug.setmetatable(nil, { __tostring = function() return "NIL" end })
print(tostring(nil), nil, ("%s"):format(nil))
debug.setmetatable(nil, nil)

print "-- __pairs"
local function triple(...) return setmetatable({ 1 }, { __pairs = function(o, ...) return ... end }) end
for _, count in ipairs { 0, 1, 2, 3, 4, 5 } do
  local o = setmetatable({}, { __pairs = function(self, ...) return table.unpack({ next, { k = "v" }, nil, "fourth", "fifth" }, 1, count) end })
  print(count, try(pairs, o), (try(function() local out = {} for k, v in pairs(o) do out[#out + 1] = k .. v end return table.concat(out) end)))
end
print(try(pairs, setmetatable({}, { __pairs = 5 })), try(pairs, setmetatable({}, { __pairs = error })), try(pairs, nil), try(pairs), try(pairs, 5), try(pairs, "x"))
print(try(pairs, setmetatable({}, { __pairs = setmetatable({}, { __call = function(...) return select("#", ...), type((...)) end }) })))
debug.setmetatable(5, { __pairs = function(n) return function(_, i) i = i + 1 if i <= n then return i, n - i end end, nil, 0 end })
for a, b in pairs(3) do io.write(a, " ", b, "; ") end
print()
debug.setmetatable(5, nil)
for k in pairs(setmetatable({ x = 1 }, { __index = { y = 2 } })) do print(k) end
for i, v in ipairs(setmetatable({ 1, 2 }, { __index = function(_, i) if i <= 5 then return i * 10 end end })) do io.write(i, "=", v, " ") end
print()
for i, v in ipairs(setmetatable({}, { __index = { "a", "b", nil, "d" }, __len = function() return 10 end, __pairs = error })) do io.write(i, "=", v, " ") end
print()
for i, v in ipairs "text" do print(i, v) end
print(try(ipairs), try(ipairs, nil), try(function() for _ in ipairs(nil) do end end), try(function() for _ in ipairs(5) do end end))

print "-- __metatable"
for _, value in ipairs { "locked", 5, true, {} } do
  local o = setmetatable({}, { __metatable = value })
  print(show(getmetatable(o)), try(setmetatable, o, {}), type(debug.getmetatable(o)))
end

print "-- metamethods are looked up raw"
local meta = setmetatable({}, { __index = function(_, k) print("asked for", k) return function() return k end end })
local o = setmetatable({}, meta)
print(try(function() return o + 1 end), try(function() return o .. "x" end), try(function() return #o end), try(function() return o() end), try(function() return o.x end), try(function() return o < o end), o == {}, try(function() return -o end), (tostring(o):gsub("0x%x+", "ADDRESS")))

print "-- metamethods set after the fact, and removed"
local mt = {}
local x = setmetatable({}, mt)
for _, event in ipairs { "__add", "__index", "__call", "__len", "__concat", "__lt", "__unm", "__newindex", "__eq" } do
  local function use()
    if event == "__add" then return x + 1 elseif event == "__index" then return x.field elseif event == "__call" then return x() elseif event == "__len" then return #x
    elseif event == "__concat" then return x .. "" elseif event == "__lt" then return x < 1 elseif event == "__unm" then return -x elseif event == "__newindex" then x.new = 1 local r = rawget(x, "new") x.new = nil return r
    else return x == setmetatable({}, mt) end
  end
  local before = try(use)
  mt[event] = function() return event end
  local during = try(use)
  mt[event] = nil
  print(event, before, during, try(use))
end
