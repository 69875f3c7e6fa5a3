-- Line events of one chunk per construct, and hooks in other situations.
local function trace(source, mask)
  local chunk = assert(load(source, "=chunk"))
  local events = {}
  debug.sethook(function(event, line)
    local info = debug.getinfo(2, "S")
    if info.short_src == "chunk" then
      events[#events + 1] = event == "line" and tostring(line) or event:sub(1, 1)
    end
  end, mask or "l")
  pcall(chunk)
  debug.sethook()
  print((source:match("[^\n]*")), table.concat(events, " "))
end
trace "local a = 1\nlocal b = 2\nreturn a + b"
trace "for i = 1, 3 do local x = i end"
trace "for i = 1, 3 do\nlocal x = i\nend"
trace "for i = 3, 1, -1 do\nlocal x = i\nend\nlocal y"
trace "for i = 1.0, 2 do\nlocal x = i\nend"
trace "for i = 1, 0 do\nlocal x = i\nend\nlocal z = 1"
trace "for k, v in pairs({1, 2}) do\nlocal x = k\nend"
trace "for k, v in next, {1, 2} do local x = k end"
trace "for k, v in ipairs({1, 2})\ndo\nlocal x = k\nend"
trace "local i = 0\nwhile i < 3 do\ni = i + 1\nend"
trace "local i = 0 while i < 3 do i = i + 1 end"
trace "local i = 0\nwhile true do\ni = i + 1\nif i > 2 then break end\nend"
trace "local i = 0\nrepeat\ni = i + 1\nuntil i > 2"
trace "local i = 0\nrepeat local x = i\ni = i + 1\nuntil x > 2\nlocal z"
trace "local i = 0\n::top::\ni = i + 1\nif i < 3 then goto top end\nlocal z = 1"
trace "for i = 1, 3 do\nif i == 2 then goto continue end\nlocal x = i\n::continue::\nend"
trace "local x = 1\nif x == 1 then\nx = 2\nelseif x == 2 then\nx = 3\nelse\nx = 4\nend\nx = 5"
trace "local x = 3\nif x == 1 then\nx = 2\nelseif x == 3 then\nx = 3\nelse\nx = 4\nend\nx = 5"
trace "local x = 7\nif x == 1 then\nx = 2\nelseif x == 3 then\nx = 3\nelse\nx = 4\nend\nx = 5"
trace "local x = {\n1,\n2,\na = 3,\n[4] = 5\n}\nlocal y = x"
trace "local x = {\ntostring(1),\ntostring(2)\n}"
trace "local x = print\nlocal y = 1 +\n2 +\n#'x'"
trace "local a, b = 1, 2\nlocal c = a\n+ b\n* a"
trace "local a = 'x'\nlocal c = a\n.. 'y'\n.. a"
trace "local a = nil\nlocal b = a\nand 1\nor 2"
trace "local a = 1\nlocal b = a\nand\na\nor 2"
trace "tostring(\n1\n)"
trace "local s = ('x'):rep(2)\n:upper()\n:lower()"
trace "local function f()\nreturn 1\nend\nf()\nf()"
trace "local function f() return 1 end f() f()"
trace "local f = function(a,\nb)\nreturn a\nend\nf(1,\n2)"
trace "local t = {}\nfunction t:m()\nreturn self\nend\nt:m()\n:m()"
trace "local t = setmetatable({}, {__index = function(t, k)\nreturn k\nend})\nlocal x = t.x\nlocal y = t.y + 0"
trace "local function f(n)\nif n > 0 then\nreturn f(n - 1)\nend\nend\nf(2)"
trace "local function f(n)\nif n > 0 then\nf(n - 1)\nend\nend\nf(2)"
trace "local function f(...)\nlocal a, b = ...\nreturn ...\nend\nf(1, 2)\nf()"
trace "do\nlocal c <close> = setmetatable({}, {__close = function()\nend})\nlocal x = 1\nend\nlocal y"
trace "local function f()\nlocal c <close> = setmetatable({}, {__close = function()\nend})\nreturn 1\nend\nf()"
trace "local x <const> = 1\nlocal y = x\nx1 = y\nx1 = nil"
trace "pcall(function()\nerror('x')\nend)\nlocal y = 1"
trace "local co = coroutine.wrap(function()\ncoroutine.yield(1)\nend)\nco()\nco()"
trace "goto done\nlocal x\n::done::"
trace "local a = 1; local b = 2\n\n\nlocal c = 3\n-- comment\nlocal d"
trace "return\n1,\n2"
trace "return tostring(\n1)"
trace "local a\na = not a\na = -1\na = #'x'\na = ~1"
trace("local function f()\nreturn 1\nend\nlocal function g()\nreturn f()\nend\ng()", "cr")
trace("local function f()\nreturn 1\nend\nlocal function g()\nreturn f()\nend\ng()", "crl")
trace("local function f(n) if n == 0 then return 0 end return f(n - 1) end f(3)", "cr")
trace("for i = 1, 2 do pcall(function() error('x') end) end", "crl")
trace("local t = {3, 2, 1} table.sort(t, function(a, b)\nreturn a < b\nend)", "cr")
trace("while true do\nlocal x = 1\nbreak\nend", "crl")

-- what gethook says
local function hook() end
debug.sethook(hook, "crl", 7)
local f, mask, count = debug.gethook()
print(f == hook, mask, count)
debug.sethook()
print(debug.gethook())
debug.sethook(hook, "")
print(debug.gethook())
debug.sethook(hook, "", 3)
print(select(2, debug.gethook()))
debug.sethook()
print(pcall(debug.sethook, 1, "l"))
print(pcall(debug.sethook, print, 1.5))
print(pcall(debug.sethook, print))

-- hooks belong to threads
local co = coroutine.create(function()
  local a = 1
  coroutine.yield()
  local b = 2
end)
local lines = {}
debug.sethook(co, function(event, line) lines[#lines + 1] = line - debug.getinfo(2, "S").linedefined end, "l")
coroutine.resume(co)
local outside = 1
coroutine.resume(co)
print(table.concat(lines, " "), debug.gethook(), (select(2, debug.gethook(co))))

-- a hook's error is that of the program at this place
local function erring()
  local x = 1
  return x
end
debug.sethook(function(event, line) if debug.getinfo(2, "f").func == erring then error("stop at " .. event) end end, "c")
local result = {pcall(erring)}
debug.sethook()
print(table.unpack(result))
debug.sethook(function(event, line) if debug.getinfo(2, "f").func == erring then error("line", 2) end end, "l")
result = {pcall(erring)}
debug.sethook()
print(table.unpack(result))
debug.sethook(function(event, line) if debug.getinfo(2, "f").func == erring then error({}) end end, "r")
result = {pcall(erring)}
debug.sethook()
print(type(result[2]), result[1])

-- a hook is not told of itself
local depth = 0
debug.sethook(function() depth = depth + 1; erring() end, "crl")
erring()
debug.sethook()
print(depth)

-- in a hook
local infos = {}
local function named() return debug.getinfo(1, "t").istailcall end
debug.sethook(function(event)
  local i = debug.getinfo(2, "nSt")
  infos[#infos + 1] = event .. "/" .. tostring(i.name) .. "/" .. i.namewhat .. "/" .. i.what .. "/" .. tostring(i.istailcall)
  local own = debug.getinfo(1, "n")
  if own.namewhat ~= "hook" or own.name ~= "?" then infos[#infos + 1] = "hook is " .. tostring(own.name) end
end, "cr")
named()
local function tail() return named() end
tail()
debug.sethook()
print(table.concat(infos, "\n"))
local local_value
debug.sethook(function(event, line)
  local name, value = debug.getlocal(2, 1)
  if name == "seen" then local_value = value debug.setlocal(2, 1, 42) end
end, "l")
local function f()
  local seen = 1
  local x = seen
  return x
end
print(f(), local_value)
debug.sethook()
local function tailed() return debug.traceback("trace") end
local function tailing() return (tailed()) end
local function last() return tailing() end
print((last():gsub("\n[^\n]*%[C%].*", "")))
-- count hooks fire
local count = 0
debug.sethook(function(event) assert(event == "count") count = count + 1 end, "", 100)
for i = 1, 10000 do end
debug.sethook()
print(count > 50)
