-- § 6.8: files: modes, formats of read, seek, buffering, default files, lines, errors.
local s = dofile "tests/conformance/lib/show.lua"
local show, list, try, t = s.show, s.list, s.try, s.t
local name = os.tmpname()
local function clean(text) return (tostring(text):gsub(name:gsub("%p", "%%%0"), "NAME"):gsub("file %(0x%x+%)", "file (ADDRESS)")) end
local function c(f, ...) print(clean(try(f, ...))) end
local function write(text, mode) local f = assert(io.open(name, mode or "wb")) f:write(text) f:close() end
local function content() local f = assert(io.open(name, "rb")) local text = f:read "a" f:close() return text end

print "-- open: modes"
os.remove(name)
for _, mode in ipairs { "r", "r+", "rb", "w", "w+", "a", "a+", "wb", "r+b", "rb+", "", "x", "rw", "r++", "b", "R", "w ", "+r" } do
  c(io.open, name, mode)
end
for _, mode in ipairs { "r", "r+", "w", "w+", "a", "a+" } do
  write "line one\nline two\n"
  local f = io.open(name, mode)
  print(mode, list(f:read "l"), list(f:write "X"), f:close(), show(content()))
end
c(io.open) c(io.open, nil) c(io.open, {}) c(io.open, "/nonexistent/x") c(io.open, "/") c(io.open, "/", "w") c(io.open, name, {}) c(io.open, name, nil)

print "-- read formats"
write "first line\nsecond\n\n42 0x1F -3.5e1 abc\n  7last"
local f = io.open(name)
print(list(f:read()), list(f:read "l"), list(f:read "L"), list(f:read("n", "n", "n")), list(f:read "n"), list(f:read "l"), list(f:read("n", 2, "a")), list(f:read "a"), list(f:read "l"), list(f:read "n"), list(f:read(0)), list(f:read(1)))
f:seek "set"
print(list(f:read(5)), list(f:read(0)), list(f:read(1, 2, "L")), list(f:read "*l"), list(f:read "*L"), list(f:read "*n"), list(f:read "*a"))
for _, format in ipairs { "x", "", "*", "*x", "ll", "nl", 1.5, {}, true, "5" } do f:seek "set" c(f.read, f, format) end
f:close()
for _, text in ipairs { "", "\n", "\n\n", "a", "a\n", "a\nb", "a\r\nb\r\n", "\0\n\0", ("x"):rep(5000) .. "\nend" } do
  write(text)
  local out = {}
  for line in io.lines(name) do out[#out + 1] = #line > 20 and #line or show(line) end
  local f = io.open(name)
  print(#text > 20 and #text or show(text), table.concat(out, " "), (list(f:read "L"):gsub("x+", "x")), list(f:seek "cur"), #f:read "a", list(f:read "a"), list(f:read "l"))
  f:close()
end
for _, text in ipairs { "12", " 12 ", "+5", "-7", "1.5", ".5", "5.", "1e3", "1E-2", "1e", "1e+", "0x", "0x10", "0X1p4", "0x.8", "0x1p", "abc", "1a", "--1", "+", ".", "", "nan", "inf", "1.2.3", "1 2", "99999999999999999999", "9223372036854775807", "0x1ffffffffffffffff", ("1"):rep(199), ("1"):rep(200), ("1"):rep(201), "1e400", "\t\n 8", "1,5", "0b1", "1_0", "- 1", "0xg" } do
  write(text)
  local f = io.open(name)
  print(#text > 30 and #text or show(text), list(f:read "n"), list(f:read "a"))
  f:close()
end

print "-- write"
f = io.open(name, "w")
print(f:write() == f, f:write("a", 1, 1.5, -0.0, 2 ^ 53, math.maxinteger) == f)
for _, bad in ipairs { {}, true, print } do c(f.write, f, "x", bad) end
c(f.write, f, nil) c(f.write) c(f.write, 1) f:close() print(show(content()))
c(f.write, f, "x") c(f.read, f) c(f.seek, f) c(f.flush, f) c(f.close, f) c(f.lines, f) c(f.setvbuf, f, "no") print(clean(f), io.type(f))
f = io.open(name, "r") c(f.write, f, "x") f:close()
f = io.open(name, "w") c(f.read, f, "a") c(f.read, f, "n") c(f.lines(f)) f:close()

print "-- seek"
write "0123456789"
f = io.open(name, "r+")
for _, args in ipairs { {}, { "cur" }, { "set", 3 }, { "cur", 2 }, { "cur", -4 }, { "end" }, { "end", -3 }, { "end", 5 }, { "set" }, { "set", -1 }, { "set", 1.0 }, { "set", "2" }, { "set", 1.5 }, { "bad" }, { "set", {} }, { 5 }, { nil, 5 }, { "cur", nil } } do print(list(table.unpack(args)), clean(try(f.seek, f, table.unpack(args, 1, 2))), list(f:seek()), list(f:read(1))) end
f:seek("set", 12) f:write "end" f:close() print(show(content()))
f = io.open(name, "r+") f:read(2) f:seek("cur", 0) f:write "XY" f:seek("cur", 0) print(f:read(2)) f:close() print(show(content()))
f = io.open(name, "a+") f:seek "set" f:write "APP" f:seek("set", 0) print(f:read(3)) f:close() print(show(content()))

print "-- buffering, type, close, garbage"
f = io.open(name, "w")
for _, args in ipairs { { "no" }, { "full" }, { "line" }, { "full", 1024 }, { "bad" }, { "no", "x" }, {} } do c(f.setvbuf, f, table.unpack(args)) end
print(f:flush() == f, io.type(f), io.type(io.stdin), io.type(5), clean(try(io.type)), io.type(nil), f:close(), io.type(f))
do local g <close> = io.open(name) print(io.type(g)) f = g end print(io.type(f))
t("fields", function() return type(f.read), type(f.write), type(f.lines), type(f.seek), type(f.close), type(f.flush), type(f.setvbuf), f.nothing, getmetatable(f).__name, type(getmetatable(f).__close), type(getmetatable(f).__index) end)
c(function() return f.x.y end) c(function() f.x = 1 end) c(function() return #f end) c(function() return f < f end) c(function() return f() end) c(function() return f .. "x" end)

print "-- lines"
write "a 1\nb 2\nc 3"
local function all(...) local out = {} for a, b, c in ... do out[#out + 1] = list(a, b, c) end return table.concat(out, "; ") end
print(all(io.lines(name))) print(all(io.lines(name, "L"))) print(all(io.lines(name, 1))) print(all(io.lines(name, 1, "n", "l"))) print(all(io.lines(name, 2, 2)))
f = io.open(name) print(all(f:lines())) print(all(f:lines()), io.type(f)) f:seek "set" print(all(f:lines "n")) f:close()
c(io.lines, "/nonexistent/file") c(io.lines, name, "x") c(function() for _ in io.lines(name, "x") do end end) c(io.lines, {}) c(function() local it = io.lines(name) while it() do end return it() end)
print(select("#", io.lines(name)), select(2, io.lines(name)), io.type(select(4, io.lines(name))))
f = io.open(name) local it = f:lines() f:close() c(it)
do local n = 0 for line in io.lines(name) do n = n + 1 if n == 2 then break end end print(n) end

print "-- default files"
print(io.output() == io.stdout, io.input() == io.stdin)
print(io.output(name) == io.output(), clean(io.output())) io.write("through ", "default ", 5, "\n") print(io.write() == io.output()) print(io.close()) c(io.write, "x") c(io.close) io.output(io.stdout) print(show(content()))
print(io.input(name) == io.input(), list(io.read()), list(io.read "a"), list(io.read "l"), io.close(io.input())) c(io.read) c(io.lines) io.input(io.stdin) 
io.input(name) print(all(io.lines())) print(io.type(io.input())) io.close(io.input()) io.input(io.stdin)
c(io.input, "/nonexistent/x") c(io.output, "/nonexistent/x") c(io.input, {}) c(io.output, 5.5 == 5 and 1 or {}) c(io.close, 5) c(io.read, "x") c(io.close, {})
f = io.open(name, "w") io.output(f) io.write "direct" io.output(io.stdout) print(io.type(f)) f:close() print(content())

print "-- tmpfile, popen"
f = io.tmpfile() f:write "temporary" f:seek "set" print(f:read "a", io.type(f), f:close())
f = io.popen("printf 'one\\ntwo\\n'; exit 3") print(f:read "l", f:read "a", list(f:close()))
f = io.popen("cat > " .. name, "w") f:write "piped" print(list(f:close()), content())
print(list(io.popen("exit 0"):close()), list(io.popen("kill -9 $$"):close())) c(io.popen, "true", "x") c(io.popen, "true", "rw") c(io.popen) for line in io.popen("echo a; echo b"):lines() do io.write(line, " ") end print()
print "-- large files"
do local f = io.open(name, "w") for i = 1, 30000 do f:write(i, "\n") end f:close() local sum, n = 0, 0 for v in io.lines(name, "n") do sum = sum + v n = n + 1 end print(n, sum, #content()) f = io.open(name) f:seek("set", 100000) print(f:read "l", f:read "n", f:seek "cur", #f:read(8192), #f:read(1e6)) f:close() end
print(os.remove(name)) c(os.remove, name) c(io.lines, name)
