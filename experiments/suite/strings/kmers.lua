-- Counts k-mers of a generated DNA string by taking substrings: short strings as table keys.
local known = { [2550] = "A=770/4 AT=257/16 ATAT=30/256 ATGGAATT=3/2479", [16500] = "A=4977/4 TA=1641/16 ATAT=214/256 AATATATA=10/11115", [120000] = "T=36045/4 TA=12012/16 TATA=1626/256 ATATATAT=49/41218", [2200000] = "T=660004/4 AT=220048/16 TATA=30023/256 ATATATAT=918/45539" }

local LETTERS = "ACGT"

local function genome(n)
  local seed, parts = 7, {}
  for i = 1, n do
    seed = (seed * 1597 + 51749) % 244944
    local pick = seed % 10
    -- a biased composition: A and T more often
    local index = pick < 3 and 1 or pick < 5 and 2 or pick < 7 and 3 or 4
    parts[i] = LETTERS:sub(index, index)
  end
  return table.concat(parts)
end

local function count_kmers(text, k)
  local counts = {}
  for i = 1, #text - k + 1 do
    local word = text:sub(i, i + k - 1)
    counts[word] = (counts[word] or 0) + 1
  end
  return counts
end

local function most_frequent(counts)
  local words = {}
  for word in pairs(counts) do words[#words + 1] = word end
  table.sort(words, function(a, b)
    if counts[a] ~= counts[b] then return counts[a] > counts[b] end
    return a < b
  end)
  return words
end

local function run(n)
  local text = genome(n)
  local report = {}
  for _, k in ipairs { 1, 2, 4, 8 } do
    local counts = count_kmers(text, k)
    local words = most_frequent(counts)
    if #words > 0 then
      report[#report + 1] = words[1] .. "=" .. counts[words[1]] .. "/" .. #words
    end
  end
  return table.concat(report, " ")
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- find the winner of each length again by plain search and compare the count
  local text = genome(n)
  local seen = 0
  for word, count in result:gmatch("(%a+)=(%d+)") do
    local found, from = 0, 1
    while true do
      local at = text:find(word, from, true)
      if not at then break end
      found, from = found + 1, at + 1
    end
    if found ~= tonumber(count) then return false end
    seen = seen + 1
  end
  return seen == (n >= 8 and 4 or n >= 4 and 3 or n >= 2 and 2 or 1)
end

return { run = run, check = check }
