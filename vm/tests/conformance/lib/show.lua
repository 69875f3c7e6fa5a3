-- What the conformance files print with: forms free of addresses, in which values that differ look different.
local M = {}

local CONTROL = { ["\n"] = "\\n", ["\r"] = "\\r", ["\t"] = "\\t", ["\0"] = "\\0", ["\\"] = "\\\\", ['"'] = '\\"' }

local function quoted(text)
  return '"' .. text:gsub('[%c\127-\255\\"]', function(c) return CONTROL[c] or ("\\x%02x"):format(c:byte()) end) .. '"'
end

-- One value. Of objects only the type is told.
function M.show(value)
  local kind = type(value)
  if kind == "string" then return quoted(value) end
  if kind == "nil" or kind == "boolean" or kind == "number" then return tostring(value) end
  return kind
end

-- Any number of values.
function M.list(...)
  local results = table.pack(...)
  for i = 1, results.n do results[i] = M.show(results[i]) end
  return table.concat(results, ", ", 1, results.n)
end

local function plain(message)
  return (message:gsub("0x%x+", "ADDRESS"):gsub("builtin: %x+", "ADDRESS"):gsub("tests/conformance/", ""))
end

local function outcome(ok, ...)
  if ok then return M.list(...) end
  local message = ...
  if type(message) == "string" then return "error: " .. plain(message) end
  return "error of type " .. type(message) .. ": " .. M.show(message)
end

-- What a call returns or throws, as text.
function M.try(f, ...) return outcome(pcall(f, ...)) end

-- Prints what a call returns or throws.
function M.t(label, f, ...) print(label, M.try(f, ...)) end

-- Prints what an expression gives, or why it is not one.
function M.eval(source, ...)
  local f, message = load("return " .. source, "=e")
  if f then print(source, M.try(f, ...)) else print(source, "no expression: " .. message) end
end

-- Prints what a chunk returns, or why it is not one.
function M.run(source, ...)
  local f, message = load(source, "=c")
  if f then print(source, M.try(f, ...)) else print(source, "no chunk: " .. message) end
end

-- Prints a table's fields in a given order.
function M.fields(value, ...)
  local out = {}
  for i, name in ipairs { ... } do out[i] = tostring(name) .. "=" .. M.show(value[name]) end
  print(table.concat(out, " "))
end

return M
