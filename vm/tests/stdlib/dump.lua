-- string.dump, binary chunks, and load with a reader.

local function try(f, ...) print(pcall(f, ...)) end

-- What is dumped is the function without its upvalues.
local up, other = 1, 2
local function f(a, ...)
  up = up + a
  local t = {a, ..., n = other}
  for i = 1, 3 do t[#t + 1] = function() return i end end
  return up, t[#t](), select("#", ...)
end
print(f(1, nil, nil))
local g = load(string.dump(f), "ignored", "b", {select = select})
print(debug.getupvalue(g, 1), (debug.getupvalue(g, 2)), (debug.getupvalue(g, 3)))
print(debug.setupvalue(g, 1, 10), debug.setupvalue(g, 3, _ENV))
try(g, 5)
print(up)
local first, second = load(string.dump(f)), load(string.dump(f))
print(debug.upvalueid(first, 1) ~= debug.upvalueid(second, 1), rawequal(first, second))
local n = 0
local counter = load(string.dump(function() n = (n or 0) + 1 return n end), "c", "b", nil)
print(counter(), counter(), n)
print(load(string.dump(load("local a <const>, b = 5, ... return a + b, x")), "", "b", {x = "y"})(2))

-- Debug information.
local text = [[
local function inner(value)
  return value.field.deep + value
end
return inner(...)]]
local whole, bare = load(string.dump(load(text, "=text"))), load(string.dump(load(text, "=text"), true))
print(debug.getinfo(whole, "S").source, debug.getinfo(bare, "S").source)
print(debug.getinfo(whole, "S").short_src, debug.getinfo(bare, "S").short_src, debug.getinfo(bare, "S").what)
try(whole) try(bare)
try(whole, {}) try(bare, {})
try(whole, {field = {}}) try(bare, {field = {}})
try(whole, {field = {deep = 1}}) try(bare, {field = {deep = 1}})
print(debug.getlocal(load(string.dump(f)), 1), debug.getlocal(load(string.dump(f, true)), 1))
print((debug.getupvalue(load(string.dump(f, true)), 1)))
local raise = load(string.dump(function(...) error(...) end, true), "", "b", {error = error})
debug.setupvalue(raise, 1, {error = error})
try(raise, "message") try(raise, "message", 2)
try(load(string.dump(load("x = y.z"), true)))
print((xpcall(load(string.dump(load("local function g() error('deep') end g()"), true)), function(m)
  print((debug.traceback(m, 1):gsub("\n\t.*dump%.lua.*", "")))
end)))

-- Modes.
local chunk = string.dump(function() return "binary" end)
for _, mode in ipairs {"b", "t", "bt", "tb", "x", ""} do
  print(mode, pcall(load, chunk, "name", mode) and select(2, load(chunk, "name", mode)))
  print(mode, select(2, load("return 'text'", "name", mode)))
end
print(load(chunk)(), load(chunk, "=n")(), load("return 'text'", "=n", "t")())
print(chunk:byte(1), #chunk > 20, #string.dump(f, true) < #string.dump(f))

-- What is no chunk.
print(load("\27"  .. ("x"):rep(40)))
print(load("\27" .. ("x"):rep(40), "=name"))
print(load("\27" .. ("x"):rep(40), "@file"))
print(load("\27" .. ("x"):rep(40), "source"))
print(load(chunk:sub(1, -2)))
print(load(chunk:sub(1, 20), "=name"))
try(string.dump, print) try(string.dump, string.dump) try(string.dump) try(string.dump, {}) try(string.dump, 1)

-- Readers.
local function pieces(...)
  local list, i = {...}, 0
  return function() i = i + 1 return list[i] end
end
print(load(pieces("return ", "1", " + ", "2"))())
print(load(pieces("return ", 1, 2))())
print(load(pieces("return 1", "", " + 2"))())
print(load(pieces())())
print(load(pieces("return ", "...", nil, "x"))(7))
print(load(pieces(chunk:sub(1, 3), chunk:sub(4, 9), chunk:sub(10)))())
print(load(pieces(chunk:sub(1, 3), chunk:sub(4)), "=r", "t"))
print(load(pieces("x ="), "=r", "b"))
try(load, pieces("x = ", {}))
try(load, pieces("x = ", true))
try(load, pieces("x ="))
try(load, pieces("x ="), "@chunk")
try(load, function() error("in the reader") end)
try(load, function() error({}) end == nil)
try(load, function() error() end)
print(select("#", load(pieces("x ="))))
try(load) try(load, nil) try(load, {}) try(load, "x", {}) try(load, "x", "n", {})
print(load("x = ", "@dir/name.lua"))
print(load("x = ", "=name"))
print(load("x = ", "a line\nanother"))
print(load("x = \n\n y z", ("long "):rep(30)))
print(load("return ...", "n", "t", {})(1), pcall(load("return x", "n", "t", nil)))

-- Files.
local name = os.tmpname()
local function with(contents, ...)
  local file = assert(io.open(name, "wb"))
  file:write(contents)
  file:close()
  local ok, message = loadfile(name, ...)
  if not ok then return nil, (message:gsub(name, "FILE", 1, true)) end
  return ok()
end
print(with(chunk), with(chunk, "b"), with("return 'text'", "t"))
print(with(chunk, "t"))
print(with("return 'text'", "b"))
print(with("# a first line\nreturn 'text'"), with("#!lua\n" .. chunk, "b"))
print(with("# only"), with(""), with("#!lua\nx ="))
print(with("return x", "t", {x = "environment"}))
print(with(chunk:sub(1, 25)))
os.remove(name)
print(pcall(dofile, "/nonexistent"))
print(loadfile("/nonexistent"))
print(loadfile("/"))
