-- Debian's small modules in one program: ansicolors, basexx, binaryheap, coxpcall, fifo, inifile, mediator, say.
local show = require "show"

local colors = require "ansicolors"
show((colors "%{red bright}hi%{reset} %{underline}u"):gsub("\27", "ESC"), (colors.noReset "%{bluebg}x"):gsub("\27", "ESC"), (colors "plain"):gsub("\27", "ESC"), pcall(colors, "%{unknown}"))

local basexx = require "basexx"
for _, text in ipairs { "", "f", "fo", "foo", "foob", "hello world", "\0\255\128" } do
  for _, name in ipairs { "bit", "hex", "base32", "crockford", "base64", "url64", "z85" } do
    local ok, encoded = pcall(basexx["to_" .. name], text)
    local back = ok and encoded and select(2, pcall(basexx["from_" .. name], encoded))
    show(name, encoded, back == text)
  end
end
show(basexx.from_hex "4x", basexx.from_base64 "a*b", basexx.from_base32("MZXW-6===", "-="), basexx.from_crockford "oil", basexx.from_bit "0110oO0i", basexx.from_url64 "_-8", basexx.from_base64("Zm 9v", " "))

local heap = require "binaryheap"
for _, kind in ipairs { "minHeap", "maxHeap" } do
  local h = heap[kind]()
  for i = 1, 30 do h:insert(i * 37 % 31) end
  local out = {}
  while h:size() > 0 do out[#out + 1] = h:pop() end
  show(kind, table.concat(out, " "), h:peek(), h:pop())
end
for _, kind in ipairs { "minUnique", "maxUnique" } do
  local h = heap[kind]()
  for i, name in ipairs { "five", "one", "nine", "three" } do h:insert(({ 5, 1, 9, 3 })[i], name) end
  h:update("five", 0.5)
  show(kind, h:peek(), h:peekValue(), h:valueByPayload "nine", h:remove "nine", h:size(), h:pop())
  show(pcall(h.insert, h, 4, "one"), pcall(h.update, h, "nobody", 1))
end
show.call(heap.minHeap(function(a, b) return #a < #b end).insert, nil)

local cox = require "coxpcall"
local co = coroutine.wrap(function() return cox.pcall(function(a) local b = coroutine.yield(a + 1) error("after " .. b, 0) end, 1) end)
show(co(), co "resume") show(cox.xpcall(function() error "x" end, function(m) return "handled " .. tostring(m):gsub("^.-: ", "") end)) show(cox.running and type(cox.running()))

local fifo = require "fifo"
local q = fifo(1, 2, 3)
q:push(4) q:insert(2, "in")
show(q:pop(), q:peek(), q:peek(2), q:length(), #q, q:remove(2), q:pop(), q:pop(), q:pop())
show(pcall(q.pop, q))
q:setempty(function() return "nothing" end)
show(q:pop())

local ini = require "inifile"
local name = os.tmpname()
local file = assert(io.open(name, "w"))
file:write "; comment\n[one]\nname = value\nflag = true\nnumber=12\n\n[two]\nx=1.5\ny = off\n"
file:close()
local settings = ini.parse(name)
show(settings, settings.one.number, math.type(settings.two.x))
settings.two.z = "new"
ini.save(name, settings)
collectgarbage() -- which closes the file
for line in io.lines(name) do show(line) end
os.remove(name)
show(pcall(ini.parse, "/no/such/file") == false)
show(ini.parse("[s]\nk=v\n", "memory"))

local mediator = require "mediator"()
local heard = {}
local first = mediator:subscribe({ "car", "start" }, function(...) heard[#heard + 1] = { "start", ... } return "result", true end)
mediator:subscribe({ "car" }, function(...) heard[#heard + 1] = { "car", ... } end, { predicate = function(x) return x ~= 2 end })
mediator:subscribe({ "car", "start" }, function() heard[#heard + 1] = "first" return nil, true end, { priority = 1 })
mediator:publish({ "car", "start" }, 1) mediator:publish({ "car", "start" }, 2) mediator:publish({ "car", "stop" }, 3)
show(heard, mediator:publish({ "car", "start" }, 4))
show(mediator:getSubscriber(first.id, { "car", "start" }) == first, mediator:removeSubscriber(first.id, { "car", "start" }) == first, mediator:getChannel { "car" }.namespace)

local say = require "say"
say:set_namespace "en"
say:set("greeting", "Hello %s, %d times") say:set_namespace "de" say:set("greeting", "Hallo %s") say:set_namespace "en"
show(say("greeting", { "you", 2 }), say "missing", pcall(say, "greeting", { "you", "many" }))
say:set_fallback "de" say:set_namespace "fr"
show(say("greeting", { "ihr" }))
