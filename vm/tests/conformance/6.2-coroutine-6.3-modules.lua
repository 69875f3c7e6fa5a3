-- § 6.2: arguments of the coroutine functions. § 6.3: require, package and its fields.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t

print "-- coroutine"
for _, name in ipairs { "create", "resume", "status", "wrap", "close", "isyieldable" } do
  for _, value in ipairs { 1, "x", {}, false } do t(name, coroutine[name], value) end
  if name ~= "isyieldable" then t(name, coroutine[name]) t(name, coroutine[name], nil) end
end
t("yield outside", coroutine.yield, 1) t("running", function() return select("#", coroutine.running()) end) t("create native", coroutine.create, print) t("wrap native", coroutine.wrap, print)
print(coroutine.isyieldable(), coroutine.isyieldable(coroutine.running()))

print "-- require"
local trace = {}
local folder = os.tmpname()
os.remove(folder)
local function clean(text) return (tostring(text):gsub(folder:gsub("%p", "%%%0"), "FOLDER")) end
local function write(name, text) local f = assert(io.open(folder .. name, "w")) f:write(text) f:close() end
write("one.lua", "local name, path = ... return { name = name, path = path }")
write("nothing.lua", "loads = (loads or 0) + 1")
write("false.lua", "loads = (loads or 0) + 1 return false")
write("own.lua", "package.loaded[...] = 'set by itself'")
write("both.lua", "package.loaded[...] = 'own' return 'returned'")
write("fails.lua", "error 'while loading'")
write("fails2.lua", "error({})")
write("syntax.lua", "x = = 1")
write("cycle1.lua", "local other = require 'cycle2' return { other = other }")
write("cycle2.lua", "local ok, m = pcall(require, 'cycle1') return { ok = ok, m = tostring(m) }")
package.path = folder .. "?.lua"
package.searchers[4], package.searchers[3] = nil, nil
local one, extra = require "one"
print(one.name, clean(one.path), clean(extra), require "one" == one, package.loaded.one == one, select("#", require "one"))
print(require "nothing", package.loaded.nothing, loads, require "nothing", loads)
print(require "false", package.loaded["false"], loads, (require "false"), loads)
print((require "own"), (require "both"), package.loaded.both)
for _, name in ipairs { "fails", "fails2", "syntax", "missing", "missing.deep", "", "one.x" } do print(name, (clean(select(2, pcall(require, name))):gsub("0x%x+", "ADDRESS"))) end
package.loaded.one = nil
print(require "one" ~= one)
package.loaded.one = false
print(type(require "one"))
package.preload.early = function(...) print("preload", ...) return "early value" end
print(require "early") print(require "early")
package.preload.early2 = function() end
print(require "early2")
package.preload.bad = 5
print((clean(select(2, pcall(require, "bad")))))
t("none", require) t("nil", require, nil) print(clean(try(require, 5))) t("table", require, {})

print "-- package.searchpath"
local sp = package.searchpath
print(clean(sp("one", folder .. "?.lua")), clean(sp("one", "x/?;" .. folder .. "?.lua;y/?")), list(sp("none", "a/?;b/?.x")), list(sp("a.b.c", "?.lua;?/?", ".", "/")))
print(list(sp("a.b", "?", "", "")), list(sp("a-b", "?", "-", "+")), list(sp("x", "")), list(sp("x", ";;")), list(sp("x", "none")), list(sp("a.b", "?_?", ".", "%")))
t("one", sp, "x") t("nil", sp, "x", nil) t("number", sp, 1, 2)

print "-- the package table"
print(package.config) print(type(package.path), type(package.cpath), type(package.loaded), type(package.preload), type(package.searchers), type(package.loadlib))
print(package.loaded._G == _G, package.loaded.string == string, package.loaded.package == package, debug.getregistry()._LOADED == package.loaded, debug.getregistry()._PRELOAD == package.preload)
print((select(2, pcall(require, "x.y")):gsub("\n.*", "")))
table.insert(package.searchers, 1, function(name) if name == "virtual" then return function(...) return "virtual module", ... end, "data" end return "\n\tno virtual '" .. name .. "'" end)
print(require "virtual") print(package.loaded.virtual)
print(clean((select(2, pcall(require, "unknown")))))
package.searchers[1] = function() return 5 end
print(clean((select(2, pcall(require, "unknown")))))
package.searchers[1] = function() error("in searcher", 0) end
print(clean((select(2, pcall(require, "unknown")))))
package.searchers = {}
print(pcall(require, "unknown"))
package.searchers = nil
print(pcall(require, "unknown"))
package.path = 5
package.searchers = { function() return nil end }
print(pcall(require, "unknown"))
for _, name in ipairs { "one", "nothing", "false", "own", "both", "fails", "fails2", "syntax", "cycle1", "cycle2" } do os.remove(folder .. name .. ".lua") end
