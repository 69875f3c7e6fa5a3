-- The module `lfs`. (To record the answers lua5.4 needs LuaFileSystem 1.8.)
local lfs = require "lfs"

local home = lfs.currentdir()
local root = os.tmpname()
os.remove(root)

-- Calls and prints, without what differs from run to run.
local function t(f, ...)
  local results = table.pack(pcall(f, ...))
  for i = 1, results.n do
    local text = tostring(results[i]):gsub(root, "ROOT", 1):gsub("0x%x+", "0x")
    results[i] = text
  end
  print(table.concat(results, "\t", 2), results[1] == "false" and "thrown" or "")
end
local function keys(of)
  local names = {}
  for name, value in pairs(of) do names[#names + 1] = name .. ":" .. (math.type(value) or type(value)) end
  table.sort(names)
  print(table.concat(names, " "))
end
local function write(name, text)
  local file <close> = assert(io.open(name, "w"))
  file:write(text)
end

print(lfs._VERSION)
keys { attributes = lfs.attributes, chdir = lfs.chdir, currentdir = lfs.currentdir, dir = lfs.dir, link = lfs.link, lock = lfs.lock,
  lock_dir = lfs.lock_dir, mkdir = lfs.mkdir, rmdir = lfs.rmdir, setmode = lfs.setmode, symlinkattributes = lfs.symlinkattributes,
  touch = lfs.touch, unlock = lfs.unlock }
print(package.loaded.lfs == lfs, rawget(_G, "lfs") == lfs)

-- Folders.
t(lfs.mkdir, root) t(lfs.mkdir, root) t(lfs.mkdir, root .. "/no/where") t(lfs.mkdir) t(lfs.mkdir, {})
t(lfs.chdir, root)
t(lfs.currentdir) t(lfs.currentdir, 1)
t(lfs.chdir, "nowhere") t(lfs.chdir, root .. "/nowhere") t(lfs.chdir) t(lfs.chdir, {}) t(lfs.chdir, nil)
t(lfs.mkdir, "sub") t(lfs.attributes, "sub", "permissions") t(lfs.attributes, "sub", "mode")
t(lfs.rmdir, "sub") t(lfs.rmdir, "sub") t(lfs.rmdir) t(lfs.rmdir, 1)
t(lfs.mkdir, 12) t(lfs.rmdir, 12) t(lfs.mkdir, "cut\0off") t(lfs.rmdir, "cut")

-- Attributes.
write("file", "hello")
keys(lfs.attributes("file"))
t(lfs.attributes) t(lfs.attributes, nil) t(lfs.attributes, {}) t(lfs.attributes, 1)
t(lfs.attributes, "file", "unknown") t(lfs.attributes, "file", 3) t(lfs.attributes, "file", "target") t(lfs.attributes, "file", "")
t(lfs.attributes, "nowhere") t(lfs.attributes, "nowhere", "size") t(lfs.attributes, "nowhere", "unknown") t(lfs.attributes, "nowhere", {})
t(lfs.attributes, "file/x", "mode") t(lfs.attributes, "", "mode")
for _, name in ipairs { "mode", "size", "permissions", "nlink", "rdev" } do t(lfs.attributes, "file", name) end
for _, name in ipairs { "blksize", "blocks", "dev", "ino", "uid", "gid", "access", "modification", "change" } do
  print(name, math.type(lfs.attributes("file", name)), lfs.attributes("file", name) == lfs.attributes("file")[name])
end
print(type(lfs.attributes("file", true)), type(lfs.attributes("file", nil)), type(lfs.attributes("file", print)))
local given = { extra = 1 }
print(lfs.attributes("file", given) == given, given.extra, given.size)
t(lfs.attributes, "file", setmetatable({}, { __newindex = function() error("hook", 0) end }))
t(lfs.attributes, "/dev/null", "mode")
local function mode(bits)
  os.execute("chmod " .. bits .. " file")
  print(bits, lfs.attributes("file", "permissions"))
end
for _, bits in ipairs { "000", "751", "4755", "2644", "1777", "7000", "7777", "421", "124", "222" } do mode(bits) end
mode("644")
os.execute("mkfifo pipe")
t(lfs.attributes, "pipe", "mode")

-- Times.
t(lfs.touch, "file", 1000, 2000) t(lfs.attributes, "file", "access") t(lfs.attributes, "file", "modification")
t(lfs.touch, "file", 3000) t(lfs.attributes, "file", "access") t(lfs.attributes, "file", "modification")
t(lfs.touch, "file", 4000, nil) t(lfs.attributes, "file", "modification")
t(lfs.touch, "file", nil, 5000) t(lfs.attributes, "file", "modification")
t(lfs.touch, "file", 6000.75, 7000.25) t(lfs.attributes, "file", "access") t(lfs.attributes, "file", "modification")
t(lfs.touch, "file", -10, "-20") t(lfs.attributes, "file", "access") t(lfs.attributes, "file", "modification")
t(lfs.touch, "file", -1.5) t(lfs.attributes, "file", "access")
t(lfs.touch, "file", "x") t(lfs.touch, "file", 1, {}) t(lfs.touch) t(lfs.touch, "nowhere") t(lfs.touch, "nowhere", 1)
t(lfs.touch, "file", true) t(lfs.touch, "file", 8000.5) t(lfs.attributes, "file", "access") t(lfs.touch, "file", "7e3") t(lfs.touch, "file", nil)
t(lfs.attributes, "file", "access")
print(lfs.touch("file"), math.abs(os.time() - lfs.attributes("file", "modification")) <= 1)

-- Links.
t(lfs.link, "file", "hard") t(lfs.link, "file", "hard") t(lfs.attributes, "hard", "nlink")
t(lfs.link, "file", "soft", true) t(lfs.link, "file", "soft", true) t(lfs.link, "file", "softer", 0)
t(lfs.link, "file", "hard2", false) t(lfs.link, "file", "hard3", nil)
t(lfs.link, "nowhere", "no") t(lfs.link, "nowhere", "broken", true) t(lfs.link, "file", "no/where", true)
t(lfs.link, "file") t(lfs.link) t(lfs.link, nil, "x") t(lfs.link, "file", {})
t(lfs.symlinkattributes, "soft", "mode") t(lfs.attributes, "soft", "mode") t(lfs.symlinkattributes, "soft", "target")
t(lfs.symlinkattributes, "softer", "target") t(lfs.symlinkattributes, "hard3", "mode")
t(lfs.symlinkattributes, "soft", "permissions") t(lfs.symlinkattributes, "soft", "size")
t(lfs.attributes, "broken") t(lfs.symlinkattributes, "broken", "mode") t(lfs.symlinkattributes, "broken", "target")
keys(lfs.symlinkattributes("broken"))
keys(lfs.symlinkattributes("file"))
t(lfs.symlinkattributes, "file", "target") t(lfs.symlinkattributes, "nowhere", "target") t(lfs.symlinkattributes, "nowhere")
t(lfs.symlinkattributes, "soft", "unknown") t(lfs.symlinkattributes) t(lfs.symlinkattributes, "nowhere", "size")
print(lfs.symlinkattributes("soft", given) == given, given.target, given.mode)
t(lfs.attributes, "soft", "target")

-- Listing.
local function names(...)
  local found = {}
  for name in lfs.dir(...) do found[#found + 1] = name end
  table.sort(found)
  return table.concat(found, " ")
end
print(names("."), names(root) == names("."))
t(lfs.dir, "nowhere") t(lfs.dir, "file") t(lfs.dir) t(lfs.dir, {}) t(lfs.dir, "")
local step, list, control, closing = lfs.dir(root)
print(select("#", lfs.dir(".")), type(step), type(list), control, list == closing, (tostring(list):gsub("0x%x+", "0x")))
keys(getmetatable(list)) print(getmetatable(list).__name) keys(getmetatable(list).__index)
print(type(list:next()), type(step(list)))
t(list.close, list) t(list.close, list) t(list.next, list) t(step, list) t(step) t(step, 1) t(step, io.stdout)
do
  local step, list = lfs.dir(root)
  local count = 0
  while step(list) do count = count + 1 end
  print(count)
  t(step, list) t(list.close, list)
end
local kept
for name in lfs.dir(root) do break end
do
  local _, list <close> = lfs.dir(root)
  kept = list
end
t(kept.next, kept)
do
  local _, _, _, list = lfs.dir(root)
  getmetatable(list).__gc(list)
  t(list.next, list)
end

-- Locks.
local file = assert(io.open("locked", "w+"))
file:write("text"):flush()
t(lfs.lock, file, "w") t(lfs.unlock, file) t(lfs.lock, file, "r") t(lfs.lock, file, "r", 0, 1) t(lfs.lock, file, "r", 1.0, 2)
t(lfs.unlock, file, 0, 1) t(lfs.lock, file, "write") t(lfs.lock, file, "read")
t(lfs.lock, file, "r", "x") t(lfs.lock, file, "r", 0.5) t(lfs.lock, file, "") t(lfs.lock, file, "x") t(lfs.lock, file) t(lfs.lock, file, 1) t(lfs.lock, file, "r", -1)
t(lfs.lock) t(lfs.lock, "locked", "w") t(lfs.lock, {}, "w") t(lfs.unlock) t(lfs.unlock, {}) t(lfs.unlock, file, "x")
local reader = assert(io.open("locked", "r"))
t(lfs.lock, reader, "w") t(lfs.lock, reader, "r") t(lfs.unlock, reader)
reader:close()
t(lfs.lock, reader, "r") t(lfs.unlock, reader) t(lfs.setmode, reader, "text")
t(lfs.setmode, file, "binary") t(lfs.setmode, file, "text") t(lfs.setmode, file, "x") t(lfs.setmode, file) t(lfs.setmode)
t(lfs.setmode, file, 3) t(lfs.setmode, "locked", "text") t(lfs.setmode, file, "text", "more")
file:close()

file = assert(io.open("locked", "w"))
t(lfs.lock, file, "r") t(lfs.lock, file, "u") t(lfs.lock, file, "x", "y") t(lfs.lock, reader, {}) t(lfs.setmode, reader, "x")
local pipe = io.popen("cat", "w")
t(lfs.lock, pipe, "r") t(lfs.setmode, pipe, "text")
pipe:close()
file:close()
print(select(2, pcall(function() lfs.lock(file) end)))
print(select(2, pcall(function() lfs.dir("nowhere") end)))
print(select(2, pcall(function() local _, list = lfs.dir("."); list:close() list:next() end)))
print(select(2, pcall(function() local _, list = lfs.dir("."); list.next(1) end)))
print(select(2, pcall(function() lfs.attributes("file", "unknown") end)))
print(select(2, pcall(function() lfs.attributes() end)))

-- Lock files.
local lock, message = lfs.lock_dir(root)
print(type(lock), message, (tostring(lock):gsub("0x%x+", "0x")))
keys(getmetatable(lock)) print(getmetatable(lock).__name) keys(getmetatable(lock).__index or {})
t(lfs.symlinkattributes, "lockfile.lfs", "mode")
print(lfs.symlinkattributes("lockfile.lfs", "target") == lfs.symlinkattributes(root .. "/lockfile.lfs").target)
t(lfs.lock_dir, root) t(lfs.lock_dir, root, 1000) t(lfs.lock_dir) t(lfs.lock_dir, "nowhere") t(lfs.lock_dir, root, "x") t(lfs.lock_dir, {})
t(lock.free, lock) t(lfs.symlinkattributes, "lockfile.lfs", "mode") t(lock.free, lock) t(lock.free) t(lock.free, kept) t(lock.free, {})
do
  local lock = lfs.lock_dir(root)
  print(lfs.symlinkattributes("lockfile.lfs", "mode"))
  getmetatable(lock).__gc(lock)
end
t(lfs.symlinkattributes, "lockfile.lfs", "mode")

t(lfs.rmdir, root) t(lfs.rmdir, "file")
for name in lfs.dir(root) do
  if name ~= "." and name ~= ".." then assert(os.remove(root .. "/" .. name)) end
end
print(names("."))
assert(lfs.chdir(home))
t(lfs.rmdir, root)
t(lfs.dir, root)
