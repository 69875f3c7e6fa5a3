-- A toy language end to end: lexer, precedence-climbing parser, compiler to stack code and a virtual machine.
local known = { [7] = "15072/977013/13 84 2223 9955 true", [38] = "98037/149165/21 456 5221 5730 true", [205] = "553574/753111/5 2460 2053 2599 true", [2550] = "6973476/877872/5 30600 1683 9730 true" }

---------------------------------------------------------------- lexer
local KEYWORDS = { ["while"] = true, ["if"] = true, ["else"] = true, ["let"] = true, ["print"] = true, ["fn"] = true, ["return"] = true }

local function lex(source)
  local tokens, at = {}, 1
  while true do
    at = source:match("^%s*()", at)
    if at > #source then break end
    local text = source:match("^%d+", at)
    if text then
      tokens[#tokens + 1] = { kind = "number", value = math.tointeger(tonumber(text)) }
    else
      text = source:match("^[%a_]+", at)
      if text then
        tokens[#tokens + 1] = { kind = KEYWORDS[text] and text or "name", value = text }
      else
        text = source:match("^[<>=!]=", at) or source:match("^[-+*/%%<>=(){},;]", at)
        if not text then error("bad character " .. source:sub(at, at)) end
        tokens[#tokens + 1] = { kind = text, value = text }
      end
    end
    at = at + #text
  end
  tokens[#tokens + 1] = { kind = "end" }
  return tokens
end

---------------------------------------------------------------- parser and compiler in one pass
local PRECEDENCE = {
  ["=="] = 1, ["!="] = 1, ["<"] = 2, [">"] = 2, ["<="] = 2, [">="] = 2,
  ["+"] = 3, ["-"] = 3, ["*"] = 4, ["/"] = 4, ["%"] = 4,
}

local Compiler = {}
Compiler.__index = Compiler

function Compiler.new(tokens)
  return setmetatable({ tokens = tokens, at = 1, code = {}, slots = nil, functions = {}, depth = 0 }, Compiler)
end

function Compiler:peek() return self.tokens[self.at].kind end

function Compiler:accept(kind)
  if self:peek() == kind then
    self.at = self.at + 1
    return self.tokens[self.at - 1]
  end
end

function Compiler:expect(kind)
  return self:accept(kind) or error("expected " .. kind .. " but found " .. self:peek())
end

function Compiler:emit(op, argument)
  local code = self.code
  code[#code + 1] = op
  code[#code + 1] = argument or 0
  return #code          -- where the argument is, to patch it
end

function Compiler:here() return #self.code + 1 end

function Compiler:primary()
  local token = self:accept("number")
  if token then
    self:emit("push", token.value)
  elseif self:accept("(") then
    self:expression(1)
    self:expect(")")
  elseif self:accept("-") then
    self:primary()
    self:emit("neg")
  else
    local name = self:expect("name").value
    if self:accept("(") then
      local count = 0
      if not self:accept(")") then
        repeat
          self:expression(1)
          count = count + 1
        until not self:accept(",")
        self:expect(")")
      end
      local f = self.functions[name] or error("no function " .. name)
      if f.arity ~= count then error("wrong number of arguments for " .. name) end
      self:emit("call", f)
    else
      self:emit("load", self.slots[name] or error("no variable " .. name))
    end
  end
end

function Compiler:expression(minimum)
  self:primary()
  while true do
    local op = self:peek()
    local precedence = PRECEDENCE[op]
    if not precedence or precedence < minimum then return end
    self.at = self.at + 1
    self:expression(precedence + 1)
    self:emit(op)
  end
end

function Compiler:declare(name)
  if not self.slots[name] then
    self.slotCount = self.slotCount + 1
    self.slots[name] = self.slotCount
  end
  return self.slots[name]
end

function Compiler:block()
  self:expect("{")
  while not self:accept("}") do self:statement() end
end

function Compiler:statement()
  if self:accept("let") then
    local name = self:expect("name").value
    self:expect("=")
    self:expression(1)
    self:emit("store", self:declare(name))
    self:expect(";")
  elseif self:accept("print") then
    self:expression(1)
    self:emit("print")
    self:expect(";")
  elseif self:accept("return") then
    self:expression(1)
    self:emit("ret")
    self:expect(";")
  elseif self:accept("while") then
    local top = self:here()
    self:expression(1)
    local exit = self:emit("jumpfalse")
    self:block()
    self:emit("jump", top)
    self.code[exit] = self:here()
  elseif self:accept("if") then
    self:expression(1)
    local skip = self:emit("jumpfalse")
    self:block()
    if self:accept("else") then
      local over = self:emit("jump")
      self.code[skip] = self:here()
      self:block()
      self.code[over] = self:here()
    else
      self.code[skip] = self:here()
    end
  else
    local name = self:expect("name").value
    self:expect("=")
    self:expression(1)
    self:emit("store", self.slots[name] or error("no variable " .. name))
    self:expect(";")
  end
end

function Compiler:program()
  while self:accept("fn") do
    local name = self:expect("name").value
    self.slots, self.slotCount = {}, 0
    self:expect("(")
    if not self:accept(")") then
      repeat self:declare(self:expect("name").value) until not self:accept(",")
      self:expect(")")
    end
    local f = { name = name, arity = self.slotCount }
    self.functions[name] = f
    self.code = {}
    self:block()
    self:emit("push", 0)
    self:emit("ret")
    f.code = self.code
  end
  self.slots, self.slotCount, self.code = {}, 0, {}
  while self:peek() ~= "end" do self:statement() end
  self:emit("halt")
  return self.code
end

---------------------------------------------------------------- virtual machine
local function execute(code, output)
  local stack, sp = {}, 0
  local frame, frames, pc, steps = {}, {}, 1, 0
  while true do
    local op, argument = code[pc], code[pc + 1]
    pc = pc + 2
    steps = steps + 1
    if op == "load" then
      sp = sp + 1
      stack[sp] = frame[argument]
    elseif op == "push" then
      sp = sp + 1
      stack[sp] = argument
    elseif op == "store" then
      frame[argument] = stack[sp]
      sp = sp - 1
    elseif op == "jump" then
      pc = argument
    elseif op == "jumpfalse" then
      if not stack[sp] then pc = argument end
      sp = sp - 1
    elseif op == "call" then
      local new = {}
      for i = argument.arity, 1, -1 do
        new[i] = stack[sp]
        sp = sp - 1
      end
      frames[#frames + 1] = { code = code, pc = pc, frame = frame }
      code, pc, frame = argument.code, 1, new
    elseif op == "ret" then
      local saved = table.remove(frames)
      code, pc, frame = saved.code, saved.pc, saved.frame
    elseif op == "neg" then
      stack[sp] = -stack[sp]
    elseif op == "print" then
      output[#output + 1] = tostring(stack[sp])
      sp = sp - 1
    elseif op == "halt" then
      return steps
    else
      local b = stack[sp]
      sp = sp - 1
      local a = stack[sp]
      local value
      if op == "+" then value = a + b
      elseif op == "-" then value = a - b
      elseif op == "*" then value = a * b
      elseif op == "/" then value = a // b
      elseif op == "%" then value = a % b
      elseif op == "<" then value = a < b
      elseif op == ">" then value = a > b
      elseif op == "<=" then value = a <= b
      elseif op == ">=" then value = a >= b
      elseif op == "==" then value = a == b
      elseif op == "!=" then value = a ~= b
      else error("bad operation " .. tostring(op)) end
      stack[sp] = value
    end
  end
end

local SOURCE = [[
fn fib(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }
fn gcd(a, b) { while b != 0 { let t = a % b; a = b; b = t; } return a; }
fn power(base, exponent, modulus) {
  let result = 1;
  while exponent > 0 {
    if exponent % 2 == 1 { result = result * base % modulus; }
    base = base * base % modulus;
    exponent = exponent / 2;
  }
  return result;
}
print fib(SIZE % 5 + 5);
print gcd(SIZE * 36, 48 * SIZE + 0);
let sum = 0;
let i = 1;
while i <= 50 + SIZE % 50 {
  if i % 3 == 0 { sum = sum + i * 2; } else { sum = sum - -i; }
  i = i + 1;
}
print sum;
print power(7, 1000 + SIZE, 10007);
print (1 + 2 * 3 - 4) * (10 / 3) % 5 == 4;
]]

local function run(n)
  local steps, hash, last = 0, 0, ""
  for i = 1, n do
    local source = SOURCE:gsub("SIZE", tostring(i))
    local code = Compiler.new(lex(source)):program()
    local output = {}
    steps = steps + execute(code, output)
    last = table.concat(output, " ")
    for k = 1, #last do hash = (hash * 33 + last:byte(k)) % 999983 end
  end
  return steps .. "/" .. hash .. "/" .. last
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local fibs = { [0] = 5, 8, 13, 21, 34 }
  local sum = 0
  for i = 1, 50 + n % 50 do sum = sum + (i % 3 == 0 and 2 * i or i) end
  local power = 1
  for _ = 1, 1000 + n do power = power * 7 % 10007 end
  local expected = string.format("/%d %d %d %d true", fibs[n % 5], 12 * n, sum, power)
  return result:sub(-#expected) == expected
end

return { run = run, check = check }
