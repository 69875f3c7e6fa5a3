-- Builds text three ways (repeated .., table.concat, string.rep) and reads it back byte by byte.
local known = { [1700] = "101870:12458:58128:538", [10000] = "603440:73406:35244:538", [73000] = "4414940:535931:21313:538", [380000] = "22988480:2789827:37858:538" }

local Buffer = {}
Buffer.__index = Buffer

function Buffer.new()
  return setmetatable({ n = 0 }, Buffer)
end

function Buffer:add(piece)
  local n = self.n + 1
  self[n] = piece
  self.n = n
  return self
end

function Buffer:text(separator)
  return table.concat(self, separator, 1, self.n)
end

local function roman(value)
  local numerals = {
    { 100, "C" }, { 90, "XC" }, { 50, "L" }, { 40, "XL" }, { 10, "X" }, { 9, "IX" }, { 5, "V" }, { 4, "IV" }, { 1, "I" },
  }
  local text = ""
  for _, pair in ipairs(numerals) do
    while value >= pair[1] do
      text = text .. pair[2]
      value = value - pair[1]
    end
  end
  return text
end

local function unroman(text)
  local worth = { I = 1, V = 5, X = 10, L = 50, C = 100 }
  local total, previous = 0, 0
  for i = #text, 1, -1 do
    local value = worth[text:sub(i, i)]
    total = value < previous and total - value or total + value
    previous = value
  end
  return total
end

local function checksum(text)
  local a = 0
  for i = 1, #text do
    a = (a * 31 + text:byte(i)) % 65521
  end
  return a
end

local function run(n)
  local buffer, total = Buffer.new(), 0
  for i = 1, n do
    local numeral = roman(i % 120 + 1)
    total = total + unroman(numeral)
    buffer:add(numeral):add(i % 5 == 0 and string.rep("-", i % 7) or ".")
  end
  local text = buffer:text(" ")
  local line = ""
  for word in text:sub(1, 2000):gmatch("%u+") do
    line = line .. word:lower():sub(-2)
  end
  return total .. ":" .. #text .. ":" .. checksum(text) .. ":" .. #line
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local total = 0
  for i = 1, n do total = total + i % 120 + 1 end
  return tonumber(result:match("^(%d+):")) == total
end

return { run = run, check = check }
