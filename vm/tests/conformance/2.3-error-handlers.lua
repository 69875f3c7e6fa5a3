-- § 2.3: errors in message handlers go to the handler again.
local s = dofile "tests/conformance/lib/show.lua"
local list = s.list

print(list(xpcall(error, error, "again")))
print(list(xpcall(error, function() error("in the handler") end, "m")))
local depth = 0
print(list(xpcall(error, function(m) depth = depth + 1 if depth < 5 then error(m) end return "after " .. depth end, "m")))
