-- Runs programs that arrive on standard input, each as if it were alone: "SEQUENCE LENGTH", a newline, the text. What a
-- program prints goes to standard output, then a line with its end: "SEQUENCE STATUS LENGTH", and its message. Status 2 is a syntax error.
local read, write, flush = io.read, io.write, io.flush
local xpcall, load, traceback, collect, setmeta = xpcall, load, debug.traceback, collectgarbage, debug.setmetatable
local find, sub, type, next, rawset, tostring, tonumber = string.find, string.sub, type, next, rawset, tostring, tonumber
local getmetatable, match = getmetatable, string.match
io.stdout:setvbuf("full")

local saved = {}
local function save(library)
  saved[library] = {}
  for key, value in next, library do saved[library][key] = value end
end
local of_strings = getmetatable("")
for _, library in next, package.loaded do save(library) end
save(of_strings)
local function nothing() end

local function restore()
  for library, copy in next, saved do
    for key in next, library do
      if copy[key] == nil then library[key] = nil end
    end
    for key, value in next, copy do rawset(library, key, value) end
    setmeta(library, nil)
  end
  setmeta("", of_strings)
  for _, value in next, {0, true, nothing, coroutine.create(nothing)} do setmeta(value, nil) end
  setmeta(nil, nil)
  collect("restart")
end

-- As lua.c does it, without the lines of this file.
local function handler(message)
  local text = message
  if type(message) ~= "string" and type(message) ~= "number" then
    local meta = getmetatable(message)
    if type(meta) == "table" and meta.__tostring then return tostring(message) end
    text = "(error object is a " .. type(message) .. " value)"
  end
  text = traceback(text, 2)
  local from, at = 0
  repeat
    at, from = from, find(text, "\n\t[C]: in function 'xpcall'", from + 1, true)
  until not from
  return at > 0 and sub(text, 1, at - 1) .. "\n\t[C]: in ?" or text
end

for header in io.lines() do
  local sequence, length = match(header, "(%d+) (%d+)")
  local program, message = load(read(tonumber(length)), "@program.lua")
  local status = 2
  if program then
    local done
    done, message = xpcall(program, handler)
    if done then
      status, message = 0, ""
    else
      status = 1
    end
  end
  restore()
  write("\n\1\2", sequence, " ", status, " ", #message, "\n", message)
  flush()
end
