-- A regular expression engine: parser to an automaton and simultaneous simulation, compared with a backtracker.
local known = { [89] = "0:73:75", [510] = "0:73:468", [3800] = "0:73:3406", [22500] = "0:73:20019" }

---------------------------------------------------------------- parser: ( | ) * + ? . [a-z] and literals
local function parse(pattern)
  local at = 1
  local alternation

  local function peek() return pattern:sub(at, at) end

  local function set()
    local negated, ranges = false, {}
    if peek() == "^" then
      negated = true
      at = at + 1
    end
    while peek() ~= "]" do
      local low, high = pattern:match("^(.)%-([^%]])", at)
      if low then
        at = at + 3
      else
        low = peek()
        if low == "" then error("missing ]") end
        high = low
        at = at + 1
      end
      ranges[#ranges + 1] = { low:byte(), high:byte() }
    end
    at = at + 1
    return { type = "set", negated = negated, ranges = ranges }
  end

  local function atom()
    local c = peek()
    at = at + 1
    if c == "(" then
      local inner = alternation()
      if peek() ~= ")" then error("missing )") end
      at = at + 1
      return inner
    elseif c == "[" then
      return set()
    elseif c == "." then
      return { type = "any" }
    elseif c == "\\" then
      c = peek()
      at = at + 1
    end
    return { type = "char", byte = c:byte() }
  end

  local function repetition()
    local node = atom()
    while true do
      local c = peek()
      if c == "*" then node = { type = "star", node }
      elseif c == "+" then node = { type = "cat", node, { type = "star", node } }
      elseif c == "?" then node = { type = "alt", node, { type = "empty" } }
      else return node end
      at = at + 1
    end
  end

  local function sequence()
    local node
    while at <= #pattern and peek() ~= "|" and peek() ~= ")" do
      local following = repetition()
      node = node and { type = "cat", node, following } or following
    end
    return node or { type = "empty" }
  end

  function alternation()
    local node = sequence()
    while peek() == "|" do
      at = at + 1
      node = { type = "alt", node, sequence() }
    end
    return node
  end

  local tree = alternation()
  if at <= #pattern then error("unexpected )") end
  return tree
end

local function accepts(node, byte)
  if node.type == "char" then return node.byte == byte end
  if node.type == "any" then return true end
  for _, range in ipairs(node.ranges) do
    if byte >= range[1] and byte <= range[2] then return not node.negated end
  end
  return node.negated
end

---------------------------------------------------------------- automaton
local Automaton = {}
Automaton.__index = Automaton

function Automaton.new(tree)
  local self = setmetatable({ states = {} }, Automaton)
  self.final = self:state({ kind = "match" })
  self.start = self:build(tree, self.final)
  return self
end

function Automaton:state(s)
  self.states[#self.states + 1] = s
  s.index = #self.states
  return s
end

-- Returns the state where matching this node starts if `after` follows it.
function Automaton:build(node, after)
  local t = node.type
  if t == "empty" then return after end
  if t == "cat" then return self:build(node[1], self:build(node[2], after)) end
  if t == "alt" then
    return self:state({ kind = "split", a = self:build(node[1], after), b = self:build(node[2], after) })
  end
  if t == "star" then
    local split = self:state({ kind = "split", b = after })
    split.a = self:build(node[1], split)
    return split
  end
  return self:state({ kind = "step", test = node, to = after })
end

local function follow(state, set, mark)
  if set.mark[state.index] == mark then return end
  set.mark[state.index] = mark
  if state.kind == "split" then
    follow(state.a, set, mark)
    follow(state.b, set, mark)
  else
    set.count = set.count + 1
    set[set.count] = state
  end
end

function Automaton:matches(text)
  local current, following = { count = 0, mark = {} }, { count = 0, mark = {} }
  follow(self.start, current, 0)
  for i = 1, #text do
    local byte = text:byte(i)
    following.count = 0
    for k = 1, current.count do
      local state = current[k]
      if state.kind == "step" and accepts(state.test, byte) then
        follow(state.to, following, i)
      end
    end
    if following.count == 0 then return false end
    current, following = following, current
  end
  for k = 1, current.count do
    if current[k] == self.final then return true end
  end
  return false
end

---------------------------------------------------------------- backtracking over the tree, with continuations
local function backtrack(node, text, i, continue)
  local t = node.type
  if t == "empty" then return continue(i) end
  if t == "cat" then
    return backtrack(node[1], text, i, function(k) return backtrack(node[2], text, k, continue) end)
  end
  if t == "alt" then
    return backtrack(node[1], text, i, continue) or backtrack(node[2], text, i, continue)
  end
  if t == "star" then
    return backtrack(node[1], text, i, function(k)
      return k > i and backtrack(node, text, k, continue)
    end) or continue(i)
  end
  local byte = text:byte(i)
  return byte ~= nil and accepts(node, byte) and continue(i + 1)
end

local PATTERNS = {
  "(a|b)*abb", "[a-c]+d?[^d]", "a(b|c|d)*e?", "(ab|ba)+c*", "..*b", "((a|b)(c|d))*", "a?b?c?d?e?", "[^e]*e[a-d]*", "\\a\\.*",
}

local function word(seed)
  local letters = {}
  for i = 1, seed % 12 + 1 do
    seed = (seed * 8121 + 28411) % 134456
    letters[i] = ("abcde"):sub(seed % 5 + 1, seed % 5 + 1)
  end
  return table.concat(letters)
end

local function run(n)
  local matched, disagreements, states = 0, 0, 0
  for p, pattern in ipairs(PATTERNS) do
    local tree = parse(pattern)
    local automaton = Automaton.new(tree)
    states = states + #automaton.states
    for i = 1, n do
      local text = word(i * 9 + p)
      local yes = automaton:matches(text)
      if yes then matched = matched + 1 end
      if i % 3 == 0 then
        local other = backtrack(tree, text, 1, function(k) return k == #text + 1 end)
        if other ~= yes then disagreements = disagreements + 1 end
      end
    end
  end
  return disagreements .. ":" .. states .. ":" .. matched
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local matched = tonumber(result:match("^0:%d+:(%d+)$"))
  if not matched then return false end
  -- three of the patterns can be said with Lua patterns: count those again
  local least = 0
  for i = 1, n do
    if word(i * 9 + 1):find("^[ab]*abb$") then least = least + 1 end
    if word(i * 9 + 3):find("^a[b-d]*e?$") then least = least + 1 end
    if word(i * 9 + 5):find("^..*b$") then least = least + 1 end
  end
  return matched >= least and matched <= 9 * n
end

return { run = run, check = check }
