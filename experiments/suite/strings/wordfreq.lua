-- Word frequencies of a synthetic text: gmatch, lower, table counting and a sorted report.
local known = { [5900] = "moonly 339, moon-like 316, mooned 316 of 5900 words, 39433 letters", [35000] = "mooned 1882, moon-like 1874, moons 1874 of 35000 words, 234251 letters", [285000] = "mooned 15140, moon-like 15134, moonly 15118 of 285000 words, 1907900 letters", [2450000] = "mooned 130007, moon-like 130003, moonly 130003 of 2450000 words, 16400919 letters" }

local STEMS = { "moon", "river", "stone", "Lamp", "quiet", "Garden", "copper", "wheel", "salt", "North", "paper", "ember" }
local ENDINGS = { "", "s", "ly", "ed", "-like", "'s" }

local function make_text(n)
  local words, x = {}, 5
  for i = 1, n do
    x = (x * 75 + 74) % 65537
    -- squaring makes small indices more likely
    local u = x % 144
    local stem = STEMS[math.floor(u * u / 1728) + 1]
    local ending = ENDINGS[x % 11 % 6 + 1]
    words[i] = stem .. ending
    if i % 9 == 0 then words[i] = words[i] .. "," end
    if i % 14 == 0 then words[i] = words[i] .. ".\n" end
  end
  return table.concat(words, " ")
end

local function frequencies(text)
  local counts, order = {}, {}
  for word in text:gmatch("%a[%a'-]*") do
    word = word:lower()
    local seen = counts[word]
    if seen then
      counts[word] = seen + 1
    else
      counts[word] = 1
      order[#order + 1] = word
    end
  end
  table.sort(order, function(a, b)
    local ca, cb = counts[a], counts[b]
    return ca > cb or ca == cb and a < b
  end)
  return counts, order
end

local function run(n)
  local counts, order = frequencies(make_text(n))
  local out = {}
  for i = 1, math.min(3, #order) do
    out[i] = string.format("%s %d", order[i], counts[order[i]])
  end
  local total, letters = 0, 0
  for _, word in ipairs(order) do
    total = total + counts[word]
    letters = letters + counts[word] * #word
  end
  return table.concat(out, ", ") .. " of " .. total .. " words, " .. letters .. " letters"
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local total, letters = result:match("of (%d+) words, (%d+) letters$")
  if tonumber(total) ~= n then return false end
  -- all that is neither space nor punctuation is a letter of a word
  local stripped = make_text(n):gsub("[%s,.]", "")
  return #stripped == tonumber(letters)
end

return { run = run, check = check }
