-- Calls a function and prints whether it succeeded and what it returned, in a form free of addresses.
local function plain(value)
  local text = tostring(value)
  text = text:gsub("0x%x+", "ADDRESS"):gsub("builtin: ", "")
  return (text:gsub("[%c\127-\255]", function(c) return ("<%02x>"):format(c:byte()) end))
end

return function(f, ...)
  local results = table.pack(pcall(f, ...))
  for i = 1, results.n do results[i] = plain(results[i]) end
  print(table.concat(results, " | "))
end
