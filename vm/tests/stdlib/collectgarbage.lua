-- options and results of collectgarbage

print(collectgarbage("incremental"), collectgarbage("incremental", 100, 200, 10))
print(collectgarbage("generational"), collectgarbage("generational", 20, 100), collectgarbage("incremental"))
print(collectgarbage("setpause", 150), collectgarbage("setpause", 200))
print(collectgarbage("setstepmul", 150), collectgarbage("setstepmul", 1), collectgarbage("setstepmul", 100))
print(collectgarbage("setpause", 5000), collectgarbage("setpause"), collectgarbage("setpause", -5), collectgarbage("setpause", 200))
print(collectgarbage("stop"), collectgarbage("isrunning"), collectgarbage("restart"), collectgarbage("isrunning"))
print(collectgarbage(), collectgarbage("collect"), math.type(collectgarbage("count")))
print(pcall(collectgarbage, "foo"))
print(pcall(collectgarbage, "step", "x"))
print(pcall(collectgarbage, "incremental", "x"))
print(pcall(collectgarbage, "setpause", {}))

do -- steps come to the end of a cycle
  local weak = setmetatable({{}}, {__mode = "v"})
  repeat until collectgarbage("step", 10)
  repeat until collectgarbage("step", 10)
  print(weak[1])
  print(collectgarbage("step", 1000000))
end

do -- memory is counted, and given back
  collectgarbage()
  local before = collectgarbage("count")
  local list = {}
  for i = 1, 10000 do list[i] = {} end
  print(collectgarbage("count") - before > 500)
  list = nil
  collectgarbage()
  print(collectgarbage("count") - before < 50)
end

do -- inside a finalizer nothing happens
  local results
  setmetatable({}, {__gc = function()
    results = {}
    for _, option in ipairs {"collect", "count", "step", "isrunning", "stop", "restart", "incremental", "setpause"} do
      results[#results + 1] = tostring(collectgarbage(option))
    end
  end})
  collectgarbage()
  print(table.concat(results, " "))
  print(collectgarbage("isrunning"))
end

do -- finalizers: the last first, once, and not for a __gc that came too late
  local order = {}
  local function mark(name, meta) return setmetatable({}, meta or {__gc = function() order[#order + 1] = name end}) end
  local marked = {mark "a", mark "b", mark "c"}
  marked = nil
  local late = {}
  local object = setmetatable({}, late)
  late.__gc = function() order[#order + 1] = "late" end
  object = nil
  collectgarbage()
  print(table.concat(order, " "))
  local again
  local meta = {}
  meta.__gc = function(o) order[#order + 1] = "r" if not again then again = true setmetatable(o, meta) end end
  setmetatable({}, meta)
  collectgarbage() collectgarbage() collectgarbage()
  print(table.concat(order, " "))
end

do -- weak tables after a collection
  local keys, values, both = {}, {}, {}
  setmetatable(keys, {__mode = "k"}) setmetatable(values, {__mode = "v"}) setmetatable(both, {__mode = "kv"})
  local held = {}
  for i = 1, 100 do
    local o = {}
    keys[o] = {o} values[i] = o values["s" .. i] = "text" .. i both[o] = o both[i] = i
    if i % 4 == 0 then held[#held + 1] = o end
  end
  collectgarbage()
  local function count(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
  print(count(keys), count(values), count(both))
  -- a weak table that becomes strong, and the reverse
  setmetatable(values, nil)
  for i = 1, 100 do values[i] = {} end
  held = nil
  collectgarbage()
  print(count(keys), count(values), count(both))
  setmetatable(values, {__mode = "v"})
  collectgarbage()
  print(count(values))
end

do -- an error in a finalizer is a warning, not an error
  setmetatable({}, {__gc = function() error("in a finalizer") end})
  print(pcall(collectgarbage))
end
