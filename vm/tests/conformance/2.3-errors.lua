-- § 2.3: error values, levels, positions, what messages say about the operands, handlers.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t, run = s.show, s.list, s.try, s.t, s.run

print "-- any value can be thrown"
for _, value in ipairs { 1, 1.5, "text", true, false, {}, print } do print(show(value), list(pcall(error, value))) end
print(list(pcall(error)), list(pcall(error, nil)))
local object = setmetatable({}, { __tostring = function() return "object" end })
print(select(2, pcall(error, object)) == object)

print "-- levels"
local function thrower(level) error("m", level) end
local function caller(level) thrower(level) end
for level = 0, 4 do print(level, try(caller, level)) end
t("none", function() error("m") end)
t("string level", function() error("m", "2") end)
t("bad level", function() error("m", "x") end)
t("table level", function() error("m", {}) end)
t("fraction", function() error("m", 1.5) end)
t("huge level", function() error("m", 1e6) end)
t("negative level", function() error("m", -1) end)
t("number message", function() error(5, 1) end)
t("tail call", function() return error("m") end)
t("tail call, level 2", function() return thrower(2) end)

print "-- what messages say of operands"
local up = nil
local tab = { field = nil, deep = {} }
global = nil
local method = "key"
for _, source in ipairs {
  "local l; l()", "local l; l.x = 1", "return (nil).x", "local l; return l.x.y", "g()", "g.x()", "g.x = 1", "return g.x.y",
  "local t = {} t.x()", "local t = {} t.x.y()", "local t = {} t:m()", "local t = {} t.x:m()", "local t = {} t[1]()", "local t = {} t[1][2] = 3",
  "local t = {} local k = 'key' t[k]()", "local t = {} local k = 'key' return t[k].x", "local t, k = {}, 1.5 return t[k].x",
  "local t, k = {}, 'key' return t[k] + 1", "local t = {} return t.x + 1", "local t = {} return 1 + t.x", "return g + 1", "return 1 + g",
  "local l; return l + 1", "local l; return -l", "local l = {}; return ~l", "local l = {}; return #l + l", "local l; return #l", "local l = 1; return #l",
  "return #g", "return #g.x", "local t = {} return #t.x", "return ('x')()", "return (1)()", "return (function() end)() ()", "return {} .. 'x'", "return 'x' .. {}",
  "local l return 'x' .. l", "local l return l .. 'x'", "return 'a' .. 'b' .. g", "return g .. 'a' .. 'b'", "local t = {} return 'a' .. t.x .. 'c'",
  "return 1 < 'x'", "return 'x' < 1", "return {} < {}", "return {} <= 1", "return nil < nil", "return print < print", "return true > false", "return nil >= 1",
  "return 'x' + 1", "return 1 - 'x'", "return {} * 2", "return 2 ^ {}", "return 'x' // 2", "return nil % 2", "local l = 'x' return l * 2", "return 1 & 1.5",
  "return 1.5 | 1", "return 'x' & 1", "return '1.5' & 1", "return 1 << {}", "return ~1.5", "return ~'x'", "return ~{}", "return ~nil", "return 2^63 | 0",
  "local l = 2^53 * 2^20 return l & 1", "return 1 // 0", "return 1 % 0", "local z = 0 return 1 // z", "local z = 0 return 1 % z",
  "for i = 1, 'x' do end", "for i = 'x', 1 do end", "for i = 1, 2, 'x' do end", "for i = 1, 2, 0 do end", "for i = {}, 2 do end", "for i = nil, 2 do end",
  "for i = 1, 2, nil do end", "for a in 1 do end", "for a in nil do end", "for a in {} do end", "for a in g do end", "local t = {} for a in t.x do end",
  "local l; l.x.y.z = 1", "string.rep()", "('x'):rep()", "('x'):bad()", "('x').y.z()", "(1):m()", "local l = 1 l:m()", "local l = 1; l.x = 2",
  "local l = true; return l.x", "local t = {} t[nil] = 1", "local t = {} t[0/0] = 1", "local t <close> = 1", "local t <close> = {}",
  "setmetatable(1, {})", "setmetatable({}, 1)", "getmetatable()", "ipairs()", "math.floor({})", "math.floor('x')", "('x'):rep({})", "('x'):rep(1.5)", "('x'):rep('1.5')",
  "string.char(256)", "string.char(-1)", "string.char(1, 2, 300)", "table.concat({ {} })", "table.concat({ 1, nil, 3 }, ',', 1, 3)", "table.insert({}, 5, 1)",
  "table.insert({}, 1, 2, 3)", "table.insert({})", "table.unpack({}, 1, 1e8)", "select(0)", "local f = string.rep f()", "local t = { f = string.rep } t.f()",
  "local t = { f = string.rep } t:f()", "io.stdout:seek('x')", "io.stdout.seek()", "io.stdout.seek('x')", "coroutine.resume(1)", "coroutine.wrap(1)",
  "local a <const> = nil; a()", "local a <const> = 5; return a.x.y", "local a <const> = 'k'; local t = {} return t[a].y", "local a <const> = 'k'; local t = {} t[a]()",
} do
  run(source)
end
t("upvalue called", function() up() end)
t("upvalue indexed", function() return up.x end)
t("upvalue assigned", function() up.x = 1 end)
t("upvalue computed", function() return up + 1 end)
t("upvalue joined", function() return up .. "x" end)
t("upvalue field", function() return tab.field.x end)
t("upvalue field computed", function() return tab.field * 2 end)
t("upvalue deep", function() return tab.deep.er.est end)
t("global", function() return global.x end)
t("global called", function() global() end)
t("method name in a local", function() tab[method]() end)
t("parameter", function(p) return p.x end)
t("vararg", function(...) local a, b = ... return b.x end, {})
t("long name", function() return tab.a_field_with_quite_a_long_name_that_goes_on_and_on_and_on_until_it_is_far_too_long_to_be_shown.x end)

print "-- names of types"
local named = setmetatable({}, { __name = "My.Type" })
t("__name arithmetic", function() return named + 1 end)
t("__name index", function() return (named .. "x") end)
t("__name call", function() named() end)
t("__name compare", function() return named < 1 end)
t("__name compare both", function() return named < named end)
t("__name argument", function() return ("x"):rep(named) end)
t("__name file", function() return io.stdout + 1 end)
t("__name not a string", function() return setmetatable({}, { __name = 5 }) + 1 end)

print "-- chunk names in positions"
for _, name in ipairs {
  "=short", "@file.lua", "text", "text of\nseveral lines", "", "=", "@", "\n", "=" .. ("x"):rep(58), "=" .. ("x"):rep(59), "=" .. ("x"):rep(60), "=" .. ("x"):rep(100),
  "@" .. ("x"):rep(59), "@" .. ("y"):rep(60), "@" .. ("z"):rep(100), ("s"):rep(44), ("s"):rep(45), ("s"):rep(46), ("s"):rep(48), ("s"):rep(100), "line\r\n", "=a\nb", "@a\nb",
} do
  print(show(name), select(2, pcall(load("error 'm'", name))))
  print(show(name), select(2, load("x =", name)))
end

print "-- lines"
run "\n\nerror('third')"
run "local x =\n nil\n + 1"
run "local t = {}\nt\n.x\n.y\n()"
run "local a = 1\nlocal b = a\n  + {}\n  + 1"
run "f = nil\nf(\n1,\n2\n)"
run "return\n#\nnil"
run "local s = 'x'\nreturn s\n ..\n {}"
run "for i = 1,\n 2,\n 0 do\nend"
run "if nil <\n1 then\nend"
run "\n\n\nlocal t = {\n a = 1,\n b = nil + 1,\n}"

print "-- handlers"
print(list(xpcall(error, function(m) return "handled " .. show(m) end, "m")))
print(list(xpcall(error, function(...) return select("#", ...) end, "m")))
print(list(xpcall(error, function() return 1, 2, 3 end)))
print(list(xpcall(function(...) return ... end, print, 1, nil, 3)))
print(list(xpcall(function() local x = nil + 1 end, function(m) return (m:gsub("^.-:%d+: ", "")) end)))
print(list(pcall(xpcall, error, nil, "m")))
print(list(pcall(xpcall)))
print(list(pcall(xpcall, error)))
print(list(pcall(pcall)))
print(list(pcall(pcall, error, "e")))
print(list(pcall(nil)))
print(list(pcall(1, 2)))
print(list(pcall({})))
print(list(pcall(setmetatable({}, { __call = function(self, ...) return select("#", ...), ... end }), 1, nil)))
print(list(xpcall(xpcall, function() return "outer" end, error, nil, 5)))
do
  local trace = {}
  local function note(...) trace[#trace + 1] = list(...) end
  note(pcall(function()
    note(pcall(function()
      note(pcall(error, 1))
      error(2, 0)
    end))
    error(3, 0)
  end))
  print(table.concat(trace, "; "))
end
print(list(xpcall(function() error("deep") end, function(m)
  local lines = {}
  for line in debug.traceback(m):gmatch "[^\n]+" do lines[#lines + 1] = line end
  return table.concat(lines, "|", 1, 4)
end)))

print "-- stack overflow"
local function recurse(n) return 1 + recurse(n + 1) end
local ok, message = pcall(recurse, 1)
print(ok, (tostring(message):gsub("%(.*", "")))
local function short(message) return tostring(message):match "stack overflow" or message end
print((select(-1, pcall(function() local f f = function() return pcall(f) end return f() end))))
print(short(select(2, pcall(function() local t = setmetatable({}, {}) getmetatable(t).__index = function(_, k) return t[k] end return t.x end))))
print(short(select(2, pcall(string.gsub, ("x"):rep(10), "x", function() return recurse(1) end))))
print(select(2, xpcall(recurse, function(m) return short(m) .. " handled" end, 1)))
print(pcall(function() return "well afterwards" end))

print "-- assert"
t("true", assert, true, "m") t("values", assert, 1, nil, 3) t("false", assert, false) t("nil message", assert, nil, "m") t("object", assert, false, object)
t("number", assert, nil, 5) t("none", assert) t("nil nil", assert, nil, nil) t("false false", assert, false, false)
