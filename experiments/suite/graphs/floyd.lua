-- Floyd-Warshall all-pairs shortest paths with path reconstruction: triple loop over a matrix of rows.
local known = { [56] = "0/272/11577/298826", [105] = "0/105/45807/428196", [215] = "0/75/271374/1600702", [400] = "0/282/642704/13838716" }

local INFINITY = 1 << 40

local function network(n)
  local d, via, seed = {}, {}, 3
  for i = 1, n do
    d[i], via[i] = {}, {}
    for j = 1, n do
      seed = (seed * 3877 + 29573) % 139968
      if i == j then
        d[i][j] = 0
      elseif seed % 4 == 0 or j == i % n + 1 then
        d[i][j] = seed % 97 + 3
        via[i][j] = j
      else
        d[i][j] = INFINITY
      end
    end
  end
  return d, via
end

local function run(n)
  local d, via = network(n)
  for k = 1, n do
    local dk = d[k]
    for i = 1, n do
      local di, dik = d[i], d[i][k]
      if dik < INFINITY then
        for j = 1, n do
          local through = dik + dk[j]
          if through < di[j] then
            di[j] = through
            via[i][j] = via[i][k]
          end
        end
      end
    end
  end

  -- walk every path again over the original edges
  local original = network(n)
  local sum, hops, wrong, diameter = 0, 0, 0, 0
  for i = 1, n do
    for j = 1, n do
      local at, length = i, 0
      while at ~= j do
        local step = via[at][j]
        length = length + original[at][step]
        at = step
        hops = hops + 1
      end
      if length ~= d[i][j] then wrong = wrong + 1 end
      if length > diameter then diameter = length end
      sum = sum + length
    end
  end
  return string.format("%d/%d/%d/%d", wrong, diameter, hops, sum)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local wrong, diameter = result:match("^(%d+)/(%d+)/")
  if wrong ~= "0" then return false end
  -- Bellman-Ford from node 1 gives a lower bound for the diameter
  local d = network(n)
  local distance = {}
  for i = 1, n do distance[i] = d[1][i] end
  local changed = true
  while changed do
    changed = false
    for a = 1, n do
      for b = 1, n do
        if distance[a] + d[a][b] < distance[b] then
          distance[b] = distance[a] + d[a][b]
          changed = true
        end
      end
    end
  end
  local farthest = 0
  for i = 1, n do farthest = math.max(farthest, distance[i]) end
  return farthest <= tonumber(diameter)
end

return { run = run, check = check }
