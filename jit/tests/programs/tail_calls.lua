-- A loop's code is entered while a function's older code runs, and leaves by a tail call; meanwhile the function's code
-- is made again, and the older one goes.
do
  local function looping(n, continue)
    local i = 0
    while true do
      i = i + 1
      if i > 3 then return continue(i, n) end
    end
  end
  local function same(i) return i end
  local function busy(i, n)
    if n == 0 then return i end
    local sum = 0
    for _ = 1, 600 do sum = sum + looping(0, same) end
    collectgarbage()
    local kept = {}
    for k = 1, 100 do kept[k] = { k } end
    return sum, #kept, looping(n - 1, busy)
  end
  -- Code of both is made.
  looping(0, busy)
  looping(0, busy)
  print(looping(3, busy))
end
