-- Writes what PUC-Rio Lua 5.4 does with generated patterns and formats: the facts that the unit tests of `text`
-- compare against. Run in this directory: lua5.4 generate.lua

math.randomseed(20240229, 5)

local function escape(s)
  return (s:gsub("[^%w%p ]", function(c) return ("\\%02x"):format(c:byte()) end):gsub("|", "\\7c"))
end

local function hide(s) return escape((s:gsub("\\", "\\5c"))) end

local function pick(list) return list[math.random(#list)] end

local function render(ok, ...)
  if not ok then return "!" .. hide((...)) end
  local parts = table.pack(...)
  for i = 1, parts.n do
    local v = parts[i]
    parts[i] = type(v) == "string" and '"' .. hide(v) or tostring(v)
  end
  return table.concat(parts, "|")
end

local bytes = { "a", "a", "b", "c", "1", " ", ",", "(", ")", "\0", "\xe9", "_", "A" }
local singles = { "a", "b", "c", "a", ".", ".", "%a", "%d", "%s", "%w", "%W", "%p", "%A", "%(", "%%", "[ab]", "[^a]",
  "[a-c]", "[%d_]", "[^%s,]", "[]a]", "[^]]", "[a-]", "[%a-z]", "1", ",", "\0", "%z", "\xe9", "[\x80-\xff]", "[b-a]" }
local suffixes = { "", "", "", "", "*", "+", "-", "?" }
local odd = { "(", ")", "%", "[", "[^", "%f", "%b", "%1", "%2", "%0", "$", "^", "*", "-", "]", "[a", "[%", "%ba" }

local function subject()
  local s = {}
  for i = 1, math.random(0, 14) do s[i] = pick(bytes) end
  return table.concat(s)
end

local function pattern()
  local p, open, closed = {}, 0, 0
  if math.random(6) == 1 then p[1] = "^" end
  for _ = 1, math.random(0, 6) do
    local kind = math.random(20)
    if kind <= 12 then p[#p + 1] = pick(singles) .. pick(suffixes)
    elseif kind <= 14 then p[#p + 1] = "(" ; open = open + 1
    elseif kind <= 16 and open > closed then p[#p + 1] = ")" ; closed = closed + 1
    elseif kind == 17 then p[#p + 1] = pick { "%b()", "%bab", "%baa", "%f[a]", "%f[%w]", "%f[^%w]", "%f[\0]", "()" }
    elseif kind == 18 and closed > 0 then p[#p + 1] = "%1"
    elseif kind == 19 and math.random(3) == 1 then p[#p + 1] = pick(odd)
    else p[#p + 1] = pick(singles) end
  end
  if math.random(12) > 1 then p[#p + 1] = (")"):rep(open - closed) end
  if math.random(6) == 1 then p[#p + 1] = "$" end
  return table.concat(p)
end

local out = assert(io.open("pattern.txt", "w"))
for _ = 1, 1000 do
  local s, p = subject(), pattern()
  local init = math.random(#s + 1)
  -- A pattern without special characters is searched for plainly; the bracket keeps it a pattern.
  if not p:find("[%^%$%*%+%?%.%(%[%%%-]") then p = p .. "[^\1]?" end
  out:write("match|", hide(s), "|", hide(p), "|", init, "|=", render(pcall(string.match, s, p, init)), "\n")
  out:write("gsub|", hide(s), "|", hide(p), "|0|=", render(pcall(string.gsub, s, p, "<%0>")), "\n")
end
out:close()

out = assert(io.open("format.txt", "w"))
local floats = { 0.0, -0.0, 1.0, -1.0, 0.5, 1.5, 2.5, 0.125, 0.375, 1e15, 1e16, 1e17, 123456.789, 1e-5, 1e-4, 1e100,
  5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1 / 3, 2 / 3, 0.1, 0.7, 9.5, 99.5, 999999.5, 9.9999995,
  1e22, 1e23, 0x1.8p0, 0x1.ffffffp10, math.pi, -math.pi, 12345.0, 0x1p-1060, 1 / 0, -1 / 0, 0 / 0, 1e5, 123456.0 }
local ints = { 0, 1, -1, 7, 8, 9, 10, 99, 100, 255, 256, -255, 12345, -98765, math.maxinteger, math.mininteger }
local function modifiers(flags, precise)
  local f = ""
  for c in flags:gmatch "." do if math.random(4) == 1 then f = f .. c end end
  if math.random(2) == 1 then f = f .. math.random(1, 30) end
  if precise and math.random(2) == 1 then f = f .. "." .. pick { "", "0", "1", "2", "3", "5", "10", "14", "17", "25" } end
  return f
end
for _ = 1, 900 do
  local conversion = pick { "d", "i", "u", "o", "x", "X", "a", "A", "e", "E", "f", "f", "g", "g", "G" }
  local flags = conversion:find "[di]" and "-+0 " or conversion == "u" and "-0" or conversion:find "[oxX]" and "-#0" or "-+ #0"
  local value = conversion:find "[diuoxX]" and pick(ints) or pick(floats)
  if math.type(value) == "float" and math.random(3) == 1 then
    value = (math.random() - 0.5) * 10.0 ^ math.random(-20, 20)
  end
  if math.random(30) == 1 then flags = "-+ #0" end
  local f = "%" .. modifiers(flags, true) .. conversion
  -- glibc 2.36 drops digits of "%#g" when rounding carries into a new digit; the C standard keeps them.
  if f:find "#.*[gG]" and (("%.25e"):format(value):find "9%.[59]" or value == 99.5) then value = 1.5 end
  local exact = math.type(value) == "integer" and ("%d"):format(value) or ("%016x"):format((("<I8"):unpack(("<d"):pack(value))))
  out:write(math.type(value), "|", exact, "|", f, "|=", render(pcall(string.format, f, value)), "\n")
end
for _ = 1, 300 do
  local value = pick { pick(floats), (math.random() - 0.5) * 10.0 ^ math.random(-320, 300), math.random() * 2.0 ^ math.random(0, 60) // 1 }
  local exact = ("%016x"):format((("<I8"):unpack(("<d"):pack(value))))
  out:write("tostring|", exact, "||=", render(pcall(tostring, value)), "\n")
end
out:close()
