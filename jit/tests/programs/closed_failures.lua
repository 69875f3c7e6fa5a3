-- Coroutines that fail with a table while a variable waits to be closed, and are kept: the collector is in the middle of
-- marking when some of them are.
local function use(...) return select("#", ...) end
local kept = {}
for round = 1, 60 do
  local c = coroutine.wrap(function(...)
    local z <close> = setmetatable({}, {__close = function(_, e) for i = 1, round * 37 % 700 do use({}) end end})
    coroutine.yield(...)
    error({round})
  end)
  kept[round] = c
  use(pcall(c, round, {0}))
  local ok, e = pcall(c)
  assert(not ok and e[1] == round)
  e = nil
  ok, e = pcall(c)
  for i = 1, round % 11 do use({}) end
end
print(#kept, pcall(kept[1]))
