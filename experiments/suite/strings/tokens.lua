-- Tokenises generated configuration text with anchored string patterns.
local known = { [810] = "space:3442,comment:202,number:405,name:1214,string:203,arrow:202,symbol:1620,sum:183765", [4200] = "space:17850,comment:1050,number:2100,name:6300,string:1050,arrow:1050,symbol:8400,sum:2730200", [25000] = "space:106250,comment:6250,number:12500,name:37500,string:6250,arrow:6250,symbol:50000,sum:81250000", [105000] = "space:446250,comment:26250,number:52500,name:157500,string:26250,arrow:26250,symbol:210000,sum:1391250000" }

local function source_text(n)
  local lines = {}
  for i = 1, n do
    local kind = i % 4
    if kind == 0 then
      lines[i] = "section_" .. i .. " { # comment " .. i
    elseif kind == 1 then
      lines[i] = "  width = " .. (i * 37 % 1000) .. ".5 ;"
    elseif kind == 2 then
      lines[i] = '  title = "item number ' .. i .. '" ;'
    else
      lines[i] = "  flags <- alpha + beta*" .. i .. " }"
    end
  end
  return table.concat(lines, "\n")
end

local RULES = {
  { "space", "^%s+" },
  { "comment", "^#[^\n]*" },
  { "number", "^%d+%.?%d*" },
  { "name", "^[%a_][%w_]*" },
  { "string", '^"[^"]*"' },
  { "arrow", "^<%-" },
  { "symbol", "^[{}=;+*]" },
}

local function tokenise(text)
  local find, sub = string.find, string.sub
  local tokens, position, length = {}, 1, #text
  while position <= length do
    local matched = false
    for r = 1, #RULES do
      local rule = RULES[r]
      local first, last = find(text, rule[2], position)
      if first then
        tokens[#tokens + 1] = { kind = rule[1], text = sub(text, first, last) }
        position = last + 1
        matched = true
        break
      end
    end
    if not matched then
      error("unexpected character at " .. position)
    end
  end
  return tokens
end

local function run(n)
  local text = source_text(n)
  local tokens = tokenise(text)
  local tally, pieces, sum = {}, {}, 0
  for i, token in ipairs(tokens) do
    tally[token.kind] = (tally[token.kind] or 0) + 1
    pieces[i] = token.text
    if token.kind == "number" then sum = sum + math.floor(tonumber(token.text)) end
  end
  if table.concat(pieces) ~= text then return "lost text" end
  local summary = {}
  for _, rule in ipairs(RULES) do
    summary[#summary + 1] = rule[1] .. ":" .. (tally[rule[1]] or 0)
  end
  return table.concat(summary, ",") .. ",sum:" .. sum
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local strings, comments, arrows, sum = 0, 0, 0, 0
  for i = 1, n do
    local kind = i % 4
    if kind == 0 then comments = comments + 1
    elseif kind == 1 then sum = sum + i * 37 % 1000
    elseif kind == 2 then strings = strings + 1
    else arrows, sum = arrows + 1, sum + i end
  end
  local function has(key, value)
    return result:match("%f[%w]" .. key .. ":(%d+)") == string.format("%d", value)
  end
  return has("comment", comments) and has("string", strings) and has("arrow", arrows) and has("sum", sum)
end

return { run = run, check = check }
