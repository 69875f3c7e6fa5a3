-- luarocks: the modules of its core that need no other program.
local show = require "show"
local cfg = require "luarocks.core.cfg"
assert(cfg.init())
local vers, util, dir = require "luarocks.core.vers", require "luarocks.util", require "luarocks.dir"
local persist, fun, queries = require "luarocks.persist", require "luarocks.fun", require "luarocks.queries"
local corepath, path = require "luarocks.core.path", require "luarocks.path"
local type_check, type_rockspec = require "luarocks.type_check", require "luarocks.type.rockspec"
local type_manifest = require "luarocks.type.manifest"

-- Versions and constraints
local versions = { "1.0-1", "1.0-2", "1.0.1-1", "1.10-1", "1.9-1", "2.0rc1-1", "2.0-1", "2.0beta-1", "scm-1", "dev-1", "1.0alpha2-1", "v0.1.1" }
table.sort(versions, vers.compare_versions)
show(versions)
for _, version in ipairs(versions) do show(version, tostring(vers.parse_version(version))) end
for _, query in ipairs { "lua >= 5.1, < 5.4", "penlight ~> 1.5", "a == 1.0-1", "b ~= 2", "ns/name > 3", "plain", "x @1.0", "bad >> 1", "y 1.0" } do
  local ok, parsed, message = pcall(queries.from_dep_string, query)
  if not ok then parsed, message = nil, parsed end
  show(query, parsed and parsed.name, parsed and parsed.namespace, parsed and #parsed.constraints, message, parsed and tostring(parsed))
  if parsed then
    local hits = {}
    for _, version in ipairs { "1.0-1", "1.5.2-1", "2-1", "3.1-1", "5.1-1", "5.3-1", "5.4-1" } do
      if vers.match_constraints(vers.parse_version(version), parsed.constraints) then hits[#hits + 1] = version end
    end
    show(hits)
  end
end
show(queries.new("name", "ns", "1.0", true, "src", ">="), queries.all("src") ~= nil)

-- Utilities
show(util.keys { x = 1 }, util.deep_copy { { 1 } }, util.split_string("a;b;c", ";"), util.cleanup_path("a/?.lua;b/?.lua;a/?.lua", ";", "5.4", true), util.matchquote "a.b-c", util.LQ "a]]b", util.starts_with("abc", "ab"), util.format_rock_name("n", "ns", "1-1"))
local merged = { a = { b = 1 }, c = 1 }
util.deep_merge(merged, { a = { d = 2 }, c = 3 })
util.deep_merge_under(merged, { a = { b = 9 }, e = 5 })
show(merged, util.split_namespace "ns/name")
for key, value in util.sortedpairs({ b = 2, a = 1, [3] = 3 }) do io.write(tostring(key), "=", tostring(value), " ") end
for key in util.sortedpairs({ b = 2, a = 1, c = { 1 } }, { "c", "a" }) do io.write(tostring(key), " ") end
print()
local substituted = { "$(PREFIX)/lib", nested = { "$(NAME)", "$(MISSING)" } }
util.variable_substitutions(substituted, { PREFIX = "/usr", NAME = "n" })
show(substituted, util.show_table({ 1, { a = "b" } }, "shown"))
show(util.title("A title", false, "="), util.title("Short", true))
local order = {}
util.schedule_function(function(x) order[#order + 1] = x end, "first")
local item = util.schedule_function(function(x) order[#order + 1] = x end, "removed")
util.schedule_function(function(x) order[#order + 1] = x end, "last")
util.remove_scheduled_function(item) util.run_scheduled_functions()
show(order)
for version in util.lua_versions "descending" do io.write(version, " ") end
print()
show(fun.concat({ 1 }, { 2 }), fun.contains({ 1, 2 }, 2), fun.map({ 1, 2 }, tostring), fun.filter({ 1, 2, 3 }, function(v) return v > 1 end), fun.traverse({ 1, { 2 } }, function(v) return v end), fun.reverse_in { 1, 2, 3 }, fun.sort_in({ 3, 1 }, function(a, b) return a < b end), fun.flip(function(a, b) return a - b end)(1, 5), fun.find({ 1, 2 }, function(v) return v == 2 and v end), fun.partial(math.max, 4)(2), fun.memoize(function(v) return v * 2 end)(4))
show(dir.path("a", "b/", "/c"), dir.split_url "https://x.org/a", dir.split_url "a/b", dir.split_url "file://x", dir.normalize "a/./b/../c//d", dir.base_name "/a/b.c", dir.dir_name "/a/b.c", dir.is_basic_protocol "https", dir.is_basic_protocol("git+https"), dir.deduce_base_dir "https://x/y-1.0.tar.gz", dir.path "")
show(corepath.rocks_dir "/tree", corepath.versioned_name("f.lua", "/p", "n", "1-1"), corepath.path_to_module "a/b/init.lua", corepath.path_to_module("x.lua"), corepath.deploy_lua_dir "/tree", path.rockspec_name_from_rock "n-1.0-1.src.rock", path.parse_name "n-1.0-1.all.rock", path.make_url("http://x", "n", "1-1", "src"), path.module_to_path "a.b")

-- Files of settings
local text = persist.save_from_table_to_string({ name = "x", list = { 1, 2, { deep = true } }, ["odd key"] = "multi\nline", number = 1.5, flag = false }, { "name", "list" })
print(text)
local name = os.tmpname()
show(persist.save_from_table(name, { a = 1, b = { "c" } }), persist.load_into_table(name), persist.save_as_module(name, { m = 1 }), dofile(name))
local file = io.open(name, "w") file:write "x = = 1" file:close()
show((select(2, persist.load_into_table(name)):gsub(name, "NAME")), (select(2, persist.load_into_table(name .. "no")):gsub(name, "NAME")))
os.remove(name)

-- Rockspecs and manifests are checked against their types
local spec = { package = "p", version = "1.0-1", rockspec_format = "1.0", source = { url = "git://x" }, description = { summary = "s" }, dependencies = { "lua >= 5.1" }, build = { type = "builtin", modules = { p = "p.lua" } } }
show(type_rockspec.check(spec, {}))
for _, change in ipairs { { "package", 1 }, { "version", "no revision" }, { "source", {} }, { "unknown", true }, { "dependencies", { 1 } }, { "build", { type = "builtin", modules = { 1, 2 } } }, { "rockspec_format", "9.0" } } do
  local changed = util.deep_copy(spec)
  changed[change[1]] = change[2]
  show(change[1], type_rockspec.check(changed, {}))
end
show(type_manifest.check({ repository = {}, modules = {}, commands = {} }, {}), type_manifest.check({ repository = 1 }, {}))
show(type_check.magic_PATTERN and 1, type_check.check_undeclared_globals({ x = 1, y = 2 }, { x = true }))
show(cfg.program_version, cfg.lua_version, type(cfg.init))
