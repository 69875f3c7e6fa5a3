-- A one-way constraint solver with strengths: variables, methods, plans and an inheritance tree of constraints.
local known = { [10] = "315/125", [44] = "1462/626", [300] = "10038/4338", [2350] = "78725/34075" }

local REQUIRED, STRONG, MEDIUM, WEAK, ABSENT = 1, 2, 3, 4, 5

---------------------------------------------------------------- variables
local Variable = {}
Variable.__index = Variable

function Variable.new(name, value)
  return setmetatable({
    name = name, value = value, users = {},
    definer = nil,       -- the constraint that computes this variable now
    strength = ABSENT,   -- the weakest strength along its derivation
    mark = 0, constant = true,
  }, Variable)
end

function Variable:removeUser(constraint)
  local users = self.users
  for i = 1, #users do
    if users[i] == constraint then
      table.remove(users, i)
      break
    end
  end
  if self.definer == constraint then self.definer = nil end
end

---------------------------------------------------------------- constraints
local Constraint = {}
Constraint.__index = Constraint

local function extend(parent)
  local child = setmetatable({}, { __index = parent })
  child.__index = child
  return child
end

function Constraint:setup(strength, ...)
  self.strength = strength
  self.variables = { ... }
  self.output = nil
  return self
end

function Constraint:isInput() return false end

-- Which variables may this constraint compute?
function Constraint:candidates() return self.variables end

function Constraint:chooseOutput(mark)
  local best
  for _, variable in ipairs(self:candidates()) do
    if variable.mark ~= mark and variable.strength > self.strength then
      if not best or variable.strength > best.strength then best = variable end
    end
  end
  self.output = best
  return best
end

function Constraint:inputsKnown(mark)
  for _, variable in ipairs(self.variables) do
    if variable ~= self.output and not variable.constant and variable.mark ~= mark then
      return false
    end
  end
  return true
end

function Constraint:recalculate()
  local output, weakest, constant = self.output, self.strength, not self:isInput()
  for _, variable in ipairs(self.variables) do
    if variable ~= output then
      if not variable.constant then constant = false end
    end
  end
  -- the walkabout strength: the weakest of the own strength and the other possible outputs
  for _, variable in ipairs(self:candidates()) do
    if variable ~= output and variable.strength > weakest then weakest = variable.strength end
  end
  output.strength, output.constant = weakest, constant
  self:execute()
end

function Constraint:execute() error("abstract method") end

local Stay = extend(Constraint)
function Stay.new(variable, strength) return setmetatable({}, Stay):setup(strength, variable) end
function Stay:execute() end

local Edit = extend(Constraint)
function Edit.new(variable, strength) return setmetatable({}, Edit):setup(strength, variable) end
function Edit:isInput() return true end
function Edit:execute()
  if self.wanted then self.output.value = self.wanted end
end

local Equal = extend(Constraint)
function Equal.new(a, b, strength) return setmetatable({}, Equal):setup(strength, a, b) end
function Equal:execute()
  local a, b = self.variables[1], self.variables[2]
  if self.output == b then b.value = a.value else a.value = b.value end
end

-- target = source * scale + offset, where scale and offset are never computed here
local Linear = extend(Equal)
function Linear.new(source, target, scale, offset, strength)
  local self = setmetatable({}, Linear):setup(strength, source, target, scale, offset)
  self.ends = { source, target }
  return self
end
function Linear:candidates() return self.ends end
function Linear:execute()
  local source, target, scale, offset = self.variables[1], self.variables[2], self.variables[3], self.variables[4]
  if self.output == target then
    target.value = source.value * scale.value + offset.value
  else
    source.value = math.floor((target.value - offset.value) / scale.value)
  end
end

---------------------------------------------------------------- solver
local Solver = {}
Solver.__index = Solver

function Solver.new() return setmetatable({ mark = 0, added = 0 }, Solver) end

function Solver:freshMark()
  self.mark = self.mark + 1
  return self.mark
end

function Solver:add(constraint)
  self.added = self.added + 1
  for _, variable in ipairs(constraint.variables) do
    variable.users[#variable.users + 1] = constraint
  end
  local mark = self:freshMark()
  local pending = constraint
  while pending do pending = self:satisfy(pending, mark) end
  return constraint
end

-- Gives the constraint an output; returns the constraint it pushed aside, if any.
function Solver:satisfy(constraint, mark)
  local output = constraint:chooseOutput(mark)
  if not output then
    if constraint.strength == REQUIRED then error("a required constraint cannot be met") end
    return nil
  end
  for _, variable in ipairs(constraint.variables) do
    if variable ~= output then variable.mark = mark end
  end
  local displaced = output.definer
  if displaced then displaced.output = nil end
  output.definer = constraint
  output.mark = mark
  self:propagate(output)
  return displaced
end

function Solver:propagate(variable)
  local todo, seen = { variable.definer }, {}
  local first = 1
  while todo[first] do
    local constraint = todo[first]
    first = first + 1
    if constraint.output then
      constraint:recalculate()
      seen[constraint.output] = true
      for _, user in ipairs(constraint.output.users) do
        if user ~= constraint and user.output and not seen[user.output] then
          todo[#todo + 1] = user
        end
      end
    end
  end
end

function Solver:remove(constraint)
  local output = constraint.output
  for _, variable in ipairs(constraint.variables) do variable:removeUser(constraint) end
  if not output then return end
  constraint.output = nil
  output.strength, output.constant = ABSENT, true
  -- everything downstream loses its support; try the idle constraints again, strongest first
  local idle, seen, todo = {}, {}, { output }
  while #todo > 0 do
    local variable = table.remove(todo)
    for _, user in ipairs(variable.users) do
      if not seen[user] then
        seen[user] = true
        if user.output == nil then
          idle[#idle + 1] = user
        elseif user.output ~= variable then
          user:recalculate()
          todo[#todo + 1] = user.output
        end
      end
    end
  end
  for strength = REQUIRED, WEAK do
    for _, candidate in ipairs(idle) do
      if candidate.strength == strength and not candidate.output then
        local mark = self:freshMark()
        local pending = candidate
        while pending do pending = self:satisfy(pending, mark) end
      end
    end
  end
end

-- The constraints to execute, in order, when the given inputs change.
function Solver:plan(inputs)
  local mark, plan, todo = self:freshMark(), {}, {}
  for i, input in ipairs(inputs) do todo[i] = input end
  while #todo > 0 do
    local constraint = table.remove(todo)
    local output = constraint.output
    if output and output.mark ~= mark and constraint:inputsKnown(mark) then
      plan[#plan + 1] = constraint
      output.mark = mark
      for _, user in ipairs(output.users) do
        if user ~= constraint and user.output and user.output ~= output then todo[#todo + 1] = user end
      end
    end
  end
  return plan
end

local function execute(plan)
  for i = 1, #plan do plan[i]:execute() end
end

---------------------------------------------------------------- scenarios
local function chain(length)
  local solver, variables = Solver.new(), {}
  for i = 1, length do variables[i] = Variable.new("v" .. i, 0) end
  for i = 2, length do solver:add(Equal.new(variables[i - 1], variables[i], REQUIRED)) end
  solver:add(Stay.new(variables[length], WEAK))
  local edit = solver:add(Edit.new(variables[1], STRONG))
  local plan, good = solver:plan({ edit }), 0
  for value = 1, 20 do
    edit.wanted = value
    execute(plan)
    if variables[length].value == value then good = good + 1 end
  end
  solver:remove(edit)
  return good, #plan
end

local function projection(count)
  local solver = Solver.new()
  local scale, offset = Variable.new("scale", 10), Variable.new("offset", 1000)
  local sources, targets = {}, {}
  for i = 1, count do
    sources[i], targets[i] = Variable.new("s" .. i, i), Variable.new("t" .. i, 0)
    solver:add(Stay.new(sources[i], MEDIUM))
    solver:add(Linear.new(sources[i], targets[i], scale, offset, REQUIRED))
  end
  local good = 0
  local edit = solver:add(Edit.new(scale, STRONG))
  local plan = solver:plan({ edit })
  edit.wanted = 5
  execute(plan)
  for i = 1, count do
    if targets[i].value == i * 5 + 1000 then good = good + 1 end
  end
  solver:remove(edit)
  -- now drive one target and let the source follow
  edit = solver:add(Edit.new(targets[count], STRONG))
  plan = solver:plan({ edit })
  edit.wanted = 2050
  execute(plan)
  if sources[count].value == 210 then good = good + 1 end
  solver:remove(edit)
  return good, #plan
end

local function run(n)
  local good, planned = 0, 0
  for i = 1, n do
    local size = 5 + i % 16
    local g, p = chain(size)
    good, planned = good + g, planned + p
    g, p = projection(size)
    good, planned = good + g, planned + p
  end
  return good .. "/" .. planned
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local good = 0
  for i = 1, n do good = good + 20 + 5 + i % 16 + 1 end
  return result:match("^(%d+)/") == string.format("%d", good)
end

return { run = run, check = check }
