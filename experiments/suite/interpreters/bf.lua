-- An eight-instruction tape machine: a compiler to folded operations and a dispatch loop that runs it.
local known = { [12] = "24 3534 58650", [58] = "116 16796 355072", [470] = "940 135715 2904052", [4000] = "8000 1158874 24896326" }

local ADD, MOVE, OUT, IN, OPEN, CLOSE, CLEAR = 1, 2, 3, 4, 5, 6, 7

local function compile(source)
  source = source:gsub("[^%+%-<>%.,%[%]]", "")
  local code, stack, i = {}, {}, 1
  local function emit(op, argument) code[#code + 1] = { op = op, argument = argument } end
  while i <= #source do
    local c = source:sub(i, i)
    if source:sub(i, i + 2) == "[-]" then
      emit(CLEAR, 0)
      i = i + 3
    elseif c == "+" or c == "-" then
      local run = source:match("^[%+%-]+", i)
      local delta = 0
      for sign in run:gmatch(".") do delta = delta + (sign == "+" and 1 or -1) end
      emit(ADD, delta)
      i = i + #run
    elseif c == "<" or c == ">" then
      local run = source:match("^[<>]+", i)
      local _, right = run:gsub(">", "")
      emit(MOVE, 2 * right - #run)
      i = i + #run
    else
      if c == "." then
        emit(OUT)
      elseif c == "," then
        emit(IN)
      elseif c == "[" then
        emit(OPEN)
        stack[#stack + 1] = #code
      else
        local open = table.remove(stack)
        if not open then error("unmatched ]") end
        emit(CLOSE, open)
        code[open].argument = #code
      end
      i = i + 1
    end
  end
  if #stack > 0 then error("unmatched [") end
  return code
end

local function execute(code, input)
  local tape = setmetatable({}, { __index = function() return 0 end })
  local at, pc, read, steps = 0, 1, 1, 0
  local out = {}
  while true do
    local instruction = code[pc]
    if not instruction then break end
    local op = instruction.op
    steps = steps + 1
    if op == ADD then
      tape[at] = (tape[at] + instruction.argument) % 256
    elseif op == MOVE then
      at = at + instruction.argument
    elseif op == OPEN then
      if tape[at] == 0 then pc = instruction.argument end
    elseif op == CLOSE then
      if tape[at] ~= 0 then pc = instruction.argument end
    elseif op == CLEAR then
      tape[at] = 0
    elseif op == OUT then
      out[#out + 1] = string.char(tape[at])
    else
      tape[at] = input:byte(read) or 0
      read = read + 1
    end
    pc = pc + 1
  end
  return table.concat(out), steps
end

-- squares of the input bytes, modulo 256: cell 0 is x; cells 1 and 2 are copies of x; cell 3 sums
local SQUARE = [[
  ,[                            read x while it is not zero
    [->+>+<<]                   copy x to cells 1 and 2
    >[-                         x times:
      >[->+>+<<]                add cell 2 to cell 3 and keep a copy in cell 4
      >>[-<<+>>]                bring cell 2 back
      <<<                       to cell 1
    ]
    >[-]>.[-]                   clear cell 2 print and clear cell 3
    <<<,                        next
  ]
]]

local REVERSE = ">,[>,]<[.<]"

local HELLO = "++++++++[>+++++++++>++++++++++++++>++++<<<-]>.>-----------.+++++++..+++.>.<"

local function run(n)
  local square, reverse, hello = compile(SQUARE), compile(REVERSE), compile(HELLO)
  local total, steps, good = 0, 0, 0
  for i = 1, n do
    local input = string.char(i % 20 + 3, i % 9 + 10, i % 14 + 1)
    local output, count = execute(square, input)
    steps = steps + count
    for k = 1, #output do total = total + output:byte(k) end
    local word = "word" .. i
    output, count = execute(reverse, word)
    steps = steps + count
    if output == word:reverse() then good = good + 1 end
    output, count = execute(hello, "")
    steps = steps + count
    if #output == 6 then good = good + 1 end
  end
  return good .. " " .. total .. " " .. steps
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local total = 0
  for i = 1, n do
    for _, x in ipairs({ i % 20 + 3, i % 9 + 10, i % 14 + 1 }) do total = total + x * x % 256 end
  end
  local prefix = string.format("%d %d ", 2 * n, total)
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
