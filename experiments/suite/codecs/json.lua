-- JSON encoder and recursive-descent decoder over generated documents: strings, escapes, numbers and nested tables.
local known = { [20] = "20 2 1510 6463", [145] = "145 14 74385 48539", [1100] = "1100 110 4241050 383621", [6300] = "6300 630 138949650 2281465" }

local json = {}
json.null = setmetatable({}, { __tostring = function() return "null" end })

---------------------------------------------------------------- encoding
local ESCAPES = {
  ['"'] = '\\"', ["\\"] = "\\\\", ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ["\b"] = "\\b", ["\f"] = "\\f",
}

local function quote(s)
  return '"' .. s:gsub('[%c"\\]', function(c)
    return ESCAPES[c] or string.format("\\u%04x", c:byte())
  end) .. '"'
end

local encode_value

local encoders = {
  string = quote,
  boolean = tostring,
  ["nil"] = function() return "null" end,
  number = function(x)
    if math.type(x) == "integer" then return string.format("%d", x) end
    return string.format("%.14g", x)
  end,
  table = function(t)
    if t == json.null then return "null" end
    local out = {}
    if #t > 0 or next(t) == nil then
      for i, v in ipairs(t) do out[i] = encode_value(v) end
      return "[" .. table.concat(out, ",") .. "]"
    end
    local keys = {}
    for key in pairs(t) do keys[#keys + 1] = key end
    table.sort(keys)
    for i, key in ipairs(keys) do
      out[i] = quote(key) .. ":" .. encode_value(t[key])
    end
    return "{" .. table.concat(out, ",") .. "}"
  end,
}

function encode_value(value)
  return encoders[type(value)](value)
end

json.encode = encode_value

---------------------------------------------------------------- decoding
local UNESCAPES = { b = "\b", f = "\f", n = "\n", r = "\r", t = "\t", ['"'] = '"', ["\\"] = "\\", ["/"] = "/" }

local decode_value

local function skip(text, at)
  return text:find("[^ \t\r\n]", at) or #text + 1
end

local function fail(at, what)
  error(string.format("json: %s at byte %d", what, at), 0)
end

local function decode_string(text, at)
  local parts, position = {}, at + 1
  while true do
    local stop = text:find('["\\]', position)
    if not stop then fail(at, "unfinished string") end
    parts[#parts + 1] = text:sub(position, stop - 1)
    if text:byte(stop) == 34 then
      return table.concat(parts), stop + 1
    end
    local letter = text:sub(stop + 1, stop + 1)
    if letter == "u" then
      local hex = text:match("^%x%x%x%x", stop + 2)
      if not hex then fail(stop, "bad escape") end
      parts[#parts + 1] = utf8.char(tonumber(hex, 16))
      position = stop + 6
    else
      parts[#parts + 1] = UNESCAPES[letter] or fail(stop, "bad escape")
      position = stop + 2
    end
  end
end

local function decode_array(text, at)
  local list, count = {}, 0
  at = skip(text, at + 1)
  if text:sub(at, at) == "]" then return list, at + 1 end
  while true do
    count = count + 1
    list[count], at = decode_value(text, at)
    at = skip(text, at)
    local c = text:sub(at, at)
    if c == "]" then return list, at + 1 end
    if c ~= "," then fail(at, "',' or ']' expected") end
    at = skip(text, at + 1)
  end
end

local function decode_object(text, at)
  local object = {}
  at = skip(text, at + 1)
  if text:sub(at, at) == "}" then return object, at + 1 end
  while true do
    if text:sub(at, at) ~= '"' then fail(at, "key expected") end
    local key, value
    key, at = decode_string(text, at)
    at = skip(text, at)
    if text:sub(at, at) ~= ":" then fail(at, "':' expected") end
    value, at = decode_value(text, skip(text, at + 1))
    object[key] = value
    at = skip(text, at)
    local c = text:sub(at, at)
    if c == "}" then return object, at + 1 end
    if c ~= "," then fail(at, "',' or '}' expected") end
    at = skip(text, at + 1)
  end
end

local WORDS = { t = { "true", true }, f = { "false", false }, n = { "null", json.null } }

function decode_value(text, at)
  local c = text:sub(at, at)
  if c == '"' then return decode_string(text, at) end
  if c == "{" then return decode_object(text, at) end
  if c == "[" then return decode_array(text, at) end
  local word = WORDS[c]
  if word then
    if text:sub(at, at + #word[1] - 1) ~= word[1] then fail(at, "bad word") end
    return word[2], at + #word[1]
  end
  local number = text:match("^-?%d+%.?%d*[eE]?[+-]?%d*", at)
  if not number then fail(at, "unexpected character") end
  return tonumber(number), at + #number
end

function json.decode(text)
  local value, at = decode_value(text, skip(text, 1))
  at = skip(text, at)
  if at <= #text then fail(at, "trailing text") end
  return value
end

---------------------------------------------------------------- program
local function document(i)
  local tags, points = {}, {}
  for k = 1, i % 5 do tags[k] = "tag\t" .. k .. '"' .. i end
  for k = 1, 6 do points[k] = { x = k * 0.25, y = -i / 8, z = i * k } end
  return {
    id = i,
    name = "document \\ " .. i .. "\n",
    control = "\1\31",
    open = i % 2 == 0,
    parent = i % 3 == 0 and json.null or i - 1,
    tags = tags,
    points = points,
    nested = { a = { b = { c = { i } } } },
  }
end

local function run(n)
  local same, bytes, sum, errors = 0, 0, 0, 0
  for i = 1, n do
    local text = json.encode(document(i))
    local copy = json.decode(text)
    bytes = bytes + #text
    sum = sum + copy.nested.a.b.c[1] + copy.points[6].z + #copy.tags
    if json.encode(copy) == text and copy.name == "document \\ " .. i .. "\n" then same = same + 1 end
    if i % 10 == 0 and not pcall(json.decode, text:sub(1, -2)) then errors = errors + 1 end
  end
  return string.format("%d %d %d %d", same, errors, sum, bytes)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local sum = 0
  for i = 1, n do sum = sum + 7 * i + i % 5 end
  local prefix = string.format("%d %d %d ", n, n // 10, sum)
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
