local t = dofile "tests/stdlib/lib/show.lua"

t(require) t(package.searchpath, "a.b", "./?.lua;./?/x.lua") t(package.searchpath, "a.b", "./?.lua", "", "")
t(package.searchpath, "a.b", "?;?", ".", "+") t(package.searchpath, "a", "") t(package.searchpath, "stdlib/lib/show", "x?;tests/?.lua")
print(package.config)
package.preload.zz = function(...) print(...) return nil end
t(require, "zz") t(require, "zz")
package.preload.yy = function() error("boom", 0) end
t(require, "yy")
package.preload.xx = function() return { 1 } end
print(require "xx" == require "xx", package.loaded.xx[1])
package.preload.ww = function() package.loaded.ww = "own" end
t(require, "ww")
package.path = "tests/stdlib/lib/?.lua"
print(select(2, require "show"), require "show" == package.loaded.show)
print(package.loaded._G == _G, package.loaded.string == string, package.loaded.package == package)
do
  local name = os.tmpname()
  local file = io.open(name, "w")
  file:write "x ="
  file:close()
  package.path = "?"
  local ok, message = pcall(require, name)
  print(ok, (message:gsub(name, "NAME")))
  os.remove(name)
end
table.insert(package.searchers, 2, function(name) return function(...) return select("#", ...) .. ... end, "extra" end)
t(require, "anything")
package.path = nil
package.searchers[2] = function() return nil end
t(require, "kk")
package.searchers = nil
t(require, "kkk")
