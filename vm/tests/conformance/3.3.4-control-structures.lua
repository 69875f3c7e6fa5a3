-- § 3.3.4: while, repeat, if, break, goto and labels.
local s = dofile "tests/conformance/lib/show.lua"
local list, try, run = s.list, s.try, s.run

for _, source in ipairs {
  "if true then return 1 end", "if false then return 1 end return 2", "if nil then return 1 else return 2 end", "if false then return 1 elseif true then return 2 else return 3 end", "if false then elseif nil then else return 4 end", "if 0 then return 'zero' end", "if '' then return 'empty' end", "if ... then return 'vararg' end return 'none'",
  "if not nil and (false or 1) then return 5 end", "local x = 5 if x > 3 and x < 10 then return 'between' end", "local x if x == nil then return 'nil' end", "if true then else return 1 end return 2", "if then end", "if true return 1 end", "if true then", "if true then else elseif true then end", "if true then else else end", "else end", "if true then end end", "elseif",
  "local n = 0 while n < 5 do n = n + 1 end return n", "while false do return 1 end return 2", "while nil do end return 3", "local n = 0 while true do n = n + 1 if n > 3 then break end end return n", "while true do return 'returned' end", "while true do break break end", "while 1 do", "while do end", "local n = 0 while n < 3 do n = n + 1 local n = 10 end return n", "local i = 0 while i < 10 do i = i + 1 while true do break end end return i",
  "local n = 0 repeat n = n + 1 until n == 5 return n", "repeat until true return 1", "repeat local x = 1 until x return x", "repeat return 'in' until false", "repeat break until false return 'broken'", "local n = 0 repeat n = n + 1 if n == 2 then break end until n > 5 return n", "repeat", "repeat until", "repeat end until true", "local n = 0 repeat local f = function() return n end n = n + 1 until f() == 3 return n", "local i = 0 repeat local x = i i = i + 1 until (function() return x end)() >= 3 return i",
  "for i = 1, 3 do if i == 2 then break end x = i end return x", "for i = 1, 2 do for j = 1, 2 do if j == 2 then break end io.write(i, j, ' ') end end return 'done'", "break", "do break end", "function f() break end", "while true do local function f() break end end", "repeat if true then break end until nil return 'ok'",
  "goto done do return 1 end ::done:: return 2", "do goto l1 end ::l1:: return 1", "goto l1 local a ::l1:: return a", "goto l1 local a ::l1:: ::l2::", "goto l1 local a ::l1:: ; ", "goto l1 local a ::l1:: a = 1", "do goto l1 local a ::l1:: end return 'end of block'", "do goto l1 local a ::l1:: ;;; end return 'end of block'", "repeat goto c local x ::c:: until x", "repeat goto c local x ::c:: until true return 'fine'",
  "goto nope", "do ::l1:: end goto l1", "goto l1 do ::l1:: end", "::a:: ::a::", "::a:: do ::a:: end return 'nested'", "do ::a:: end ::a:: return 'sequence'", "::a:: local function f() ::a:: end return 'function'", "goto f local function g() ::f:: end", "local function g() goto up end ::up::", "::a", "::a:", "a::", "::1::", "goto", "goto 1", "goto a.b", "::a:: return 'label then return'", "return 1 ::a::",
  "local i = 1 ::top:: if i < 5 then i = i + 1 goto top end return i", "for i = 1, 3 do for j = 1, 3 do if j == 2 then goto continue end io.write(i, j, ' ') ::continue:: end end return ''", "local i = 0 while i < 5 do i = i + 1 if i % 2 == 0 then goto next end io.write(i, ' ') ::next:: end return ''", "for i = 1, 10 do for j = 1, 10 do if i * j == 42 then x = i goto out end end end ::out:: return x",
  "local n = 0 repeat n = n + 1 if n < 3 then goto continue end if n == 3 then break end ::continue:: until false return n", "do local k = 0 ::a:: k = k + 1 if k < 3 then goto a else goto b end ::b:: return k end", "local t = {} do local i = 1 ::l:: local x = i t[i] = function() x = x + 1 return x end i = i + 1 if i < 4 then goto l end end return t[1](), t[1](), t[2](), t[3]()", "goto a ::b:: do return 'b' end ::a:: goto b",
  "break = 1", "local goto = 1", "while true do ::continue:: break end return 1", "if true then goto e end do return 'no' end ::e:: return 'yes'", "if false then ::inside:: end goto inside",
  "while true do goto out end ::out:: return 'out'", "local x = 1 do local y = 2 goto l1 local z = 3 ::l1:: end return x", "::l1:: do local x goto l1e end do return end ::l1e:: return 'r'",
} do
  run(source)
end

print "-- conditions of every form"
local function classify(x, y)
  local out = {}
  local function add(v) out[#out + 1] = tostring(v) end
  if x then add "x" else add "-" end
  if not x then add "nx" end
  if x and y then add "and" end
  if x or y then add "or" end
  if not (x and y) then add "nand" end
  if not (x or y) then add "nor" end
  if x == y then add "eq" elseif x and not y then add "only x" elseif y and not x then add "only y" else add "different" end
  if (x and 1 or 2) == 1 then add "one" else add "two" end
  if x and (y or x) and not (not x) then add "deep" end
  local r = x and y or not x and not y
  add(r)
  local n = 0
  while not (n >= 2 and (x or not y)) do n = n + 1 if n > 3 then break end end
  add(n)
  repeat local z = x and y or x n = n - 1 until z or n < 0
  add(n)
  return table.concat(out, " ")
end
for _, x in ipairs { 1, true, "", 0, false } do for _, y in ipairs { false, 1, true, "" } do print(s.show(x), s.show(y), classify(x, y)) end print(s.show(x), "nil", classify(x, nil), classify(nil, x)) end

print "-- long jumps"
do
  local body = {}
  for i = 1, 3000 do body[i] = "x = x + " .. i .. " if x < 0 then y = {} end" end
  local f = load("local x, y = 0 for i = 1, 2 do if i == 1 then " .. table.concat(body, "\n") .. " else x = x * 2 end end while x > 0 do " .. table.concat(body, "\n", 1, 2000) .. " break end return x")
  print(f())
end
