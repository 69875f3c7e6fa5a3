-- Prints many sources, most of them wrong, each with what `load` says: source and message on lines of their own, in
-- hexadecimal digits. `front.rs` compiles the sources and compares the messages.

-- Programs whose tokens are left out, replaced and added to.
local snippets = {
 "local a <const>, b <close> = 1, nil a.b.c = f(x, y)[1] return a + 1",
 "for i = 1 , 10 , 2 do if i == 3 then break elseif x then goto l else f ( ) end ::l:: end",
 "for k , v in pairs ( t ) do local function g ( ... ) return ... end end",
 "function a.b:c ( x , ... ) local t = { 1 , x = 2 , [ 3 ] = 4 ; ... } return self , # t end",
 "while not x do repeat local y = - 1 .. 'a' until y >= 2 and z // 3 ~= 4 or ~ q << 1 end",
 "local x < const > = 5 ; x = 1 do local y y = function ( ) x = 2 end end return ( f ) { } 'a' [[b]]",
 "a , b = b , a ; f ( ) : g ( 1 ) . h = nil ; goto done ; do local z ::done:: end",
}

-- Tokens, and text that is none.
local extra = {
  "and", "break", "do", "else", "end", "false", "for", "function", "goto", "if", "in", "local", "nil", "not",
  "return", "then", "until", "while", "(", ")", "[", "]", "{", "}", "=", "==", "~=", "<", ">", "...", "..", ".", ",",
  ";", ":", "::", "name", "5", "0x", "3.5e", "'s'", "\"un", "'\\q'", "'\\x1'", "'\\300'", "'\\u{110000000000}'",
  "[[x", "[==x", "--[[", "@", "$", "!", "\\", "\1", "\200", "#", "%", "&", "|", "~", "1..2", "1e+", "0xg", "x1",
  "'a\nb'", "'\\u{zz}'", "'\\u123'", "'\\z", "9999999999999999999999", "<const>", "<close>", "<foo>", "::l::",
  "goto", "goto l", "goto nolabel", "1a", "..1"
}

local out = {}
local seen = {}
local function add(s) if not seen[s] then seen[s]=true out[#out+1]=s end end
for _, s in ipairs(snippets) do
  local toks = {} for t in s:gmatch("%S+") do toks[#toks+1]=t end
  for i = 1, #toks + 1 do
    local pre, post = table.concat(toks, " ", 1, i-1), table.concat(toks, " ", i+1)
    add(pre .. "\n" .. post)
    add(pre)
    for _, e in ipairs(extra) do
      add(pre .. " " .. e .. " " .. post)
      add(pre .. "\n" .. e .. "\n" .. (toks[i] or "") .. " " .. post)
    end
  end
end
for _, s in ipairs {
  "x = '" .. ("a"):rep(100) .. "\n", "x = " .. ("a"):rep(100) .. " y", "x = [[" .. ("a\n"):rep(50) .. "]] y",
  "x = '" .. ("a"):rep(100) .. "' y",
  "x = 12345678901234567890123456789012345678901234567890123456789012345678901234567890 y",
  "x = [=[\r\n\r\n]=] = ", "x=\"\\\r\n\" y", "--[==[\n\n]=]", "x='\\\n", "x='\\", "x='\0' y", "\0", "x = \0",
  "x\0 = 1 +", "goto l; local a ::l:: print(a)", "do goto l end; local a ::l:: ; ",
  "do goto l end; local a ::l:: ::k:: ;;",
  "::a:: ::a::", "::a:: do ::a:: end", "do ::a:: end ::a:: function f() ::a:: end",
  "goto continue; local x; ::continue:: x = 1", "repeat goto c; local z; ::c:: until z",
  "repeat local z; if q then goto c end ::c:: until z", "while 1 do goto x end local y ::x:: f()",
  "break", "if x then break end", "function f() break end", "while x do function f() break end end",
  "local x <const> = 1; x = x + 1", "local x <close> = nil; x = 2", "local x <const> = 1; function x() end",
  "local x <const> = 1; function x.y() end", "local x <const> = f(); local function g() x = 1 end",
  "local a <close>, b <close> = 1, 2", "local a <foo> = 1", "local a <const = 1", "local a < > = 1",
  "function f() return ... end", "function f(...) return function() return ... end end", "function f(...,a) end",
  "function f(a,) end", "function f(a b) end", "local function f.x() end", "local function f:x() end",
  "function f:x.y() end", "function f[1]() end", "f() = 1", "(a) = 1", "a.b:c = 1", "a:b", "a", "a.b", "1", "'x'",
  "'x':y()", "{}.x = 1", "({}).x = 1", "f{}.x = 1", "f'x'.y = 2", "return return", "return 1 2", "return; x = 1",
  "x = }", "x = {1,,2}", "x = {,}", "x = {1 2}", "x = {[1] 2}", "x = {[1 = 2}", "x = {a = }", "x = {a.b = 1}",
  "x = f(1,)", "x = f(,1)", "x = f(1 2)", "x = a.1", "x = a.", "x = a:", "x = a:b", "x = a:1()", "x = a[]",
  "x = a[1", "x = 1 .. 2 ..", "x = not", "x = - ", "x = #", "x = 1 + * 2", "x = (1", "x = (1,2)", "x = ()",
  "for i do end", "for i = 1 do end", "for i = 1, 2, 3, 4 do end", "for 1 = 1, 2 do end", "for i, = 1 do end",
  "for i, j = 1, 2 do end", "for i in do end", "for i in x, do end", "for i in x then end", "if x do end",
  "if then end", "if x then elseif end", "if x then else elseif y then end", "while x then end", "while do end",
  "repeat until", "repeat end", "repeat x = 1", "do", "function", "function f", "function f(", "function f()",
  "x = function f() end", "local", "local 1", "local a,", "local a = ", "local a b", "local function",
  "local function 1() end", "goto", "goto 1", "goto x", "::", "::1::", "::a", "::a:", ":: a ::", "x == 1", "x + 1",
  "x, y", "x, y = ", "x, 1 = 1", "x, f() = 1", "x, (y) = 1", "local x <const> = {}; x.y = 1; x = 2",
  "local _ENV <const> = {}; x = 1; _ENV = 2", "a = 0x.p1 b = 0x1p", "a = 0xep+ 1", "a = 3in 4", "a = 0x3for",
  "a = 1..2", "a = 1.2.3", "a = 1e", "a = 0x", "a = 08 a = 1_000", "x = \"\\xZZ\"", "x = \"\\x4\"", "x = \"\\u{}\"",
  "x = \"\\u{110000}\"", "x='\\u{80000000}'", "x='\\u{7fffffff\"'", "x='\\u{7f'", "x = '\\256'", "x='\\25a\\2569'",
  "x='\\*'", "x='abc\\z \n  \\q'", "x = 'a\\\nb\\q'", "x='\\", "x='abc\\0\\q'",
  ("("):rep(250), ("{"):rep(250), ("a("):rep(250), ("x = "..("("):rep(180).."1"..(")"):rep(180)),
  "x = " .. ("-"):rep(250) .. "1", "x = " .. ("not "):rep(250) .. "1", "x = "..("2^"):rep(250).."1",
  "x = "..("a.."):rep(250).."a", ("do "):rep(250), ("while 1 do "):rep(250), ("if x then "):rep(250),
  ("for i=1,2 do "):rep(250), ("repeat "):rep(250), ("function f() "):rep(250), ("x = function() "):rep(250),
  ("f[f"):rep(250), ("a,"):rep(250).."a = 1", "local a = {" .. ("{"):rep(190) .. ("}"):rep(190) .. "}",
  ("::a%d:: "):rep(3), "x = a" .. (".b"):rep(300) .. ".",
 } do add(s) end
local function L(n, f) local t = {} for i=1,n do t[i]=f(i) end return table.concat(t) end
add("local a1 " .. L(220, function(i) return "local b"..i.." " end))
add(L(220, function(i) return "local b"..i.." = 1\n" end))
add("local function f() " .. L(220, function(i) return "local b"..i.." " end) .. " end")
add("for i=1,2 do " .. L(199, function(i) return "local b"..i.." " end) .. " end")
add(L(200, function(i) return "local b"..i.." " end) .. " for i=1,2 do end")
add(L(198, function(i) return "local b"..i.." " end) .. " for k,v in f do end")
add("function f(" .. L(250, function(i) return "b"..i.."," end) .. "c) end")
  add(L(150, function(i) return "local b"..i.." " end).."function f() " ..
  L(150, function(i) return "local c"..i.." " end) .. " function g() " .. L(150, function(i) return "x=b"..i.."\n" end).. L(150, function(i) return "x=c"..i.."\n" end))
add("goto l1 " .. L(300, function(i) return "local x"..i.." = " .. i .. " " end) .. "::l1::")

local function hexadecimal(s)
  return (s:gsub("[%z\1-\255]", function(c) return ("%02x"):format(c:byte()) end))
end

for _, s in ipairs(out) do
  -- Protected, so that the interpreter's message handler adds no traceback.
  local _, f, m = pcall(load, s, "=c")
  print(hexadecimal(s))
  print(hexadecimal(m or "compiles"))
end
