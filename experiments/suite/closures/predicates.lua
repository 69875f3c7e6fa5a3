-- A query language of composed predicates applied to records: deep chains of captured functions.
local known = { [29] = "2036 4054 3220", [160] = "11517 22083 17906", [1150] = "84647 156853 128786", [7900] = "581743 1077257 884786" }

local P = {}

function P.eq(field, value) return function(r) return r[field] == value end end
function P.lt(field, value) return function(r) return r[field] < value end end
function P.between(field, lo, hi)
  return function(r)
    local v = r[field]
    return v >= lo and v <= hi
  end
end
function P.all(...)
  local list = { ... }
  return function(r)
    for i = 1, #list do
      if not list[i](r) then return false end
    end
    return true
  end
end
function P.any(...)
  local list = table.pack(...)
  return function(r)
    for i = 1, list.n do
      if list[i](r) then return true end
    end
    return false
  end
end
function P.no(p) return function(r) return not p(r) end end

local function counted(p)
  local calls = 0
  return function(r)
    calls = calls + 1
    return p(r)
  end, function() return calls end
end

local COLOURS = { "red", "green", "blue" }

local function records()
  local list = {}
  for i = 1, 210 do
    list[i] = { id = i, colour = COLOURS[i % 3 + 1], size = i % 10, weight = (i * 31 % 70) / 2 }
  end
  return list
end

local function run(n)
  local list = records()
  local hits, misses, calls = 0, 0, 0
  for i = 1, n do
    local cheap, cheap_calls = counted(P.lt("weight", i % 35))
    local query = P.any(
      P.all(P.eq("colour", COLOURS[i % 3 + 1]), P.between("size", 2, 7)),
      P.all(P.no(P.eq("colour", "red")), cheap, P.no(P.lt("size", i % 9))))
    local opposite = P.no(query)
    for _, record in ipairs(list) do
      if query(record) then hits = hits + 1 end
    end
    calls = calls + cheap_calls()
    for _, record in ipairs(list) do
      if opposite(record) then misses = misses + 1 end
    end
  end
  return string.format("%d %d %d", hits, misses, calls)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local hits, misses = result:match("^(%d+) (%d+) %d+$")
  if not hits or hits + misses ~= 210 * n then return false end
  local expected = 0
  for i = 1, n do
    for k = 1, 210 do
      local colour, size, weight = k % 3, k % 10, (k * 31 % 70) / 2
      if colour == i % 3 and size >= 2 and size <= 7
        or colour ~= 0 and weight < i % 35 and size >= i % 9 then
        expected = expected + 1
      end
    end
  end
  return expected == tonumber(hits)
end

return { run = run, check = check }
