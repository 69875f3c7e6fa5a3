-- Printing without anything that differs from run to run: tables with their keys in order, no addresses.

local function order(a, b)
  local x, y = type(a), type(b)
  if x ~= y then return x < y end
  if x == "number" or x == "string" then return a < b end
  return tostring(a) < tostring(b)
end

local function text(value, depth)
  if type(value) == "string" then return depth == 0 and value or ("%q"):format(value):gsub("\\\n", "\\n") end
  if type(value) ~= "table" then
    return (tostring(value):gsub("builtin: ", ""):gsub("0x%x+", "0x"))
  end
  local meta = getmetatable(value)
  if type(meta) == "table" and rawget(meta, "__tostring") then return (tostring(value):gsub("0x%x+", "0x")) end
  if depth > 6 then return "{…}" end
  local keys, parts = {}, {}
  for key in next, value do keys[#keys + 1] = key end
  table.sort(keys, order)
  for _, key in ipairs(keys) do
    local name = math.type(key) == "integer" and "" or text(key, depth + 1) .. "="
    parts[#parts + 1] = name .. text(rawget(value, key), depth + 1)
  end
  return "{" .. table.concat(parts, ", ") .. "}"
end

local show = {}

-- What it is given, on one line.
function show.values(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = text(parts[i], 0) end
  print(table.concat(parts, " | "))
end

-- The results of a call, or the error that it throws.
function show.call(f, ...)
  show.values(select(2, pcall(f, ...)))
end

return setmetatable(show, { __call = function(_, ...) show.values(...) end })
