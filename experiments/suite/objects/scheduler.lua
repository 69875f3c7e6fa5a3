-- A small operating system simulation: processes of several classes, devices, messages and a priority scheduler.
local known = { [20] = "4360 660 1020 6030 2750", [110] = "23980 3630 5610 33165 15125", [510] = "111180 16830 26010 153765 70125", [4100] = "893800 135300 209100 1236150 563750" }

---------------------------------------------------------------- classes
local function class(parent)
  local c = {}
  c.__index = c
  c.super = parent
  if parent then setmetatable(c, { __index = parent }) end
  c.new = function(...)
    local object = setmetatable({}, c)
    object:init(...)
    return object
  end
  return c
end

---------------------------------------------------------------- queues
local Queue = class()

function Queue:init()
  self.first, self.last = 1, 0
  self.items = {}
end

function Queue:push(item)
  self.last = self.last + 1
  self.items[self.last] = item
end

function Queue:pop()
  if self.first > self.last then return nil end
  local item = self.items[self.first]
  self.items[self.first] = nil
  self.first = self.first + 1
  return item
end

function Queue:isEmpty()
  return self.first > self.last
end

---------------------------------------------------------------- processes
local READY, BLOCKED, FINISHED = "ready", "blocked", "finished"

local Process = class()

function Process:init(kernel, id, priority)
  self.kernel = kernel
  self.id = id
  self.priority = priority
  self.state = READY
  self.ticks = 0
  self.inbox = Queue.new()
end

function Process:step() error("abstract method") end

function Process:run(quantum)
  while quantum > 0 and self.state == READY do
    self.ticks = self.ticks + 1
    quantum = quantum - 1
    self:step()
  end
end

function Process:block() self.state = BLOCKED end

function Process:finish()
  self.state = FINISHED
  self.kernel.alive = self.kernel.alive - 1
end

-- Burns a fixed number of ticks.
local Cruncher = class(Process)

function Cruncher:init(kernel, id, priority, work)
  Process.init(self, kernel, id, priority)
  self.work = work
  self.value = id
end

function Cruncher:step()
  self.value = (self.value * 17 + 3) % 4093
  self.work = self.work - 1
  if self.work == 0 then self:finish() end
end

-- Writes blocks to a device and sleeps while the device works.
local Writer = class(Process)

function Writer:init(kernel, id, priority, blocks, device)
  Process.init(self, kernel, id, priority)
  self.blocks, self.device = blocks, device
end

function Writer:step()
  if self.blocks == 0 then
    self:finish()
    return
  end
  self.blocks = self.blocks - 1
  self.device:request(self)
  self:block()
end

-- Sends messages round to a partner; the partner answers each one.
local Client = class(Process)

function Client:init(kernel, id, priority, requests, server)
  Process.init(self, kernel, id, priority)
  self.requests, self.server, self.answers = requests, server, 0
end

function Client:step()
  local reply = self.inbox:pop()
  if reply then self.answers = self.answers + reply.value end
  if self.requests == 0 then
    self.kernel:send(self.server, { from = self, stop = true })
    self:finish()
  else
    self.kernel:send(self.server, { from = self, value = self.requests })
    self.requests = self.requests - 1
    self:block()
  end
end

local Server = class(Process)

function Server:init(kernel, id, priority, clients)
  Process.init(self, kernel, id, priority)
  self.clients, self.served = clients, 0
end

function Server:step()
  local message = self.inbox:pop()
  if not message then
    self:block()
  elseif message.stop then
    self.clients = self.clients - 1
    if self.clients == 0 then self:finish() end
  else
    self.served = self.served + 1
    message.value = message.value * 2
    self.kernel:send(message.from, message)
  end
end

---------------------------------------------------------------- devices
local Device = class()

function Device:init(latency)
  self.latency, self.waiting, self.current, self.done = latency, Queue.new(), nil, 0
end

function Device:request(process)
  self.waiting:push(process)
end

function Device:tick(kernel)
  if not self.current then
    self.current = self.waiting:pop()
    self.remaining = self.latency
  end
  if self.current then
    self.remaining = self.remaining - 1
    if self.remaining <= 0 then
      self.done = self.done + 1
      kernel:wake(self.current)
      self.current = nil
    end
  end
end

-- A disk whose latency depends on how far the arm has to travel.
local Disk = class(Device)

function Disk:init(latency, tracks)
  Device.init(self, latency)
  self.tracks, self.arm = tracks, 0
end

function Disk:tick(kernel)
  if not self.current and not self.waiting:isEmpty() then
    local target = (self.done * 7) % self.tracks
    self.latency = math.abs(target - self.arm) % 5 + 1
    self.arm = target
  end
  Device.tick(self, kernel)
end

---------------------------------------------------------------- kernel
local Kernel = class()
local LEVELS = 3

function Kernel:init()
  self.ready, self.devices, self.processes = {}, {}, {}
  for level = 1, LEVELS do self.ready[level] = Queue.new() end
  self.alive, self.switches, self.idle, self.messages = 0, 0, 0, 0
end

function Kernel:spawn(kind, priority, ...)
  local process = kind.new(self, #self.processes + 1, priority, ...)
  self.processes[process.id] = process
  self.alive = self.alive + 1
  self.ready[priority]:push(process)
  return process
end

function Kernel:attach(device)
  self.devices[#self.devices + 1] = device
  return device
end

function Kernel:wake(process)
  if process.state == BLOCKED then
    process.state = READY
    self.ready[process.priority]:push(process)
  end
end

function Kernel:send(process, message)
  self.messages = self.messages + 1
  process.inbox:push(message)
  self:wake(process)
end

function Kernel:pick()
  for level = 1, LEVELS do
    local process = self.ready[level]:pop()
    if process then return process end
  end
end

function Kernel:loop()
  while self.alive > 0 do
    local process = self:pick()
    if process then
      self.switches = self.switches + 1
      process:run(4)
      if process.state == READY then
        self.ready[process.priority]:push(process)
      end
    else
      self.idle = self.idle + 1
    end
    for _, device in ipairs(self.devices) do device:tick(self) end
  end
end

---------------------------------------------------------------- program
local function simulate(round)
  local kernel = Kernel.new()
  local printer = kernel:attach(Device.new(3))
  local disk = kernel:attach(Disk.new(1, 40))
  kernel:spawn(Cruncher, 3, 120 + round % 10)
  kernel:spawn(Cruncher, 2, 60)
  kernel:spawn(Writer, 2, 15, disk)
  kernel:spawn(Writer, 1, 10, disk)
  kernel:spawn(Writer, 3, 8, printer)
  local server = kernel:spawn(Server, 1, 3)
  for c = 1, 3 do kernel:spawn(Client, c, 6 + c, server) end
  kernel:loop()
  local ticks, answers = 0, 0
  for _, process in ipairs(kernel.processes) do
    ticks = ticks + process.ticks
    answers = answers + (process.answers or 0)
  end
  return ticks, answers, disk.done + printer.done, kernel.switches, kernel.messages
end

local function run(n)
  local ticks, answers, writes, switches, messages = 0, 0, 0, 0, 0
  for round = 1, n do
    local t, a, w, s, m = simulate(round)
    ticks, answers, writes = ticks + t, answers + a, writes + w
    switches, messages = switches + s, messages + m
  end
  return table.concat({ answers, writes, messages, ticks, switches }, " ")
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  -- client c sends 1..6+c and gets doubles back; every request has an answer, every client one stop
  local answers, messages = 0, 0
  for c = 1, 3 do
    answers = answers + (6 + c) * (7 + c)
    messages = messages + 2 * (6 + c) + 1
  end
  local prefix = string.format("%d %d %d ", n * answers, n * 33, n * messages)
  return result:sub(1, #prefix) == prefix
end

return { run = run, check = check }
