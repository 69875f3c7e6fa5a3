-- The test of the suite, in plain Lua:  lua5.4 verify.lua [LEVEL ...]     (default: test small medium)
-- For every program of suite.toml: it loads, uses only the allowed library, sets no globals, its check rejects
-- wrong results also for sizes that are not recorded, and the driver prints the recorded result.
-- Ends with one line per problem and exit status 1 if there are any.

local levels = #arg > 0 and arg or { "test", "small", "medium" }
local problems = {}
local function problem(id, text)
  problems[#problems + 1] = id .. ": " .. text
end

---------------------------------------------------------------- suite.toml (as much TOML as it uses)
local function unquote(text)
  return (text:gsub("\\(.)", "%1"))
end

local function read_suite(path)
  local programs, current = {}, nil
  for line in io.lines(path) do
    if line == "[[program]]" then
      current = {}
      programs[#programs + 1] = current
    elseif current and line:find("=", 1, true) then
      local key, value = line:match("^(%w+) = (.*)$")
      if value:sub(1, 1) == '"' then
        current[key] = unquote(value:sub(2, -2))
      elseif value == "true" or value == "false" then
        current[key] = value == "true"
      else
        local t, at = {}, 2
        while true do
          local name, after = value:match("^[%s,]*(%w+) = ()", at)
          if not name then break end
          if value:sub(after, after) == '"' then
            local stop = after + 1
            while value:sub(stop, stop) ~= '"' do
              stop = stop + (value:sub(stop, stop) == "\\" and 2 or 1)
            end
            t[name] = unquote(value:sub(after + 1, stop - 1))
            at = stop + 1
          else
            local digits = value:match("^%d+", after)
            t[name] = math.tointeger(tonumber(digits))
            at = after + #digits
          end
        end
        current[key] = t
      end
    end
  end
  return programs
end

---------------------------------------------------------------- the driver, inside this process
local function drive(path, n, iterations)
  local out, err = {}, {}
  local stop = {}
  local env = setmetatable({
    arg = { [0] = "driver.lua", path, tostring(n), tostring(iterations) },
    io = {
      stdout = { write = function(_, ...) out[#out + 1] = table.concat({ ... }) end },
      stderr = { write = function(_, ...) err[#err + 1] = table.concat({ ... }) end },
      open = io.open,
    },
    os = { clock = os.clock, exit = function() error(stop) end },
  }, { __index = _G })
  local driver = assert(loadfile("driver.lua", "t", env))
  local ok, failure = pcall(driver)
  if not ok and failure ~= stop then err[#err + 1] = tostring(failure) end
  return ok, table.concat(out), table.concat(err)
end

---------------------------------------------------------------- tests of one program
local ALLOWED = {}
for name in ("assert error getmetatable setmetatable ipairs pairs next pcall xpcall rawequal rawget rawset rawlen select tonumber tostring type math string table coroutine utf8"):gmatch("%w+") do
  ALLOWED[name] = _G[name]
end
local FORBIDDEN = { "math%.random", "collectgarbage", "%%p[^%w]", "%f[%w]os%.", "%f[%w]io%.", "require%s*[%(\"']", "\t" }

local function mutations(result)
  if type(result) == "number" then return { result + 1, result * 2 + 7, -1.5 } end
  local list = { "", result .. "0", "1" .. result }
  -- every number within the string, one larger
  local at = 1
  while true do
    local first, last = result:find("%d+", at)
    if not first then break end
    list[#list + 1] = result:sub(1, first - 1) .. string.format("%d", (tonumber(result:sub(first, last)) or 0) + 1) .. result:sub(last + 1)
    at = last + 1
  end
  return list
end

local function inspect(p, path)
  local file = assert(io.open(path, "rb"))
  local source = file:read("a")
  file:close()
  for _, pattern in ipairs(FORBIDDEN) do
    local found = source:match(pattern)
    if found then problem(p.id, "uses " .. found) end
  end
  if source:match("^%-%- ([^\n]*)") ~= p.about then problem(p.id, "the first line is not the 'about' of suite.toml") end
  local env = setmetatable({}, {
    __index = function(_, name)
      if ALLOWED[name] == nil then error("reads the global " .. tostring(name), 2) end
      return ALLOWED[name]
    end,
    __newindex = function(_, name) error("sets the global " .. tostring(name), 2) end,
  })
  local chunk, message = load(source, "@" .. path, "t", env)
  if not chunk then return problem(p.id, message) end
  local ok, program = pcall(chunk)
  if not ok then return problem(p.id, program) end
  -- a size that is not recorded: only the invariant can accept or reject
  local n = p.sizes.test - 1
  local fine, result = pcall(program.run, n)
  if not fine then return problem(p.id, result) end
  local kind = math.type(result) or type(result)
  if kind ~= "integer" and kind ~= "string" then problem(p.id, "the result is a " .. kind) end
  if kind == "string" and (#result > 200 or result:find("\n")) then problem(p.id, "the result is not a short line") end
  local checked, good = pcall(program.check, n, result)
  if not checked or good ~= true then problem(p.id, "check rejects run(" .. n .. ") = " .. tostring(result)) end
  local rejected, total = 0, 0
  for _, wrong in ipairs(mutations(result)) do
    local answered, accepted = pcall(program.check, n, wrong)
    if answered then
      total = total + 1
      if accepted == false or accepted == nil then rejected = rejected + 1 end
    end
  end
  if rejected == 0 then problem(p.id, "check accepts every wrong result") end
  for _, level in ipairs({ "test", "small" }) do
    for _, wrong in ipairs(mutations(program.run(p.sizes[level]))) do
      local answered, accepted = pcall(program.check, p.sizes[level], wrong)
      if answered and accepted then problem(p.id, "check accepts " .. tostring(wrong) .. " for a recorded size") end
    end
  end
end

local programs = read_suite("suite.toml")
local families, order, seconds, luajit = {}, {}, {}, 0
for _, p in ipairs(programs) do
  local path = p.id .. ".lua"
  if p.id:match("^(%w+)/") ~= p.family then problem(p.id, "is not in the folder of its family") end
  if p.sealed ~= (p.family == "codecs" or p.family == "interpreters") then problem(p.id, "wrong value of sealed") end
  if not families[p.family] then
    families[p.family] = 0
    order[#order + 1] = p.family
  end
  families[p.family] = families[p.family] + 1
  if p.luajit then luajit = luajit + 1 end
  inspect(p, path)
  for _, level in ipairs(levels) do
    local iterations = level == "test" and 3 or 1
    local start = os.clock()
    local ok, out, err = drive(path, p.sizes[level], iterations)
    seconds[level] = (seconds[level] or 0) + (os.clock() - start) / iterations
    if not ok then
      problem(p.id, level .. ": " .. err)
    elseif out ~= p.result[level] .. "\n" then
      problem(p.id, level .. ": printed " .. out:gsub("\n$", "") .. " but " .. p.result[level] .. " is recorded")
    end
  end
end

-- the driver itself must refuse
local ok, _, err = drive("does/not/exist.lua", 1, 1)
if ok or not err:find("cannot load") then problem("driver", "accepts a missing program") end
ok, _, err = drive("recursion/fib.lua", "1.5", 1)
if ok or not err:find("positive integer") then problem("driver", "accepts a fractional size") end

for _, family in ipairs(order) do io.write(family, " ", families[family], "  ") end
io.write("\n", #programs, " programs, ", luajit, " also under LuaJIT\n")
for _, level in ipairs(levels) do
  io.write(string.format("%s: %.2f s for all programs, checks included\n", level, seconds[level]))
end
for _, text in ipairs(problems) do io.write("PROBLEM ", text, "\n") end
io.write(#problems == 0 and "ok\n" or #problems .. " problems\n")
os.exit(#problems == 0)
