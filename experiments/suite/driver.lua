-- The one driver of the suite, for Trinity and for every peer. Only syntax that Lua 5.1 knows as well.
--
--   lua5.4 driver.lua PROGRAM.lua N [ITERATIONS] [TIMESFILE]
--
-- Loads the program, runs run(N) ITERATIONS times (default 1), checks every result with check(N, result) and
-- that all iterations agree, and prints one line, tostring(result). With TIMESFILE it writes one line per
-- iteration there: the CPU seconds of run alone. Any failure is a message on stderr and exit status 1.
-- A VM that offers a module "trinity" is told where iterations begin and end, outside the timed part.

local function fail(message)
  io.stderr:write("driver: ", message, "\n")
  os.exit(1)
end

local path, size_text, iterations_text, times_path = arg[1], arg[2], arg[3], arg[4]
if not path or not size_text then
  fail("usage: driver.lua PROGRAM.lua N [ITERATIONS] [TIMESFILE]")
end

local size = tonumber(size_text)
if not size or size < 1 or size % 1 ~= 0 then
  fail("N must be a positive integer, not " .. size_text)
end
local iterations = tonumber(iterations_text or "1")
if not iterations or iterations < 1 or iterations % 1 ~= 0 then
  fail("ITERATIONS must be a positive integer, not " .. tostring(iterations_text))
end
if math.tointeger then
  -- "1e3" is a float in Lua 5.4; programs expect an integer
  size, iterations = math.tointeger(size), math.tointeger(iterations)
end

local chunk, message = loadfile(path)
if not chunk then
  fail("cannot load " .. path .. ": " .. tostring(message))
end

local loaded, program = pcall(chunk)
if not loaded then
  fail(path .. ": " .. tostring(program))
end
if type(program) ~= "table" or type(program.run) ~= "function" or type(program.check) ~= "function" then
  fail(path .. " does not return a table with the functions run and check")
end

local iteration_begin, iteration_end
local has_trinity, trinity = pcall(require, "trinity")
if has_trinity and type(trinity) == "table" then
  iteration_begin, iteration_end = trinity.iteration_begin, trinity.iteration_end
end

local clock, run, check = os.clock, program.run, program.check
local times, first = {}, nil

for i = 1, iterations do
  if iteration_begin then iteration_begin(i) end
  local start = clock()
  local ok, result = pcall(run, size)
  local stop = clock()
  if iteration_end then iteration_end(i) end
  times[i] = stop - start
  if not ok then
    fail(path .. ": run(" .. size_text .. ") failed in iteration " .. i .. ": " .. tostring(result))
  end
  local checked, good = pcall(check, size, result)
  if not checked then
    fail(path .. ": check(" .. size_text .. ", " .. tostring(result) .. ") failed: " .. tostring(good))
  end
  if good ~= true then
    fail(path .. ": wrong result in iteration " .. i .. " of run(" .. size_text .. "): " .. tostring(result))
  end
  if i == 1 then
    first = result
  elseif result ~= first then
    fail(path .. ": iteration " .. i .. " gave " .. tostring(result) .. " but the first gave " .. tostring(first))
  end
end

if times_path then
  local file, problem = io.open(times_path, "w")
  if not file then
    fail("cannot write " .. times_path .. ": " .. tostring(problem))
  end
  for i = 1, iterations do
    file:write(string.format("%.9f\n", times[i]))
  end
  file:close()
end

io.stdout:write(tostring(first), "\n")
