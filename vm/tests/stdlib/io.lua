local t = dofile "tests/stdlib/lib/show.lua"

local name = os.tmpname()
local function clean(text) return (tostring(text):gsub(name, "NAME", 1):gsub("0x%x+", "ADDRESS")) end
local function show(...)
  local results = table.pack(...)
  for i = 1, results.n do results[i] = clean(results[i]) end
  print(table.concat(results, " | "))
end

t(io.open, "/nonexistent") t(io.open, name, "q") t(io.open, name, "rw") t(io.open, name, "") t(io.open)
t(io.lines, "/nonexistent") t(io.input, "/nonexistent") t(io.output, {}) t(io.popen, "true", "q") t(io.type) t(io.read, "q")
t(io.lines, {})
print(io.type(io.stdout), io.type(1), io.output() == io.stdout, io.input() == io.stdin)
show(io.stdout) show(io.close())

local file = assert(io.open(name, "w"))
show(file) show(io.type(file)) show(file:read "l") show(file:seek()) show(file:write("one\n", 2, "\n", 3.5, "\n", 1.0, "\n", -0.0, "\n"))
t(file.write, file, {}) t(file.write, 1) t(file.write) t(file.read) t(file.seek, file, "bad") t(file.seek, file, "set", -1)
show(file:seek "cur") show(file:setvbuf("full", 1024)) show(file:setvbuf "no") show(file:setvbuf "line") t(file.setvbuf, file, "x")
show(file:flush()) show(file:close()) t(file.close, file) t(file.read, file) t(file.lines, file) show(file) show(io.type(file))
t(function() return file:write "x" end)

for line in io.lines(name) do io.write("[", line, "]") end
print()
for line in io.lines(name, "L") do io.write("[", line, "]") end
print()
for a, b in io.lines(name, 1, "l") do io.write("[", a, "|", tostring(b), "]") end
print()
print(select("#", io.lines(name)))

file = assert(io.open(name, "r+"))
show(file:read("n", "l", "n")) show(file:read("l", "n", "n")) show(file:read "a") show(file:read "a") show(file:read "l") show(file:read(0))
show(file:seek "set") show(file:read(0)) show(file:read(3, 1, 1)) show(file:read "*l") show(file:read "*L") show(file:seek "cur")
show(file:seek("end", -4)) show(file:read "a") show(file:seek("set", 2)) show(file:write "E") show(file:seek "set") show(file:read "a")
t(file.read, file, "x") t(file.read, file, "n", "x") t(function() return file:read "x" end)
t(function() return file:seek("set", "x") end) t(function() return file:bad() end) t(function() return #file end)
t(function() file.x() end) t(file.lines, file, table.unpack({}, 1, 251))
do
  local iterator = file:lines()
  file:close()
  t(iterator)
end

file = assert(io.open(name, "w"))
file:write("0x1F -3.5e2 abc 1e 12 .5 5. 0x.8p1 - +7 1e+ 0x nan\n99999999999999999999 ", ("9"):rep(250), " 1")
file:close()
file = assert(io.open(name))
for _ = 1, 16 do
  local number = file:read "n"
  io.write(tostring(number), " ", tostring(math.type(number)), ", ")
  if not number then io.write("(", tostring(file:read(1)), ") ") end
end
print()
show(file:write "x") show(file:flush())
file:close()

file = assert(io.open(name, "a+"))
file:seek("set", 0)
file:write("appended")
file:seek("set", 0)
print(file:read "a":sub(-8))
file:close()
print(#("x"):rep(1e5), (function()
  local big = assert(io.open(name, "w"))
  for i = 1, 20000 do big:write(i, ",") end
  big:close()
  local back = assert(io.open(name)):read "a"
  return #back, back:sub(-12)
end)())

io.output(name)
io.write("through the default")
show(io.output()) show(io.output():close()) t(io.write, "x") t(io.output) t(io.close)
io.output(io.stdout)
io.input(name)
show(io.read(7)) show(io.read "a") show(io.read "l") io.input():close() t(io.read)
io.input(io.stdin)
for line in io.lines(name) do print(line) end
do
  local closed <close> = assert(io.open(name))
end

local temporary = io.tmpfile()
show(temporary:write "abc") show(temporary:seek "set") show(temporary:read "a") show(temporary:close())
show(io.popen "echo hi; exit 2":read "a")
show(io.popen "exit 3":close()) show(io.popen "kill -9 $$":close()) show(io.popen "exit 0":close())
do
  local sink = io.popen("cat > " .. name, "w")
  sink:write "from a pipe" show(sink:close())
  show(io.open(name):read "a")
end
show(io.open "/tmp":read "a")
print(getmetatable(io.stdout).__name)
print(os.remove(name))
show(os.remove(name))
