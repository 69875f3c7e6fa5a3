-- A tokenizer and pretty printer for a Lua-like language: normalises layout and must be idempotent.
local known = { [11] = "11 0 1216 212 796439", [66] = "66 0 6952 1221 177790", [360] = "360 0 37920 6660 414474", [3000] = "3000 0 316000 55500 932281" }

---------------------------------------------------------------- tokenizer
local RESERVED = {}
for name in ([[and break do else elseif end false for function if in local nil not or repeat return then true
  until while]]):gmatch("%a+") do
  RESERVED[name] = true
end

local Lexer = {}
Lexer.__index = Lexer

function Lexer.new(source)
  return setmetatable({ source = source, position = 1, line = 1 }, Lexer)
end

function Lexer:skip()
  local source = self.source
  while true do
    local _, stop = source:find("^%s+", self.position)
    if stop then
      for _ in source:sub(self.position, stop):gmatch("\n") do self.line = self.line + 1 end
      self.position = stop + 1
    elseif source:find("^%-%-", self.position) then
      self.position = source:find("\n", self.position, true) or #source + 1
    else
      return
    end
  end
end

local OPERATORS = { "^%.%.%.", "^%.%.", "^[=~<>]=", "^[-+*/%%^#<>=(){}%[%];:,.]" }

function Lexer:next()
  self:skip()
  local source, position = self.source, self.position
  if position > #source then return nil end
  local kind, text
  text = source:match("^[%a_][%w_]*", position)
  if text then
    kind = RESERVED[text] and "keyword" or "name"
  else
    text = source:match("^0[xX]%x+", position) or source:match("^%d+%.?%d*", position)
    if text then
      kind = "number"
    else
      local quote = source:match("^[\"']", position)
      if quote then
        local stop = position + 1
        while true do
          local c = source:sub(stop, stop)
          if c == "" then error("unfinished string in line " .. self.line) end
          if c == quote then break end
          stop = stop + (c == "\\" and 2 or 1)
        end
        kind, text = "string", source:sub(position, stop)
      else
        for _, pattern in ipairs(OPERATORS) do
          text = source:match(pattern, position)
          if text then break end
        end
        if not text then error("unexpected character in line " .. self.line) end
        kind = "operator"
      end
    end
  end
  self.position = position + #text
  return { kind = kind, text = text, line = self.line }
end

local function tokens_of(source)
  local lexer = Lexer.new(source)
  return function() return lexer:next() end
end

---------------------------------------------------------------- printer
local OPENS = { ["then"] = true, ["do"] = true, ["else"] = true, ["repeat"] = true }
local CLOSES = { ["end"] = true, ["else"] = true, ["elseif"] = true, ["until"] = true }
local STARTS = { ["local"] = true, ["if"] = true, ["while"] = true, ["for"] = true, ["return"] = true, ["break"] = true }
local NO_SPACE_BEFORE = { [")"] = true, ["]"] = true, [","] = true, [";"] = true, [":"] = true, ["."] = true, ["("] = true, ["["] = true }
local NO_SPACE_AFTER = { ["("] = true, ["["] = true, ["."] = true, [":"] = true, ["#"] = true }
local BINARY = { ["="] = true, ["=="] = true, ["+"] = true, ["-"] = true, ["*"] = true, ["/"] = true, [".."] = true,
  ["<"] = true, [">"] = true, ["<="] = true, [">="] = true, ["~="] = true, ["%"] = true, [","] = true }

local function space_between(previous, token)
  if previous == nil or NO_SPACE_AFTER[previous.text] then return false end
  if token.text == "(" or token.text == "[" then
    return previous.kind == "keyword" and previous.text ~= "function" or BINARY[previous.text] or false
  end
  if NO_SPACE_BEFORE[token.text] then return false end
  return true
end

local Printer = {}
Printer.__index = Printer

function Printer.new()
  return setmetatable({ lines = {}, current = {}, level = 0, previous = nil, parens = 0 }, Printer)
end

function Printer:newline()
  if #self.current > 0 then
    self.lines[#self.lines + 1] = string.rep("  ", self.indent) .. table.concat(self.current)
    self.current = {}
  end
  self.previous = nil
end

function Printer:put(token)
  if #self.current == 0 then self.indent = self.level end
  if space_between(self.previous, token) then self.current[#self.current + 1] = " " end
  self.current[#self.current + 1] = token.text
  self.previous = token
end

-- Ends a statement when two operands meet: `x = 1 y = 2`.
local function operand_end(token)
  return token.kind == "name" or token.kind == "number" or token.kind == "string"
    or token.text == ")" or token.text == "]" or token.text == "}"
    or token.text == "true" or token.text == "false" or token.text == "nil"
end

function Printer:token(token)
  local text, previous = token.text, self.previous
  if token.kind == "keyword" and CLOSES[text] then
    self:newline()
    self.level = self.level - 1
    self:put(token)
    if OPENS[text] then
      self.level = self.level + 1
      self:newline()
    end
    return
  end
  if previous and self.parens == 0 then
    if STARTS[text] or (token.kind == "name" and operand_end(previous)) or previous.text == "end" and token.kind ~= "operator" then
      self:newline()
    end
  end
  if text == ";" then
    self:newline()
    return
  end
  self:put(token)
  if text == "(" then
    self.parens = self.parens + 1
  elseif text == ")" then
    self.parens = self.parens - 1
    if self.in_header and self.parens == 0 then
      self.in_header = false
      self.level = self.level + 1
      self:newline()
    end
  elseif text == "function" then
    self.in_header = true
  elseif OPENS[text] then
    self.level = self.level + 1
    self:newline()
  end
end

local function pretty(source)
  local printer, count = Printer.new(), 0
  for token in tokens_of(source) do
    printer:token(token)
    count = count + 1
  end
  printer:newline()
  return table.concat(printer.lines, "\n") .. "\n", count, printer.level
end

---------------------------------------------------------------- sources to print
local FRAGMENTS = {
  [[local function area ( w,h ) if w<0 then return nil,'negative' end return w*h end]],
  [[for i=1,10 do total=total+i*%d print ( total , "sum: \"" .. total .. "\"" ) end]],
  [[while queue.first<=queue.last and not done do
      local item=queue[queue.first]; queue.first=queue.first+1 -- take it
      if item.kind=="stop" then done=true elseif item.weight>%d then heavy=heavy+1 else light=light+1 end
    end]],
  [[repeat x=x/2 steps=steps+1 until x<1]],
  [[handler.on_%d=1 object:method(1,{2,3},#list) local a,b=f(x),t[i]  t[i]=b]],
  [[local names={ "a","b" } for _,name in ipairs(names) do register(name,0x%d) end]],
}

local function source_of(i)
  local parts = {}
  for k = 0, i % 4 + 1 do
    parts[#parts + 1] = (FRAGMENTS[(i + k) % #FRAGMENTS + 1]:gsub("%%d", tostring(i)))
  end
  return table.concat(parts, "  ")
end

local function run(n)
  local stable, tokens, lines, hash, unbalanced = 0, 0, 0, 0, 0
  for i = 1, n do
    local once, count, level = pretty(source_of(i))
    local twice, again = pretty(once)
    if once == twice and count >= again then stable = stable + 1 end
    if level ~= 0 then unbalanced = unbalanced + 1 end
    tokens = tokens + count
    for line in once:gmatch("[^\n]+") do
      lines = lines + 1
      hash = (hash * 17 + #line) % 1000003
    end
  end
  return string.format("%d %d %d %d %d", stable, unbalanced, tokens, lines, hash)
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local stable, unbalanced, tokens, lines = result:match("^(%d+) (%d+) (%d+) (%d+) %d+$")
  if tonumber(stable) ~= n or unbalanced ~= "0" then return false end
  -- what is printed is still the same text apart from blanks, comments and semicolons
  local function squeeze(s) return (s:gsub("%-%-[^\n]*", ""):gsub("[%s;]", "")) end
  for i = 1, math.min(n, 12) do
    if squeeze(pretty(source_of(i))) ~= squeeze(source_of(i)) then return false end
  end
  return tonumber(lines) < tonumber(tokens)
end

return { run = run, check = check }
