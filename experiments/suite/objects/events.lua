-- Discrete-event simulation of a bank: event objects with callbacks, a sorted agenda and customer statistics.
local known = { [1200] = "2400 1200 Ada493+4496 Bob340+4295 Cyd367+3158 w905 l5", [6600] = "13200 6600 Ada2658+24979 Bob1913+24021 Cyd2029+17686 w5891 l7", [51000] = "102000 51000 Ada20339+193280 Bob14897+185707 Cyd15764+137584 w50029 l7", [490000] = "980000 490000 Ada195536+1858227 Bob143362+1790148 Cyd151102+1322734 w505093 l9" }

local Random = {}
Random.__index = Random
function Random.new(seed) return setmetatable({ state = seed }, Random) end
function Random:integer(limit)
  self.state = (self.state * 48271) % 2147483647
  return self.state % limit
end

---------------------------------------------------------------- agenda (linked list sorted by time)
local Agenda = {}
Agenda.__index = Agenda

function Agenda.new()
  return setmetatable({ now = 0, head = nil, executed = 0 }, Agenda)
end

function Agenda:schedule(delay, receiver, method, argument)
  local event = { time = self.now + delay, receiver = receiver, method = method, argument = argument }
  local node, previous = self.head, nil
  while node and node.time <= event.time do
    previous, node = node, node.next
  end
  event.next = node
  if previous then previous.next = event else self.head = event end
end

function Agenda:run()
  while self.head do
    local event = self.head
    self.head = event.next
    self.now = event.time
    self.executed = self.executed + 1
    event.receiver[event.method](event.receiver, event.argument)
  end
end

---------------------------------------------------------------- the bank
local Teller = {}
Teller.__index = Teller
function Teller.new(name, slowness) return setmetatable({ name = name, slowness = slowness, busy = false, served = 0, worked = 0 }, Teller) end
function Teller:duration(customer) return self.slowness + customer.errand end

-- An expert inherits from Teller and handles long errands quickly.
local Expert = setmetatable({}, { __index = Teller })
Expert.__index = Expert
function Expert.new(name, slowness) return setmetatable(Teller.new(name, slowness), Expert) end
function Expert:duration(customer)
  local usual = Teller.duration(self, customer)
  return usual > 10 and 10 or usual
end

local Bank = {}
Bank.__index = Bank

function Bank.new(agenda, random, expected)
  local bank = setmetatable({ agenda = agenda, random = random, expected = expected }, Bank)
  bank.tellers = { Teller.new("Ada", 4), Teller.new("Bob", 7), Expert.new("Cyd", 5) }
  bank.line, bank.front, bank.back = {}, 1, 0
  bank.arrived, bank.served, bank.waited, bank.longest = 0, 0, 0, 0
  return bank
end

function Bank:arrive()
  self.arrived = self.arrived + 1
  local customer = { number = self.arrived, errand = self.random:integer(12), since = self.agenda.now }
  self.back = self.back + 1
  self.line[self.back] = customer
  local length = self.back - self.front + 1
  if length > self.longest then self.longest = length end
  if self.arrived < self.expected then
    self.agenda:schedule(1 + self.random:integer(8), self, "arrive")
  end
  self:serve()
end

function Bank:serve()
  for _, teller in ipairs(self.tellers) do
    if not teller.busy and self.front <= self.back then
      local customer = self.line[self.front]
      self.line[self.front] = nil
      self.front = self.front + 1
      teller.busy = true
      self.waited = self.waited + self.agenda.now - customer.since
      local duration = teller:duration(customer)
      teller.worked = teller.worked + duration
      self.agenda:schedule(duration, self, "leave", teller)
    end
  end
end

function Bank:leave(teller)
  teller.busy = false
  teller.served = teller.served + 1
  self.served = self.served + 1
  self:serve()
end

local function run(n)
  local agenda = Agenda.new()
  local bank = Bank.new(agenda, Random.new(11), n)
  agenda:schedule(0, bank, "arrive")
  agenda:run()
  local parts = { agenda.executed, bank.served }
  for _, teller in ipairs(bank.tellers) do
    parts[#parts + 1] = teller.name .. teller.served .. "+" .. teller.worked
  end
  parts[#parts + 1] = "w" .. bank.waited
  parts[#parts + 1] = "l" .. bank.longest
  return table.concat(parts, " ")
end

local function check(n, result)
  if known[n] ~= nil and known[n] ~= result then return false end
  local executed, served, a, b, c = result:match("^(%d+) (%d+) Ada(%d+)%+%d+ Bob(%d+)%+%d+ Cyd(%d+)%+%d+ w")
  return executed ~= nil and tonumber(executed) == 2 * n and tonumber(served) == n
    and tonumber(a) + tonumber(b) + tonumber(c) == n
end

return { run = run, check = check }
