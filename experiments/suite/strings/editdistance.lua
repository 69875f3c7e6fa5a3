-- Levenshtein distances and longest common subsequences between generated words: string.byte and two rows.
local known = { [36] = "216,459,0", [200] = "1118,2627,0", [1500] = "8279,19842,0", [9600] = "53063,127052,0" }

local function word(seed, length)
  local bytes = {}
  for i = 1, length do
    seed = (seed * 211 + 1663) % 7875
    bytes[i] = string.char(97 + seed % 5)
  end
  return table.concat(bytes)
end

local function distance(a, b)
  local byte, min = string.byte, math.min
  local previous, current = {}, {}
  for j = 0, #b do previous[j] = j end
  for i = 1, #a do
    current[0] = i
    local ca = byte(a, i)
    for j = 1, #b do
      local cost = ca == byte(b, j) and 0 or 1
      current[j] = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + cost)
    end
    previous, current = current, previous
  end
  return previous[#b]
end

local function common(a, b)
  local row = {}
  for j = 0, #b do row[j] = 0 end
  for i = 1, #a do
    local diagonal = 0
    for j = 1, #b do
      local above = row[j]
      if a:byte(i) == b:byte(j) then
        row[j] = diagonal + 1
      elseif row[j - 1] > above then
        row[j] = row[j - 1]
      end
      diagonal = above
    end
  end
  return row[#b]
end

local function run(n)
  local edits, shared, broken = 0, 0, 0
  for i = 1, n do
    local a, b = word(i, 10 + i % 13), word(i * 3 + 1, 8 + i % 17)
    local d, l = distance(a, b), common(a, b)
    -- bounds that tie the two measures together
    if d > math.max(#a, #b) or d < math.max(#a, #b) - l then broken = broken + 1 end
    if distance(b, a) ~= d or distance(a, a) ~= 0 then broken = broken + 1 end
    edits, shared = edits + d, shared + l
  end
  return edits .. "," .. shared .. "," .. broken
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local edits, shared, broken = result:match("^(%d+),(%d+),(%d+)$")
  return broken == "0" and tonumber(edits) <= n * 24 and tonumber(shared) <= n * 22
end

return { run = run, check = check }
