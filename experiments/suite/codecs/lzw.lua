-- LZW and LZ77 compression round trips: string-keyed dictionaries, window searches and buffers of codes.
local known = { [1200] = "true true 3795 1048 801 3693", [6500] = "true true 20274 4150 4048 20040", [32000] = "true true 99516 18137 19614 98647", [215000] = "true true 668249 118749 131686 662575" }

---------------------------------------------------------------- LZW
local function lzw_compress(text)
  local dictionary, size = {}, 256
  for i = 0, 255 do dictionary[string.char(i)] = i end
  local codes, current = {}, ""
  for c in text:gmatch("[%z\1-\255]") do
    local extended = current .. c
    if dictionary[extended] then
      current = extended
    else
      codes[#codes + 1] = dictionary[current]
      if size < 4096 then
        dictionary[extended] = size
        size = size + 1
      end
      current = c
    end
  end
  if current ~= "" then codes[#codes + 1] = dictionary[current] end
  return codes
end

local function lzw_expand(codes)
  local dictionary, size = {}, 256
  for i = 0, 255 do dictionary[i] = string.char(i) end
  local out, previous = {}, nil
  for i, code in ipairs(codes) do
    local entry = dictionary[code]
    if not entry then entry = previous .. previous:sub(1, 1) end
    out[i] = entry
    if previous and size < 4096 then
      dictionary[size] = previous .. entry:sub(1, 1)
      size = size + 1
    end
    previous = entry
  end
  return table.concat(out)
end

---------------------------------------------------------------- LZ77 with chains of three-byte prefixes
local WINDOW, LONGEST, TRIES = 1024, 32, 8

local function match_length(text, a, b, limit)
  local length = 0
  while length < limit and text:byte(a + length) == text:byte(b + length) do
    length = length + 1
  end
  return length
end

local function lz_compress(text)
  local out, heads, chain = {}, {}, {}
  local i, n = 1, #text
  local function remember(at)
    if at + 2 <= n then
      local key = text:sub(at, at + 2)
      chain[at] = heads[key]
      heads[key] = at
    end
  end
  while i <= n do
    local candidate, best, where = heads[text:sub(i, i + 2)], 0, 0
    local tries, limit = TRIES, math.min(LONGEST, n - i + 1)
    while candidate and candidate >= i - WINDOW and tries > 0 do
      local length = match_length(text, candidate, i, limit)
      if length > best then best, where = length, candidate end
      candidate = chain[candidate]
      tries = tries - 1
    end
    if best >= 3 then
      out[#out + 1] = { distance = i - where, length = best }
      for k = i, i + best - 1 do remember(k) end
      i = i + best
    else
      out[#out + 1] = text:sub(i, i)
      remember(i)
      i = i + 1
    end
  end
  return out
end

local function lz_expand(tokens)
  local bytes = {}
  for _, token in ipairs(tokens) do
    if type(token) == "string" then
      bytes[#bytes + 1] = token
    else
      local from = #bytes - token.distance
      for k = 1, token.length do bytes[#bytes + 1] = bytes[from + k] end
    end
  end
  return table.concat(bytes)
end

---------------------------------------------------------------- program
local SYLLABLES = { "ta", "ri", "mo", "ne", "sul", "ka", "pel", "ver" }

local function text_of(n)
  local parts, x = {}, 9
  for i = 1, n do
    x = (x * 4096 + 150889) % 714025
    parts[i] = SYLLABLES[x % 8 + 1] .. (x % 3 == 0 and " " or "")
    if i % 50 == 0 then parts[i] = "\n" .. table.concat(parts, "", i - 8, i - 1) end
  end
  return table.concat(parts)
end

local function run(n)
  local text = text_of(n)
  local codes = lzw_compress(text)
  local tokens = lz_compress(text)
  local copied = 0
  for _, token in ipairs(tokens) do
    if type(token) == "table" then copied = copied + token.length end
  end
  return string.format("%s %s %d %d %d %d", tostring(lzw_expand(codes) == text), tostring(lz_expand(tokens) == text),
    #text, #codes, #tokens, copied)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local size, codes, tokens, copied = result:match("^true true (%d+) (%d+) (%d+) (%d+)$")
  if not size or tonumber(size) ~= #text_of(n) then return false end
  size, codes, tokens, copied = tonumber(size), tonumber(codes), tonumber(tokens), tonumber(copied)
  return codes <= size and tokens - (size - copied) <= copied / 3
end

return { run = run, check = check }
