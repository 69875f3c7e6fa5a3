-- Chooses the recorded sizes of the programs with this lua5.4, writes their known results and suite.toml.
-- Usage, in this folder:  lua5.4 calibrate.lua            (about eight minutes)
--                         lua5.4 calibrate.lua keep       keeps the sizes of sizes.lua, renews results and suite.toml
-- The files it writes: sizes.lua (the sizes), the line `local known = {...}` of every program, suite.toml.
-- It calls luajit (if there is one) to find out which programs give the same result there.

local FAMILIES = { "recursion", "loops", "sacred", "float", "arrays", "strings", "objects", "closures", "coroutines",
  "graphs", "memory", "search", "codecs", "interpreters" }
local SEALED = { codecs = true, interpreters = true }
local LEVELS = { "test", "small", "medium", "large" }
local TARGET = { test = 0.0035, small = 0.020, medium = 0.150, large = 1.0 }
-- sizes that are given, not measured
local GIVEN = {
  ["recursion/fib"] = { test = 24, small = 28, medium = 32, large = 35 },
  ["arrays/fannkuch"] = { test = 7, small = 8, medium = 9, large = 10 },
}

local function read(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("a")
  file:close()
  return text
end

local function write(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

local function lines_of(command)
  local pipe, list = io.popen(command), {}
  for line in pipe:lines() do list[#list + 1] = line end
  pipe:close()
  return list
end

local function measure(run, n, repeats)
  local best = math.huge
  for _ = 1, repeats do
    collectgarbage()
    local start = os.clock()
    run(n)
    best = math.min(best, os.clock() - start)
    if best > 0.1 then break end
  end
  return best
end

local function round(n)
  if n < 40 then return math.floor(n + 0.5) end
  local unit = 10 ^ (math.floor(math.log(n, 10)) - 1)
  if n / unit < 40 then unit = unit / 2 end
  return math.max(1, math.floor(math.floor(n / unit + 0.5) * unit + 0.5))
end

local function find_sizes(run)
  local points, n = {}, 1
  while true do
    local t = measure(run, n, 3)
    points[#points + 1] = { n = n, t = t }
    if t > TARGET.large * 0.9 then break end
    local factor = t < 0.0005 and 2 or t < 0.05 and 1.3 or 1.2
    n = math.max(n + 1, math.floor(n * factor))
  end
  local sizes = {}
  for _, level in ipairs(LEVELS) do
    local target, chosen = TARGET[level], nil
    for i = 2, #points do
      local a, b = points[i - 1], points[i]
      if b.t >= target then
        local share = (math.log(target) - math.log(a.t)) / (math.log(b.t) - math.log(a.t))
        share = math.max(0, math.min(1, share))
        chosen = math.exp(math.log(a.n) + share * (math.log(b.n) - math.log(a.n)))
        break
      end
    end
    sizes[level] = round(chosen or points[#points].n * target / points[#points].t)
  end
  return sizes
end

local function quote(text)
  return '"' .. text:gsub('[\\"]', "\\%0") .. '"'
end

local keep = arg[1] == "keep"
local stored = {}
local chunk = loadfile("sizes.lua")
if chunk then stored = chunk() end
local has_luajit = os.execute("command -v luajit >/dev/null 2>&1")

local programs = {}
for _, family in ipairs(FAMILIES) do
  for _, path in ipairs(lines_of("ls " .. family .. "/*.lua")) do
    local id = path:gsub("%.lua$", "")
    local source = read(path)
    local program = assert(load(source, "@" .. path))()
    local sizes = GIVEN[id] or keep and stored[id] or find_sizes(program.run)
    local results, entries, times = {}, {}, {}
    for _, level in ipairs(LEVELS) do
      local n = sizes[level]
      local start = os.clock()
      local result = program.run(n)
      times[level] = os.clock() - start
      results[level] = result
      entries[#entries + 1] = string.format("[%d] = %s", n, type(result) == "string" and string.format("%q", result) or tostring(result))
    end
    local line = "local known = { " .. table.concat(entries, ", ") .. " }"
    local head, tail = source:match("^(.-\n)local known = {[^\n]*}(\n.*)$")
    assert(head, path .. " has no line for the known results")
    write(path, head .. line .. tail)
    local again = dofile(path)
    for _, level in ipairs(LEVELS) do
      assert(again.check(sizes[level], results[level]) == true, path .. ": check rejects " .. level)
    end
    local luajit = false
    if has_luajit then
      local out = lines_of(string.format("luajit driver.lua %s %d 2>/dev/null", path, sizes.small))
      luajit = #out == 1 and out[1] == tostring(results.small)
    end
    programs[#programs + 1] = { id = id, family = family, about = source:match("^%-%- ([^\n]*)"), sizes = sizes,
      results = results, luajit = luajit }
    stored[id] = sizes
    io.write(string.format("%-26s luajit=%-5s", id, tostring(luajit)))
    for _, level in ipairs(LEVELS) do io.write(string.format("  %s %d (%.1f ms)", level, sizes[level], times[level] * 1000)) end
    io.write("\n")
    io.flush()
  end
end

local out = { "-- Sizes chosen by calibrate.lua; suite.toml and the known results follow them.\nreturn {\n" }
for _, p in ipairs(programs) do
  local s = p.sizes
  out[#out + 1] = string.format("  [%q] = { test = %d, small = %d, medium = %d, large = %d },\n", p.id, s.test, s.small, s.medium, s.large)
end
write("sizes.lua", table.concat(out) .. "}\n")

out = { "# The benchmark suite: written by calibrate.lua, checked by verify.lua.\nschema = 1\n" }
for _, p in ipairs(programs) do
  local s, r = p.sizes, {}
  for _, level in ipairs(LEVELS) do r[#r + 1] = level .. " = " .. quote(tostring(p.results[level])) end
  out[#out + 1] = string.format([=[

[[program]]
id = %s
family = %s
sealed = %s
luajit = %s
about = %s
sizes = { test = %d, small = %d, medium = %d, large = %d }
result = { %s }
]=], quote(p.id), quote(p.family), tostring(SEALED[p.family] or false), tostring(p.luajit), quote(p.about),
    s.test, s.small, s.medium, s.large, table.concat(r, ", "))
end
write("suite.toml", table.concat(out))
