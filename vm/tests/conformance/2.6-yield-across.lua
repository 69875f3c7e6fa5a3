-- § 2.6: a yield inside of metamethods, iterators and to-be-closed variables.
local s = dofile "tests/conformance/lib/show.lua"
local list = s.list
local yield = coroutine.yield

local function drive(label, f)
  local co = coroutine.create(f)
  local out, value = {}, nil
  repeat
    local results = table.pack(coroutine.resume(co, value))
    out[#out + 1] = list(table.unpack(results, 1, results.n))
    value = results[2]
    if type(value) == "string" then value = value .. "!" end
  until coroutine.status(co) == "dead" or #out > 20
  print(label, table.concat(out, " | "))
end

local meta = {}
for _, event in ipairs { "add", "sub", "mul", "div", "mod", "pow", "idiv", "unm", "band", "bor", "bxor", "shl", "shr", "bnot", "concat", "len", "index", "call" } do
  meta["__" .. event] = function(...) return yield(event), select("#", ...) end
end
for _, event in ipairs { "eq", "lt", "le" } do meta["__" .. event] = function() return yield(event) end end
meta.__newindex = function(o, k, v) rawset(o, k, yield "newindex") end
local function new() return setmetatable({}, meta) end
local a, b = new(), new()

drive("add", function() return a + 1 end) drive("sub", function() return 1 - a end) drive("mul", function() return a * b end) drive("div", function() local x = a / 2 return x end)
drive("mod", function() return a % 2, "after" end) drive("pow", function() return 2 ^ a end) drive("idiv", function() return a // 1 end) drive("unm", function() return -a end)
drive("band", function() return a & 1 end) drive("bor", function() return 1 | a end) drive("bxor", function() return a ~ b end) drive("shl", function() return a << 1 end) drive("shr", function() return 1 >> a end) drive("bnot", function() return ~a end)
drive("concat", function() return a .. "x" end) drive("concat chain", function() return "1" .. "2" .. a .. "3" .. "4" end) drive("concat two", function() return a .. b .. a end) drive("len", function() return #a end)
drive("index", function() return a.field end) drive("index integer", function() return a[1] end) drive("index computed", function(k) return a[k] end) drive("method", function() return a:m() end) drive("call", function() return a(1, 2) end) drive("call tail", function() local x = a() return x end)
drive("newindex", function() local o = new() o.x = 1 return rawget(o, "x") end) drive("newindex integer", function() local o = new() o[1] = 1 return rawget(o, 1) end)
drive("eq", function() return a == b end) drive("ne", function() return a ~= b end) drive("lt", function() return a < b end) drive("le", function() return a <= b end) drive("gt", function() return a > 1 end) drive("ge", function() return 1 >= a end)
drive("if lt", function() if a < b then return "yes" else return "no" end end) drive("if not eq", function() if not (a == b) then return "yes" else return "no" end end) drive("while", function() local n = 0 while a < b do n = n + 1 if n == 2 then break end end return n end)
drive("and or", function() return a < b and "yes" or "no" end) drive("two", function() return a + 1 == b .. "x", a < 1 end) drive("argument", function() return math.max(#a and 1, 2) end) drive("constructor", function() return #{ a + 1, a.x, a() } end)
drive("through index table", function() return setmetatable({}, { __index = a }).deep end)
drive("iterator", function() local out = {} for k in function(_, k) k = (k or 0) + 1 if k < 4 then yield("step " .. k) return k end end do out[#out + 1] = k end return table.concat(out) end)
drive("callable iterator", function() for k in a do return k end end)
drive("pairs", function() local n = 0 for k, v in pairs(setmetatable({}, { __pairs = function(o) yield "pairs" return next, { 1, 2 } end })) do n = n + v end return n end)
drive("close", function() do local c <close> = setmetatable({}, { __close = function() yield "closing" end }) yield "in block" end return "after" end)
drive("close at return", function() local c <close> = setmetatable({}, { __close = function() yield "closing" end }) return "returned", 2 end)
drive("close at error", function() local c <close> = setmetatable({}, { __close = function(_, e) yield("closing " .. tostring(e)) end }) error("e", 0) end)
drive("close in pcall", function() return pcall(function() local c <close> = setmetatable({}, { __close = function() yield "closing" end }) error("e", 0) end) end)
drive("close at break", function() for i = 1, 2 do local c <close> = setmetatable({}, { __close = function() yield("closing " .. i) end }) if i == 2 then break end end return "out" end)
drive("close of loop", function() for i in function(_, i) i = (i or 0) + 1 if i < 3 then return i end end, nil, nil, setmetatable({}, { __close = function() yield "loop closed" end }) do yield(i) end return "out" end)
drive("error after yield in metamethod", function() return pcall(function() return setmetatable({}, { __add = function() yield "before" error("boom", 0) end }) + 1 end) end)
drive("metamethod in pcall", function() return pcall(function() return a + 1 end) end)
drive("metamethod as function of pcall", function() return pcall(meta.__add, a, 1) end)
drive("dofile and require are natives", function() return select("#", pcall(require, "no.such.module")) end)
