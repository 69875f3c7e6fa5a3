-- Penlight: paths, folders and files, which it does by LuaFileSystem.
local show = require "show"
local path, dir, file, utils = require "pl.path", require "pl.dir", require "pl.file", require "pl.utils"
local List, app = require "pl.List", require "pl.app"

local root = path.tmpname()
os.remove(root)
local function tidy(text) return (tostring(text):gsub(root, "ROOT")) end

show(path.splitpath "/a/b/c.txt") show(path.splitext "x/y.tar.gz") show(path.dirname "/a/b", path.basename "/a/b", path.extension "a.lua", path.isabs "/a", path.isabs "a")
show(path.join("a", "b", "c.lua"), path.join("a", "/b"), path.normpath "/a/./b/../c//d", path.normpath "../x/..", path.relpath("/a/b/c", "/a/d"), path.abspath("x", "/a"), path.common_prefix("/a/b/c", "/a/b/d"), path.normcase "A/B", path.format_path and 1)
show(path.expanduser "~" == os.getenv "HOME", path.exists "/no/such", path.isdir "/", path.package_path "pl.path", pcall(path.join, "a", 5))

assert(path.mkdir(root))
show(path.isdir(root), path.exists(root) == root, tidy(select(2, path.mkdir(root))))
show(dir.makepath(path.join(root, "one/two/three")))
show(file.write(path.join(root, "a.txt"), "some text\n"), file.write(path.join(root, "one/b.lua"), "return 1\n"), file.write(path.join(root, "one/two/c.txt"), ("x"):rep(1000)))
show(file.read(path.join(root, "a.txt")), path.getsize(path.join(root, "one/two/c.txt")), path.isfile(path.join(root, "a.txt")), path.islink(path.join(root, "a.txt")))
show(type(path.getmtime(root)), type(path.getatime(root)), type(path.getctime(root)), path.attrib(root, "mode"), path.link_attrib(root, "mode"), type(file.access_time(root)), type(file.modified_time(root)), file.size and 1, type(file.creation_time(root)))
show(file.copy(path.join(root, "a.txt"), path.join(root, "one/copy.txt")), file.move(path.join(root, "one/copy.txt"), path.join(root, "one/moved.txt")), file.read(path.join(root, "one/moved.txt")))
show(tidy(select(2, file.read(path.join(root, "missing")))), tidy(select(2, file.copy(path.join(root, "missing"), root .. "/x"))))
show(dir.getfiles(root):sort():map(path.basename), dir.getdirectories(root):map(path.basename), List(dir.getallfiles(root)):sort():map(tidy), List(dir.getallfiles(root, "*.txt")):sort():map(path.basename))
show(dir.fnmatch("a.txt", "*.txt"), dir.fnmatch("ab", "a?"), dir.filter({ "x.c", "y.h" }, "*.c"), #dir.getfiles(root, "*.none"))
local seen = List {}
for where, folders, files in dir.walk(root) do seen:append(tidy(where) .. " " .. table.concat(List(folders):sort(), ",") .. " " .. table.concat(List(files):sort(), ",")) end
show(seen:sort())
local up = List {}
for where in dir.walk(root, true) do up:append(tidy(where)) end
show(#up, up[#up])
local tree = List {}
for name, folder in dir.dirtree(root) do tree:append(tidy(name) .. tostring(folder)) end
show(tree:sort())
show(dir.clonetree(path.join(root, "one"), path.join(root, "clone"), dir.copyfile) ~= nil, List(dir.getallfiles(path.join(root, "clone"))):sort():map(tidy))
show(dir.copyfile(path.join(root, "a.txt"), path.join(root, "copied")), dir.movefile(path.join(root, "copied"), path.join(root, "moved")), path.exists(path.join(root, "copied")))

local before = path.currentdir()
show(path.chdir(root), tidy(path.currentdir()), tidy(path.abspath "a.txt"), tidy(path.relpath(root .. "/one/b.lua")), dofile "one/b.lua")
show(path.chdir(before), path.chdir(root .. "/nowhere") == nil)
utils.writefile(path.join(root, "lines"), "one\ntwo\n\nfour")
show(utils.readlines(path.join(root, "lines")), utils.readfile(path.join(root, "lines"), true), tidy(select(2, utils.readfile(path.join(root, "missing")))))
for line in io.lines(path.join(root, "lines"), "L") do io.write(("%q "):format(line)) end
print()
show(utils.executeex "echo out; echo err >&2; exit 4")
show(app.script_name() == arg[0], app.lua() ~= nil, type(app.appfile "x"))
show.call(dir.getfiles, path.join(root, "nowhere") and "nowhere") show.call(dir.rmtree, "nowhere") show.call(dir.copyfile, 1)
show(file.delete(path.join(root, "a.txt")), path.rmdir(path.join(root, "one")) == nil, dir.rmtree(root), path.exists(root))
